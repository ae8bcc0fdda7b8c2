"""What other modules may ask of the registry."""

from app.registry.domain import AddressKind, EnterpriseKind, Source, Verification
from app.registry.queries import (
    EnterpriseCard,
    ProjectCard,
    enterprise_by_tax_code,
    enterprise_card,
    project_by_code,
    project_card,
    project_cards,
)
from app.registry.service import (
    EnterpriseInvalid,
    TaxCodeTaken,
    register_enterprise,
    register_project,
    take_over_enterprise,
    update_project,
)
from app.registry.sites.domain import AnnouncedSite, read_map
from app.registry.sites.queries import Hit, Position, areas_at, current_map, hectares, position, shapes, sites
from app.registry.sites.service import keep_place, load_map

__all__ = [
    "AddressKind",
    "AnnouncedSite",
    "EnterpriseCard",
    "EnterpriseInvalid",
    "EnterpriseKind",
    "Hit",
    "Position",
    "ProjectCard",
    "Source",
    "TaxCodeTaken",
    "Verification",
    "areas_at",
    "current_map",
    "enterprise_by_tax_code",
    "enterprise_card",
    "hectares",
    "keep_place",
    "load_map",
    "position",
    "project_by_code",
    "project_card",
    "project_cards",
    "read_map",
    "register_enterprise",
    "register_project",
    "shapes",
    "sites",
    "take_over_enterprise",
    "update_project",
]
