"""Pages of investment."""

from app.investment.pages.guide import GUIDE, guide_pages
from app.investment.pages.project_codes import code_pages, code_panel

__all__ = ["GUIDE", "code_pages", "code_panel", "guide_pages"]
