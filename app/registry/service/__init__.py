"""Writing the registry: one verb each, keyword-only, never committing."""

from app.registry.service.code_lists import LoadedList, load_code_lists
from app.registry.service.enterprises import (
    EnterpriseInvalid,
    TaxCodeTaken,
    register_enterprise,
    take_over_enterprise,
)
from app.registry.service.identities import IdentityDue, erase_identities, identities_due
from app.registry.service.projects import register_project, update_project
from app.registry.service.proposals import decide, propose_contact, take_back
from app.registry.service.records import (
    Person,
    Place,
    StaleRecord,
    add_representative,
    edit_enterprise,
    end_representative,
    set_address,
    set_identity,
)

__all__ = [
    "EnterpriseInvalid",
    "IdentityDue",
    "LoadedList",
    "Person",
    "Place",
    "StaleRecord",
    "TaxCodeTaken",
    "add_representative",
    "decide",
    "edit_enterprise",
    "end_representative",
    "erase_identities",
    "identities_due",
    "load_code_lists",
    "propose_contact",
    "register_enterprise",
    "register_project",
    "set_address",
    "set_identity",
    "take_back",
    "take_over_enterprise",
    "update_project",
]
