"""Tables of the registry."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class Project(Base):
    """
    The identity of an investment project.

    ``code`` is the lifelong ten-digit code of the national investment registry; until it arrives there is none.
    """

    __tablename__ = "registry_project"
    __table_args__ = (CheckConstraint("code ~ '^[0-9]{10}$'", name="code"), tenancy(Tenancy.TENANT))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    party_id: Mapped[UUID] = mapped_column(ForeignKey("auth_party.id"), index=True)
    code: Mapped[str | None] = mapped_column(unique=True)
    name_vi: Mapped[str]
    name_en: Mapped[str | None]
    site: Mapped[str]
    created_at: Mapped[datetime]
