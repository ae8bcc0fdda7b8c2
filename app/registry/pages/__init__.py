"""Pages of the registry: enterprises, their records, and code lists."""

from app.registry.pages.code_lists import code_list_pages
from app.registry.pages.deciding import deciding
from app.registry.pages.editing import editing
from app.registry.pages.enterprise import enterprise_pages
from app.registry.pages.identities import identities
from app.registry.pages.listing import listing
from app.registry.pages.representing import representing

# Pages with a fixed word stand before those with a key in the same place.
ROUTERS = (listing, editing, representing, identities, deciding, enterprise_pages, code_list_pages)

__all__ = ["ROUTERS"]
