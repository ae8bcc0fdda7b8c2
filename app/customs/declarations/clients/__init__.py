"""The port to the customs authority, and what stands behind it."""

from app.customs.declarations.clients.gateway import (
    CustomsGateway,
    GatewayDown,
    GatewayMissing,
    GatewayRefused,
    HttpGateway,
    gateway_of,
)

__all__ = ["CustomsGateway", "GatewayDown", "GatewayMissing", "GatewayRefused", "HttpGateway", "gateway_of"]
