"""Verification of a log that somebody has changed."""

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core import evidence
from app.core.db import Database, DbRole, SessionContext
from app.core.evidence import merkle
from tests.core.evidence.loglines import seal, write


class TestVerify:
    """Three batches of four sealed entries and two that wait; then somebody changes one thing."""

    @pytest.fixture(autouse=True)
    def _log(self, database: Database) -> None:
        for _ in range(3):
            write(database, 4)
            seal(database)
        write(database, 2)

    def report(self, database: Database, trusted: evidence.TrustedHead | None = None) -> evidence.Report:
        with database.session(SessionContext(DbRole.OFFICER)) as session:
            return evidence.verify(session, trusted=trusted)

    def fault(
        self, database: Database, trusted: evidence.TrustedHead | None = None
    ) -> tuple[str, int | None]:
        fault = self.report(database, trusted).fault
        assert fault is not None
        return fault.kind.value, fault.seq

    def test_an_untouched_log_is_intact(self, database: Database) -> None:
        report = self.report(database)

        assert report.intact
        assert (report.size, report.heads, report.unsealed) == (12, 3, 2)

    @pytest.mark.parametrize(
        ("statement", "kind", "seq"),
        [
            ("update evidence_entry set body = overlay(body placing '9' from 20) where seq = 5", "HASH", 5),
            ("update evidence_entry set leaf_hash = sha256('x') where seq = 0", "HASH", 0),
            ("update evidence_entry set tag = 'case:case:refuse' where seq = 6", "COLUMNS", 6),
            ("update evidence_entry set at = at + interval '1 day' where seq = 6", "COLUMNS", 6),
            ("update evidence_entry set salt = 'x' where seq = 6", "COLUMNS", 6),
            ("update evidence_entry set actor_id = null where seq = 11", "COLUMNS", 11),
            ("delete from evidence_entry where seq = 3", "MISSING", 3),
            ("delete from evidence_entry where seq = 11", "MISSING", 11),
            (
                "delete from evidence_entry where seq = 3;"
                " update evidence_entry set seq = seq - 1 where seq > 3",
                "ORDER",
                None,
            ),
            ("update evidence_head set root = sha256('x') where size = 8", "HEAD", 4),
            ("update evidence_head set frontier = '' where size = 8", "HEAD", 4),
            ("delete from evidence_head where size = 12", "UNCOVERED", 8),
            ("delete from evidence_head", "UNCOVERED", 0),
            ("update evidence_entry set body = body || ' ' where seq is null", "HASH", None),
            ("update evidence_entry set subject_kind = 'x' where seq is null", "COLUMNS", None),
        ],
    )
    def test_names_the_first_bad_row(
        self, database: Database, tampering: Session, statement: str, kind: str, seq: int | None
    ) -> None:
        for part in statement.split(";"):
            tampering.execute(text(part))
        tampering.commit()

        found, at = self.fault(database)
        if kind == "ORDER":  # moved up across batches: seen as a wrong head or as a wrong order
            assert found in {"ORDER", "HEAD"}
            assert at is not None
            assert at <= 4
        else:
            assert (found, at) == (kind, seq)

    def test_two_exchanged_numbers(self, database: Database, tampering: Session) -> None:
        tampering.execute(text("update evidence_entry set seq = 100 where seq = 5"))
        tampering.execute(text("update evidence_entry set seq = 5 where seq = 6"))
        tampering.execute(text("update evidence_entry set seq = 6 where seq = 100"))
        tampering.commit()

        assert self.fault(database) == ("ORDER", 6)

    def test_an_entry_rewritten_with_a_matching_hash(self, database: Database, tampering: Session) -> None:
        tampering.execute(
            text(
                """
                update evidence_entry set body = changed, leaf_hash = sha256('\\x00'::bytea || changed::bytea)
                  from (select id as key, replace(body, '"number"', '"amount"') as changed
                          from evidence_entry) other
                 where id = key and seq between 4 and 7
                """
            )
        )
        tampering.commit()

        fault = self.report(database).fault
        assert fault is not None
        assert (fault.kind, fault.seq) == (evidence.FaultKind.HEAD, 4)
        assert "Entries 4 to 7" in fault.reason

    def test_a_log_cut_off_with_its_heads_needs_a_head_from_outside(
        self, database: Database, tampering: Session
    ) -> None:
        whole = self.report(database)
        tampering.execute(text("delete from evidence_entry where seq >= 8"))
        tampering.execute(text("delete from evidence_head where size > 8"))
        tampering.commit()

        assert self.report(database).intact
        assert self.fault(database, evidence.TrustedHead(whole.size, whole.root)) == ("TRUSTED", 8)

    def test_a_log_rewritten_throughout_does_not_fit_a_head_from_outside(self, database: Database) -> None:
        assert self.fault(database, evidence.TrustedHead(6, merkle.EMPTY_ROOT)) == ("TRUSTED", 5)
        whole = self.report(database)
        assert self.report(database, evidence.TrustedHead(whole.size, whole.root)).intact
