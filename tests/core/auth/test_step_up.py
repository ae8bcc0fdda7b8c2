"""Proving presence once more within a session."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.core.auth import TooManyAttempts
from app.core.auth.models import LoginSession
from app.core.auth.step_up import STEP_UP_FOR, Proof, WrongPassword, confirm_presence, is_recent, means
from app.core.auth.throttle import LOGIN_PACE
from app.core.auth.totp import WrongCode
from app.core.db import Database
from app.core.errors import NotFound
from app.core.privacy.box import SecretsBox
from tests.core.auth.people import AUTH, NOW, PASSWORD, Enter, MakePerson
from tests.core.auth.second_factor import MINUTE, Enrol, Step


class TestStepUp:
    @pytest.fixture
    def confirm(self, database: Database, box: SecretsBox, ip: str) -> Callable[..., None]:
        return lambda actor, shown, now=NOW: confirm_presence(
            database, actor=actor, shown=shown, box=box, now=now, ip=ip
        )

    def test_signing_in_counts_for_five_minutes(
        self, database: Database, person: MakePerson, enter: Enter, confirm: Callable[..., None]
    ) -> None:
        actor = enter(person("FILER")).actor
        session_id = actor.session_id
        assert session_id is not None
        assert is_recent(database, session_id, now=NOW + STEP_UP_FOR - MINUTE)
        late = NOW + STEP_UP_FOR
        assert not is_recent(database, session_id, now=late)
        with pytest.raises(WrongPassword):
            confirm(actor, "wrong", late)
        assert not is_recent(database, session_id, now=late)
        confirm(actor, PASSWORD, late)
        assert is_recent(database, session_id, now=late + STEP_UP_FOR - MINUTE)
        assert not is_recent(database, session_id, now=late + STEP_UP_FOR)
        assert not is_recent(database, session_id, now=late - timedelta(hours=1)), "a clock that went back"

    def test_who_is_enrolled_shows_a_code_and_not_the_password(
        self,
        database: Database,
        person: MakePerson,
        enter: Enter,
        enrol: Enrol,
        code_step: Step,
        confirm: Callable[..., None],
    ) -> None:
        lan = person("FILER")
        device, _ = enrol(lan)
        actor = code_step(enter(lan), device(NOW)).actor
        assert means(database, lan.id) is Proof.CODE
        late = NOW + STEP_UP_FOR
        with pytest.raises(WrongCode):
            confirm(actor, PASSWORD, late)
        with pytest.raises(WrongCode):
            confirm(actor, device(NOW), late)
        confirm(actor, device(late), late)
        with pytest.raises(WrongCode):
            confirm(actor, device(late), late)

    def test_a_session_that_ended_confirms_nothing(
        self, database: Database, person: MakePerson, enter: Enter, confirm: Callable[..., None]
    ) -> None:
        lan = person("FILER")
        actor = enter(lan).actor
        with database.transaction(AUTH) as session:
            session.get_one(LoginSession, actor.session_id).revoked_at = NOW
        with pytest.raises(NotFound):
            confirm(actor, PASSWORD)
        assert actor.session_id is not None
        assert not is_recent(database, actor.session_id, now=NOW)

    def test_guesses_at_the_password_wait_apart_from_those_at_the_login(
        self, person: MakePerson, enter: Enter, confirm: Callable[..., None]
    ) -> None:
        lan = person("FILER")
        actor = enter(lan).actor
        for _ in range(LOGIN_PACE.free):
            with pytest.raises(WrongPassword):
                confirm(actor, "wrong")
        with pytest.raises(TooManyAttempts):
            confirm(actor, PASSWORD)
        assert enter(lan).pending is None, "a thief of a session does not lock its owner out"
