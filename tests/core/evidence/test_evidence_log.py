"""Recording, sealing and the rights on the log, on real commits."""

import threading
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core import evidence
from app.core.db import Database, DbRole, SessionContext
from app.core.errors import NotFound
from app.core.evidence import EvidenceEntry, EvidenceHead, Subject, merkle
from app.core.kit.actor import ANONYMOUS, SYSTEM
from tests.core.evidence.loglines import NOW, OFFICER, TENANT, WORKER, seal, write


class TestRecord:
    @pytest.mark.parametrize("role", list(DbRole))
    def test_every_role_may_write(self, database: Database, role: DbRole) -> None:
        write(database, 1, role)

        assert seal(database) == 1

    def test_all_entries_of_a_transaction_leave_in_one_statement(self, database: Database) -> None:
        statements: list[str] = []
        with database.session(TENANT) as session:
            engine = session.get_bind()

        def note(*arguments: object) -> None:
            statements.append(str(arguments[2]))

        event.listen(engine, "before_cursor_execute", note)
        write(database, 20)
        event.remove(engine, "before_cursor_execute", note)

        assert len([line for line in statements if "evidence_entry" in line]) == 1
        assert len(statements) == 1  # the context went with the beginning of the transaction

    def test_no_value_reaches_the_log_but_its_holder_can_prove_it(self, database: Database) -> None:
        write(database, 1)
        with database.session(WORKER) as session:
            entry = session.scalars(select(EvidenceEntry)).one()

        assert "Bưởi" not in entry.body
        assert evidence.digest_value(entry.salt, "name", "Trần Thị Bưởi") in entry.body
        assert '"facts":{"number":0}' in entry.body
        assert '"at":"2026-11-22T07:30:00.123456Z"' in entry.body

    def test_the_same_value_never_looks_the_same(self, database: Database) -> None:
        write(database, 2)
        with database.session(WORKER) as session:
            first, second = session.scalars(select(EvidenceEntry))

        assert first.salt != second.salt
        assert evidence.digest_value(first.salt, "a", "x") != evidence.digest_value(first.salt, "b", "x")

    @pytest.mark.parametrize("tag", ["", "case:submit", "a:b:c:d", "Case:x:y", "a:b:c\n", "a::c", "a:b:c "])
    def test_refuses_a_tag_outside_the_grammar(self, tenant_session: Session, tag: str) -> None:
        with pytest.raises(ValueError, match="noun:subject:verb"):
            evidence.record(tenant_session, tag, subject=Subject("case"), actor=SYSTEM, at=NOW)

    def test_refuses_naive_time_and_fractions(self, tenant_session: Session) -> None:
        naive = NOW.replace(tzinfo=None)
        with pytest.raises(ValueError, match="aware"):
            evidence.record(tenant_session, "a:b:c", subject=Subject("case"), actor=SYSTEM, at=naive)
        facts = {"weight_kg": 1.5}
        with pytest.raises(evidence.NotCanonical):
            evidence.record(
                tenant_session,
                "a:b:c",
                subject=Subject("case"),
                actor=SYSTEM,
                at=NOW,
                facts=facts,  # type: ignore[arg-type]
            )

    def test_a_reading_of_personal_data_names_its_purpose(self, officer_session: Session) -> None:
        key = evidence.record_read(
            officer_session,
            purpose="case-handling",
            subject=Subject("person", uuid4()),
            actor=OFFICER,
            at=NOW,
            fields=["passport_no"],
        )
        entry = officer_session.get_one(EvidenceEntry, key)

        assert entry.tag == "personal-data:person:read"
        assert '"facts":{"fields":["passport_no"],"purpose":"case-handling"}' in entry.body

    def test_a_denied_attempt_survives_the_rollback(self, database: Database) -> None:
        def attempt() -> None:
            with database.transaction(TENANT) as session:
                evidence.record(session, "case:case:open", subject=Subject("case"), actor=ANONYMOUS, at=NOW)
                evidence.record_denied(
                    database,
                    "case:case:read",
                    subject=Subject("case", UUID(int=1)),
                    actor=ANONYMOUS,
                    at=NOW,
                    reason="forbidden",
                )
                raise PermissionError

        with pytest.raises(PermissionError):
            attempt()

        with database.session(WORKER) as session:
            entry = session.scalars(select(EvidenceEntry)).one()
        assert entry.tag == "case:case:read"
        assert '"denied":"forbidden"' in entry.body


