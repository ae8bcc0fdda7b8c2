"""Tables beside procrastinate's own: the pulse of the minute scans, and why jobs failed."""

from datetime import datetime

from sqlalchemy import Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Tenancy, tenancy


class TimerHeartbeat(Base):
    """The last run of each scan that should run every minute."""

    __tablename__ = "timer_heartbeat"
    __table_args__ = (tenancy(Tenancy.SYSTEM),)

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    ticked_at: Mapped[datetime | None] = mapped_column(comment="last run that succeeded")
    failed_at: Mapped[datetime | None] = mapped_column(comment="last run that failed")
    failures: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="failures since the success"
    )
    error: Mapped[str] = mapped_column(Text, server_default=text("''"), comment="class of the last error")


class JobFailure(Base):
    """
    One failed attempt of a job: the kind of the error and its stable code.

    Messages stay in the log: they may quote personal data.
    """

    __tablename__ = "job_failure"
    __table_args__ = (tenancy(Tenancy.SYSTEM),)

    job_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    task: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    error: Mapped[str] = mapped_column(Text, comment="qualified name of the exception class")
    code: Mapped[str] = mapped_column(Text, comment="code of a DomainError, else empty")
