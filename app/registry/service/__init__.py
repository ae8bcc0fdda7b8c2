"""Writing the registry: one verb each, keyword-only, never committing."""

from app.registry.service.enterprises import (
    EnterpriseInvalid,
    TaxCodeTaken,
    register_enterprise,
    take_over_enterprise,
)
from app.registry.service.projects import register_project, update_project

__all__ = [
    "EnterpriseInvalid",
    "TaxCodeTaken",
    "register_enterprise",
    "register_project",
    "take_over_enterprise",
    "update_project",
]
