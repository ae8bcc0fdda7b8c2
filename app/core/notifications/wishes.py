"""What a person wants to be told by which channel, and where they are reached."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.errors import FieldProblem, Invalid
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.notifications.channels import Channel
from app.core.notifications.models import NotificationAddress, NotificationChoice

_EMAIL = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]+\.[^@\s<>,;\"]{2,}")
_PHONE = re.compile(r"\+[1-9]\d{7,14}")
_LONGEST_EMAIL = 254
_LOCAL_PHONE = re.compile(r"0\d{9}")
_COUNTRY = "+84"


class UnfitAddress(Invalid):
    """An address cannot be reached by its channel."""

    code = "notifications.unfit-address"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What one person chose: by (kind, channel) and, by channel, where. What is missing follows the kind."""

    choices: Mapping[tuple[str, str], bool]
    addresses: Mapping[str, str]


def read_wishes(session: Session, *, actor: Actor) -> Wishes:
    """Return what an actor chose (role ftz_auth)."""
    choices = session.scalars(select(NotificationChoice).where(NotificationChoice.user_id == actor.user_id))
    addresses = session.scalars(
        select(NotificationAddress).where(NotificationAddress.user_id == actor.user_id)
    )
    return Wishes(
        {(row.kind, row.channel): row.wanted for row in choices},
        {row.channel: row.address for row in addresses},
    )


def save_wishes(session: Session, *, wishes: Wishes, actor: Actor, now: datetime) -> None:
    """
    Keep what an actor chose; an empty address forgets the one that was there (role ftz_auth).

    :raises UnfitAddress: naming the field ``address_<channel>`` of each address that cannot be right.
    """
    addresses = {channel: _tidy(channel, typed) for channel, typed in wishes.addresses.items()}
    problems = [
        FieldProblem(
            f"address_{channel.lower()}",
            UnfitAddress.code,
            N_("Write an e-mail address like name@example.com.")
            if channel == Channel.EMAIL.value
            else N_("Write a telephone number like 0912345678 or +84912345678."),
        )
        for channel, address in addresses.items()
        if address and not _fits(channel, address)
    ]
    if problems:
        raise UnfitAddress(errors=problems)
    person = actor.user_id
    for (kind, channel), wanted in wishes.choices.items():
        row = insert(NotificationChoice).values(user_id=person, kind=kind, channel=channel, wanted=wanted)
        session.execute(row.on_conflict_do_update(
            index_elements=["user_id", "kind", "channel"], set_={"wanted": wanted}
        ))  # fmt: skip
    for channel, address in addresses.items():
        place = insert(NotificationAddress).values(
            user_id=person, channel=channel, address=address, changed_at=now
        )
        session.execute(
            place.on_conflict_do_update(
                index_elements=["user_id", "channel"], set_={"address": address, "changed_at": now}
            )
        )


def _tidy(channel: str, typed: str) -> str:
    if channel == Channel.EMAIL.value:
        return typed.strip()
    digits = re.sub(r"[\s().-]", "", typed)
    return _COUNTRY + digits[1:] if _LOCAL_PHONE.fullmatch(digits) else digits


def _fits(channel: str, address: str) -> bool:
    if channel == Channel.EMAIL.value:
        return len(address) <= _LONGEST_EMAIL and bool(_EMAIL.fullmatch(address))
    return bool(_PHONE.fullmatch(address))
