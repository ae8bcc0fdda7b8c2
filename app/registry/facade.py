"""What other modules may ask of the registry."""

from app.registry.domain import AddressKind, EnterpriseKind, Source, Verification
from app.registry.queries import (
    EnterpriseCard,
    ProjectCard,
    enterprise_by_tax_code,
    enterprise_card,
    project_card,
)
from app.registry.service import (
    EnterpriseInvalid,
    TaxCodeTaken,
    register_enterprise,
    register_project,
    take_over_enterprise,
)

__all__ = [
    "AddressKind",
    "EnterpriseCard",
    "EnterpriseInvalid",
    "EnterpriseKind",
    "ProjectCard",
    "Source",
    "TaxCodeTaken",
    "Verification",
    "enterprise_by_tax_code",
    "enterprise_card",
    "project_card",
    "register_enterprise",
    "register_project",
    "take_over_enterprise",
]
