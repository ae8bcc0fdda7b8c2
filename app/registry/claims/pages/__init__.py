"""Pages of claims: the person's, the enterprise's and the desk's."""

from app.registry.claims.pages.asking import referral_pages
from app.registry.claims.pages.claiming import claim_pages, my_claims_panel
from app.registry.claims.pages.desk import claim_desk

__all__ = ["claim_desk", "claim_pages", "my_claims_panel", "referral_pages"]
