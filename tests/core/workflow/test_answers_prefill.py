"""What a new dossier takes over from the party and from its last dossier."""

from app.core.workflow import procedures
from app.core.workflow.prefill import prefill
from tests.core.workflow.conftest import Play

INVESTORS = [{"kind": "ORGANISATION", "name": "Thử", "country": "JP", "id_number": "1"}]
ANSWERS = {"investors": INVESTORS, "contact_name": "Người Thử", "project_name_vi": "Dự án cũ", "site": "S1"}


def test_the_first_dossier_takes_the_registered_name(play: Play) -> None:
    definition = procedures.definition_of(play.session, play.draft().version_id)
    found = prefill(play.session, party_id=play.party_id, definition=definition)
    assert (found.answers, found.taken_from) == ({"investors": [{"name": "Thử"}]}, "")


def test_the_next_one_takes_what_is_marked_and_names_its_source(play: Play) -> None:
    earlier = play.draft()
    earlier.answers = ANSWERS
    play.take(earlier, "filer", "submit")
    play.session.flush()
    for procedure in ("IRC", "IRC_SPECIAL"):
        new = play.draft(procedure)
        definition = procedures.definition_of(play.session, new.version_id)
        found = prefill(play.session, party_id=play.party_id, definition=definition, exclude=new.id)
        assert found.answers == {"investors": INVESTORS, "contact_name": "Người Thử"}
        assert found.taken_from == earlier.code
