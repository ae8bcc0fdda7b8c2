"""The read side of the registry."""

from app.registry.queries.cards import (
    EnterpriseCard,
    ProjectCard,
    enterprise_by_tax_code,
    enterprise_card,
    enterprise_tax_code,
    head_office,
    project_by_code,
    project_card,
    project_cards,
)
from app.registry.queries.codes import CodeLine, codes_of_day, version_of_day

__all__ = [
    "CodeLine",
    "EnterpriseCard",
    "ProjectCard",
    "codes_of_day",
    "enterprise_by_tax_code",
    "enterprise_card",
    "enterprise_tax_code",
    "head_office",
    "project_by_code",
    "project_card",
    "project_cards",
    "version_of_day",
]
