"""Each of the zone's movements from an empty draft through the check and the simulated authority to its number."""

from collections.abc import Iterator

import pytest

from app.core.kit.ids import uuid7
from app.customs.declarations.domain import catalogue, rules
from app.customs.declarations.queries.reading import head
from app.customs.declarations.service import asking, checking, drafting, handing_in
from app.customs.declarations.service.composing import message
from app.customs.declarations.service.drafting import Opening
from app.customs.declarations.wire import read_declaration, write_declaration
from tests.customs.declarations.domain.test_rules import HEADER, LINE
from tests.customs.declarations.exchange import Exchange

ASKED = {"ARR": "2026-11-18", "IVD": "2026-11-17"}
MORE = {
    "ABROAD_TO_ZONE": {"BL1": "HPH123456", "ST": "03CCS03", "DST": "VNHPH", "PSC": "CNSHA"},
    "ZONE_TO_ABROAD": {"ST": "03CCS03", "DST": "JPTYO", "PSC": "VNHPH"},
    "CHANGE_OF_USE": {"PRV": "108625440120"},
}


def ways() -> Iterator[tuple[str, str]]:
    """Yield every movement with each type code that is usual for it."""
    for movement in catalogue.movements():
        for each in catalogue.usual(movement):
            yield movement, each.code


def test_every_movement_has_a_usual_code_in_each_of_its_directions() -> None:
    for code, movement in catalogue.movements().items():
        usual = {each.direction for each in catalogue.usual(code)}
        assert usual == set(movement.directions), code


@pytest.mark.parametrize(("movement", "type_code"), list(ways()))
def test_a_movement_goes_from_draft_to_registration(
    exchange: Exchange, movement: str, type_code: str
) -> None:
    zone, actor, now = exchange.platform.zone.tz, exchange.actor, exchange.now
    with exchange.database.transaction(exchange.tenant) as session:
        opening = Opening(uuid7(), exchange.party_id, movement, type_code)
        row = drafting.open_declaration(session, opening=opening, actor=actor, now=now, zone=zone)
        answers = {**HEADER, **ASKED, **MORE.get(movement, {})}
        row = drafting.save_header(
            session, declaration_id=row.id, version=row.version, answers=answers, actor=actor, now=now
        )
        row = drafting.save_lines(
            session, declaration_id=row.id, version=row.version, lines=[LINE], actor=actor, now=now
        )
        checked = checking.check_draft(session, declaration_id=row.id, actor=actor, now=now, zone=zone)
        assert [each for each in checked.findings if rules.is_error(each)] == []
        row = handing_in.hand_in(
            session, declaration_id=row.id, version=row.version, actor=actor, now=now, zone=zone
        )
        asking.send_revision(session, declaration=row, revision=head(session, row), actor=actor, now=now)
        key = row.id
    exchange.go()
    registered = exchange.declaration(key)
    assert registered.official_number is not None
    assert len(registered.official_number) == 12
    assert registered.channel == "GREEN"
    assert registered.registered_at is not None
    assert [each.kind for each in exchange.notices(key)][:2] == ["RECEIVED", "REGISTERED"]


def test_on_an_export_the_authority_reads_the_declaring_firm_as_exporter(exchange: Exchange) -> None:
    zone, actor, now = exchange.platform.zone.tz, exchange.actor, exchange.now
    with exchange.database.transaction(exchange.tenant) as session:
        opening = Opening(uuid7(), exchange.party_id, "ZONE_TO_ABROAD", "C22")
        row = drafting.open_declaration(session, opening=opening, actor=actor, now=now, zone=zone)
        answers = {**HEADER, **ASKED, **MORE["ZONE_TO_ABROAD"]}
        row = drafting.save_header(
            session, declaration_id=row.id, version=row.version, answers=answers, actor=actor, now=now
        )
        row = drafting.save_lines(
            session, declaration_id=row.id, version=row.version, lines=[LINE], actor=actor, now=now
        )
        row = handing_in.hand_in(
            session, declaration_id=row.id, version=row.version, actor=actor, now=now, zone=zone
        )
        asking.send_revision(session, declaration=row, revision=head(session, row), actor=actor, now=now)
        key = row.id
    [waiting] = exchange.dispatches(key)
    with exchange.database.session(exchange.tenant) as session:
        said = read_declaration(write_declaration(message(session, waiting))).header
    assert (said["EPC"], said["EPN"], said["IMN"], said["IMO"]) == (
        "0100233488",
        "Công ty Thử",
        "Demo Ltd",
        "JP",
    )
    assert "IMC" not in said
