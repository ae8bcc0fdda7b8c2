"""Finding things by what people type: one index that forgives accents, Đ and spelling, behind the policies of tenancy.

Modules say by ``SearchProvider`` what of theirs can be found. The index is derived: it is written when an event says
that something changed, and can be made anew from the tables at any time.
"""

from app.core.search.documents import Renames, SearchDocument, SearchProvider
from app.core.search.index import index, is_empty, refresh, refresh_party, reindex
from app.core.search.query import Asked, Found, Group, ask, find, searchable, suggest_spelling

__all__ = [
    "Asked",
    "Found",
    "Group",
    "Renames",
    "SearchDocument",
    "SearchProvider",
    "ask",
    "find",
    "index",
    "is_empty",
    "refresh",
    "refresh_party",
    "reindex",
    "searchable",
    "suggest_spelling",
]
