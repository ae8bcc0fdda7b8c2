"""HTML pages of declarations."""

from app.customs.declarations.pages.exporting import export_pages
from app.customs.declarations.pages.header import header_pages
from app.customs.declarations.pages.importing import import_pages, template_pages
from app.customs.declarations.pages.line import line_page
from app.customs.declarations.pages.lines import line_pages
from app.customs.declarations.pages.listing import listing_pages
from app.customs.declarations.pages.opening import opening_pages
from app.customs.declarations.pages.page import declaration_pages
from app.customs.declarations.pages.printing import print_pages
from app.customs.declarations.pages.products import product_pages
from app.customs.declarations.pages.words import HOME

ROUTERS = (
    listing_pages,
    template_pages,
    product_pages,
    opening_pages,
    header_pages,
    import_pages,
    line_pages,
    line_page,
    export_pages,
    print_pages,
    declaration_pages,
)

__all__ = ["HOME", "ROUTERS"]
