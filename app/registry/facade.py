"""What other modules may ask of the registry."""

from app.registry.service import register_project

__all__ = ["register_project"]