class TestRights:
    def test_a_tenant_cannot_read(self, tenant_session: Session) -> None:
        with pytest.raises(DBAPIError, match="permission denied"):
            tenant_session.scalars(select(EvidenceEntry)).all()

    @pytest.mark.parametrize("role", [DbRole.TENANT, DbRole.OFFICER])
    @pytest.mark.parametrize(
        "statement",
        [
            "update evidence_entry set seq = 0, sealed_at = now()",
            "update evidence_entry set body = '{}'",
            "delete from evidence_entry",
            "truncate evidence_entry",
            "insert into evidence_head (size, root, frontier, at) values (1, '', '', now())",
        ],
    )
    def test_only_the_worker_numbers(self, database: Database, role: DbRole, statement: str) -> None:
        write(database, 1)
        with (
            pytest.raises(DBAPIError, match="permission denied"),
            database.transaction(SessionContext(role)) as session,
        ):
            session.execute(text(statement))

    @pytest.mark.parametrize(
        "statement",
        [
            "update evidence_entry set seq = 5, sealed_at = now() where seq = 0",
            "update evidence_entry set seq = null, sealed_at = null where seq = 0",
            "update evidence_entry set seq = seq, sealed_at = now() where seq = 0",
            "update evidence_entry set body = body || ' ' where seq is null",
            "update evidence_entry set tag = 'a:b:c' where seq is null",
            "update evidence_entry set salt = '' where seq is null",
            "delete from evidence_entry",
            "truncate evidence_entry",
            "update evidence_head set size = 9",
            "delete from evidence_head",
            "truncate evidence_head",
        ],
    )
    def test_not_even_the_owner_changes_a_row_in_passing(
        self, database: Database, owner: Session, statement: str
    ) -> None:
        write(database, 1)
        seal(database)
        write(database, 1)

        with pytest.raises(DBAPIError, match="evidence:"):
            owner.execute(text(statement))

    @pytest.mark.parametrize(
        "change",
        [
            {"seq": 0, "sealed_at": NOW},
            {"leaf_hash": merkle.leaf_hash(b"other")},
            {"tag": "other:case:submit"},
            {"at": NOW + timedelta(microseconds=1)},
            {"subject_id": UUID(int=3)},
            {"party_id": UUID(int=3)},
            {"actor_id": None},
            {"salt": b"0" * 16},
        ],
    )
    def test_a_row_that_would_break_verification_cannot_come_in(
        self, tenant_session: Session, change: dict[str, object]
    ) -> None:
        key = evidence.record(
            tenant_session, "case:case:submit", subject=Subject("case"), actor=OFFICER, at=NOW
        )
        entry = next(
            item for item in tenant_session.new if isinstance(item, EvidenceEntry) and item.id == key
        )
        for name, value in change.items():
            setattr(entry, name, value)

        with pytest.raises(DBAPIError, match="evidence"):
            tenant_session.flush()  # the refusal is the subject of this test


