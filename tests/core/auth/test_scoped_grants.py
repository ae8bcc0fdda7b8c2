"""Delegations by topic: one that brings nothing opens no row of the party."""

from uuid import uuid4

import pytest

from app.core.auth.actors import make_actor
from app.core.kit.actor import Actor
from app.modules import Platform

PARTY, OWN = uuid4(), uuid4()


def actor(platform: Platform, *scope: str) -> Actor:
    grants = [(str(OWN), ["FILER"], []), (str(PARTY), ["FILER"], list(scope))]
    return make_actor(user_id=uuid4(), kind="CUSTOMER", name="Thử", grants=grants, book=platform.permissions)


@pytest.mark.parametrize(
    ("scope", "parties"), [(("workflow",), (OWN, PARTY)), ((), (OWN, PARTY)), (("later",), (OWN,))]
)
def test_a_topic_that_brings_nothing_opens_no_row(
    platform: Platform, scope: tuple[str, ...], parties: tuple[object, ...]
) -> None:
    assert actor(platform, *scope).party_ids == parties
