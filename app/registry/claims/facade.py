"""What others may ask about requests to act for an enterprise."""

from app.registry.claims.service import ClaimDue, claims_due, erase_claims

__all__ = ["ClaimDue", "claims_due", "erase_claims"]
