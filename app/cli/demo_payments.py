"""
What the payer of the demo zone owes, and what the simulated bank pays of it at its start.

Slips are opened as rooms open them; money comes only by the simulator's own signed messages, once the bank and the
worker run: one slip paid, one in part, one too much, one transfer without a reference, and one slip past its day.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid5

from sqlalchemy import select

from app.cli.demo_zone import SEA_STAR
from app.core.auth.models import Party
from app.core.db import Database, DbRole, SessionContext
from app.core.kit.actor import SYSTEM
from app.core.kit.time import local_day
from app.core.payments import LineDraft, LineKind, SlipSubject, open_slip, slip_of
from app.core.settings import Settings
from app.modules import Platform

SUBJECT, NOTICE = "demo", "1"
# Each slip keeps its key over all installations, so that a second start adds nothing.
NAMESPACE = UUID("7c0f4a52-3f0b-4c0e-9b8d-6a8f1f3e2d10")
PAYER_ACCOUNT = "9990002"
_OFFICER = SessionContext(DbRole.OFFICER)


@dataclass(frozen=True, slots=True)
class Story:
    """A slip of the demo: what it asks for, in how many days it is due, and what the bank pays of it."""

    key: str
    amount: int
    days: int
    pays: int
    vi: str
    en: str
    named: bool = True


STORIES = (
    Story("paid", 2_500_000, 10, 2_500_000, "Khoản thu minh họa: nộp đủ", "Sample charge: paid in full"),
    Story("part", 4_000_000, 10, 1_500_000, "Khoản thu minh họa: nộp một phần", "Sample charge: paid in part"),
    Story("overdue", 3_200_000, -14, 0, "Khoản thu minh họa: quá hạn", "Sample charge: overdue"),
    Story("surplus", 1_000_000, 10, 1_300_000, "Khoản thu minh họa: nộp thừa", "Sample charge: paid too much"),
    Story(
        "unclear", 750_000, 10, 750_000, "Khoản thu minh họa: chuyển khoản thiếu mã",
        "Sample charge: transferred without a reference", named=False,
    ),
)  # fmt: skip


def story_file(settings: Settings) -> Path:
    """Return where the simulated bank reads what it pays at its start."""
    return settings.var / "simulators" / "bank-story.json"


def demand_demo(
    database: Database, platform: Platform, echo: Callable[[str], None], *, now: datetime
) -> None:
    """Open the slips that are not there yet, and write down for the simulated bank what it pays."""
    opened = 0
    transfers = []
    with database.transaction(_OFFICER) as session:
        party_id = session.scalars(select(Party.id).where(Party.name == SEA_STAR)).one()
        for story in STORIES:
            key = uuid5(NAMESPACE, story.key)
            found = slip_of(session, subject_kind=SUBJECT, subject_id=key, notice=NOTICE)
            title = {"vi": f"{story.vi} (hư cấu)", "en": f"{story.en} (fictitious)"}
            reference = found.reference if found else ""
            if found is None:
                opened += 1
                zone = platform.zone.tz
                reference = open_slip(
                    session, party_id=party_id, subject=SlipSubject(SUBJECT, key, title, "/payments"), notice=NOTICE,
                    lines=[LineDraft("SAMPLE", LineKind.TAX, title, Decimal(story.amount))],
                    due_on=local_day(now, zone) + timedelta(days=story.days), zone=zone, actor=SYSTEM, now=now,
                ).reference  # fmt: skip
            if story.pays:
                transfers.append(
                    {
                        "key": str(key), "account": PAYER_ACCOUNT, "amount": story.pays,
                        "reference": reference if story.named else "", "remark": "NOP TIEN MINH HOA",
                    }
                )  # fmt: skip
    file = story_file(platform.kernel.settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(transfers), encoding="utf-8")
    if opened:
        echo(f"demo zone: {opened} fictitious payment slips; the simulated bank pays some of them")