class TestSeal:
    def test_numbers_by_key_and_appends_a_head(self, database: Database) -> None:
        keys = write(database, 3)

        assert seal(database) == 3
        with database.session(WORKER) as session:
            entries = session.scalars(select(EvidenceEntry).order_by(EvidenceEntry.seq)).all()
            head = session.scalars(select(EvidenceHead)).one()
        assert [entry.id for entry in entries] == sorted(keys)
        assert [entry.seq for entry in entries] == [0, 1, 2]
        assert head.root == merkle.tree_head(entry.leaf_hash for entry in entries)
        assert head.at == NOW

    def test_again_without_news_does_nothing(self, database: Database) -> None:
        write(database, 2)

        assert [seal(database), seal(database), seal(database)] == [2, 0, 0]
        with database.session(WORKER) as session:
            assert len(session.scalars(select(EvidenceHead)).all()) == 1

    def test_batches_give_the_same_tree_as_one(self, database: Database) -> None:
        write(database, 23)

        assert [seal(database, 7) for _ in range(5)] == [7, 7, 7, 2, 0]
        with database.session(WORKER) as session:
            leaves = session.scalars(select(EvidenceEntry.leaf_hash).order_by(EvidenceEntry.seq)).all()
            heads = {head.size: head.root for head in session.scalars(select(EvidenceHead))}
        assert heads == {size: merkle.tree_head(leaves[:size]) for size in (7, 14, 21, 23)}

    def test_a_sealer_that_dies_leaves_nothing_half_done(self, database: Database) -> None:
        write(database, 4)
        with database.session(WORKER) as session:
            assert evidence.seal(session, now=NOW) == 4
            session.rollback()

        assert seal(database) == 4
        with database.session(WORKER) as session:
            assert evidence.verify(session).intact

    def test_a_second_sealer_steps_back(self, database: Database) -> None:
        write(database, 4)
        with database.session(WORKER) as first:
            evidence.seal(first, now=NOW, limit=2)
            assert seal(database) == 0
            first.commit()

        assert seal(database) == 2

    def test_an_uncommitted_entry_waits_and_gets_a_later_number(self, database: Database) -> None:
        with database.session(TENANT) as slow:
            early = evidence.record(slow, "a:b:c", subject=Subject("case"), actor=SYSTEM, at=NOW)
            slow.flush()  # the row must stand in the open transaction
            late = write(database, 1)[0]
            assert early < late
            assert seal(database) == 1
            slow.commit()
        assert seal(database) == 1

        with database.session(WORKER) as session:
            numbers = {entry.id: entry.seq for entry in session.scalars(select(EvidenceEntry))}
            assert numbers == {late: 0, early: 1}
            assert evidence.verify(session).intact

    def test_stops_on_a_tree_that_contradicts_itself(self, database: Database, tampering: Session) -> None:
        write(database, 3)
        seal(database)
        tampering.execute(text("update evidence_head set root = sha256('x')"))
        tampering.commit()
        write(database, 1)

        with pytest.raises(evidence.EvidenceBroken):
            seal(database)

    def test_sealer_thread_seals_what_many_threads_write(self, database: Database) -> None:
        sealer = evidence.Sealer(database, interval_s=0.02, batch=5)
        sealer.start()
        writers = [threading.Thread(target=write, args=(database, 6)) for _ in range(6)]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        waited = threading.Event()
        for _ in range(200):
            if sealer.lag() == (0, 0.0):
                break
            waited.wait(0.02)
        sealer.stop()

        assert not sealer.is_alive
        assert sealer.error is None
        with database.session(WORKER) as session:
            report = evidence.verify(session)
        assert report.intact
        assert (report.size, report.unsealed) == (36, 0)

    def test_lag_tells_count_and_age(self, database: Database) -> None:
        write(database, 3)
        with database.session(WORKER) as session:
            assert evidence.read_lag(session, now=NOW + timedelta(seconds=4)) == (3, 4.0)
        seal(database)
        with database.session(WORKER) as session:
            assert evidence.read_lag(session, now=NOW) == (0, 0.0)


class TestProofs:
    def test_an_entry_proves_itself_under_every_later_head(self, database: Database) -> None:
        keys = sorted(write(database, 11))
        for _ in range(3):
            seal(database, 4)

        with database.session(WORKER) as session:
            proof = evidence.prove_inclusion(session, keys[2])
            early = evidence.prove_inclusion(session, keys[2], size=4)
            path = evidence.prove_consistency(session, old=4)
        for one in (proof, early):
            assert merkle.verify_inclusion(
                leaf=merkle.leaf_hash(one.body.encode()),
                index=one.index,
                size=one.size,
                path=one.path,
                root=one.root,
            )
        assert (early.size, proof.size) == (4, 11)
        assert merkle.verify_consistency(old=4, size=11, old_root=early.root, root=proof.root, path=path)

    def test_nothing_to_prove_before_sealing(self, database: Database) -> None:
        first = write(database, 1)[0]
        seal(database)
        second = write(database, 1)[0]
        with database.session(WORKER) as session:
            assert evidence.prove_inclusion(session, first).index == 0
            with pytest.raises(NotFound):
                evidence.prove_inclusion(session, second)
