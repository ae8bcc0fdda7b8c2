"""Pages of investment."""

from app.investment.pages.certificates import REGISTER, certificate_pages, changes_panel
from app.investment.pages.guide import GUIDE, guide_pages
from app.investment.pages.project_codes import code_pages, code_panel
from app.investment.pages.projects import PROJECTS, certificates_panel, project_pages

__all__ = [
    "GUIDE",
    "PROJECTS",
    "REGISTER",
    "certificate_pages",
    "certificates_panel",
    "changes_panel",
    "code_pages",
    "code_panel",
    "guide_pages",
    "project_pages",
]
