"""Tables of the search index: what everybody may find, and what belongs to parties."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class _Document:
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    title_en: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    folded: Mapped[str] = mapped_column(Text, comment="folded words, a space before each; see folded_text")
    url: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]


class SharedDocument(_Document, Base):
    """What everybody may find."""

    __tablename__ = "search_shared"
    __table_args__ = (
        Index(
            "ix_search_shared_folded",
            "folded",
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
        tenancy(Tenancy.SHARED),
    )


class TenantDocument(_Document, Base):
    """What a party finds of its own, and officers of all."""

    __tablename__ = "search_tenant"

    # By words for officers, by party for tenants, by time where a word is everywhere.
    __table_args__ = (
        Index(
            "ix_search_tenant_folded",
            "folded",
            postgresql_using="gin",
            postgresql_ops={"folded": "gin_trgm_ops"},
        ),
        Index("ix_search_tenant_party_id", "party_id", "kind"),
        Index("ix_search_tenant_at", "kind", "at"),
        tenancy(Tenancy.TENANT),
    )

    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"))
