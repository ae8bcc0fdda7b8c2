"""Procedure versions in the database: drafted from YAML, checked, published, read."""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core.errors import Conflict, DomainError, NotFound
from app.core.evidence import Subject, record
from app.core.evidence.canonical import canonical_json
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.workflow.checker import Finding, check
from app.core.workflow.definition import Definition
from app.core.workflow.models import ProcedureVersion


class ProcedureUnreadable(DomainError):
    """A procedure file is not a procedure; the detail names file and field."""

    code = "workflow.procedure-unreadable"
    status = 422
    title = "The procedure file cannot be read."


class ProcedureFaulty(DomainError):
    """The static checker found faults; ``findings`` lists all of them."""

    code = "workflow.procedure-faulty"
    status = 422
    title = "The procedure has faults and was not published."

    def __init__(self, findings: Collection[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("; ".join(f"{found.where}: {found.message}" for found in findings))


class PublishedChanged(Conflict):
    """The file of a published version differs from what was published."""

    code = "workflow.published-changed"
    title = "A published procedure version never changes."
    detail = "%(code)s version %(version)s is published with another content."
    hint = "Give the changed procedure a new version and a date from which it is valid."


class NotInForce(Conflict):
    """No published version of a procedure is valid on a day."""

    code = "workflow.not-in-force"
    title = "The procedure is not in force on this day."
    detail = "No published version of %(code)s is valid on %(day)s."
    hint = "Ask the legal desk to publish the version for this day; the dossier stays as it is."


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The names that a procedure may use: what modules registered and what the law holds."""

    guards: frozenset[str]
    effects: frozenset[str]
    permissions: frozenset[str]
    law_keys: frozenset[str]
    instruments: frozenset[str]


def read_file(path: Path) -> Definition:
    """
    Read one version from YAML.

    ``extends: <file>`` takes every top-level key from another version and lets this file replace some, so that what
    did not change stands once; ``append`` and ``prepend`` add to lists of the other version. A question with
    ``options_from: <file>`` takes its options from a versioned code list. What is published is the whole.

    :raises ProcedureUnreadable: naming the file and every field that does not fit.
    """
    try:
        return Definition.model_validate(_resolved(path))
    except (ValidationError, yaml.YAMLError, OSError) as fault:
        raise ProcedureUnreadable(f"{path.name}: {fault}") from fault


def _resolved(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    parent = content.pop("extends", None)
    if parent:
        content = _resolved(path.parent / parent) | content
    for name, added in content.pop("prepend", {}).items():
        content[name] = [*added, *content.get(name, [])]
    for name, added in content.pop("append", {}).items():
        content[name] = [*content.get(name, []), *added]
    for section in content.get("sections", []):
        for field in section["fields"]:
            _take_options(field, path.parent)
    return content


def _take_options(field: dict[str, Any], folder: Path) -> None:
    """Put the codes of a code list in place of its file name, each as ``<version>:<code>``."""
    for part in field.get("fields", []):
        _take_options(part, folder)
    if source := field.pop("options_from", None):
        listed = yaml.safe_load((folder / source).read_text(encoding="utf-8"))
        field["options"] = [
            {"code": f"{listed['version']}:{entry['code']}", "label": entry["label"]}
            for entry in listed["codes"]
        ] + field.get("options", [])


def content_of(definition: Definition) -> dict[str, Any]:
    """
    Return the JSON form of a definition, as stored and hashed.

    What has its default is left out: a part that a later release adds to definitions does not change published ones.
    """
    content: dict[str, Any] = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return content


def content_hash(definition: Definition) -> str:
    """Return the SHA-256 (hex) of the canonical JSON of a definition, validity's end left out.

    The end is not part of the content: it is closed when a successor is published.
    """
    content = content_of(definition) | {"valid_to": None}
    return hashlib.sha256(canonical_json(content)).hexdigest()


def publish(
    session: Session, *, definition: Definition, vocabulary: Vocabulary, actor: Actor, now: datetime
) -> ProcedureVersion | None:
    """
    Check a version and publish it; a version that is already published with this content is left as it is.

    An open-ended predecessor is closed on the day on which the new version begins.

    :returns: the new row, or None when nothing was to do.
    :raises ProcedureFaulty: the static checker found faults.
    :raises PublishedChanged: the version is published with another content.
    """
    digest = content_hash(definition)
    known = session.scalar(
        select(ProcedureVersion).where(
            ProcedureVersion.code == definition.code, ProcedureVersion.version == definition.version
        )
    )
    if known is not None:
        if known.content_hash != digest:
            raise PublishedChanged(code=definition.code, version=definition.version)
        return None
    findings = check(definition, **{name: getattr(vocabulary, name) for name in Vocabulary.__slots__})
    if findings:
        raise ProcedureFaulty(findings)
    _close_predecessor(session, definition)
    row = ProcedureVersion(
        id=uuid7(),
        code=definition.code,
        version=definition.version,
        valid=Range(definition.valid_from, definition.valid_to, bounds="[)"),
        state="PUBLISHED",
        content=content_of(definition),
        content_hash=digest,
        created_at=now,
        published_at=now,
        published_by=actor.user_id,
    )
    session.add(row)
    record(
        session, "workflow:procedure:publish", subject=Subject("procedure_version", row.id), actor=actor, at=now,
        facts={"code": row.code, "version": row.version, "hash": digest},
    )  # fmt: skip
    return row


def _close_predecessor(session: Session, definition: Definition) -> None:
    open_ended = session.scalars(
        select(ProcedureVersion)
        .where(
            ProcedureVersion.code == definition.code,
            ProcedureVersion.state == "PUBLISHED",
            func.lower(ProcedureVersion.valid) < definition.valid_from,
            func.upper_inf(ProcedureVersion.valid),
        )
        .with_for_update()
    )
    for row in open_ended:
        row.valid = Range(row.valid.lower, definition.valid_from, bounds="[)")
    session.flush()  # the exclusion constraint must see the closed range before the new row


def in_force(session: Session, code: str, day: date) -> tuple[UUID, Definition]:
    """
    Return the published version of a procedure that is valid on a day.

    :raises NotInForce: there is none.
    """
    version_id = session.scalar(
        select(ProcedureVersion.id).where(
            ProcedureVersion.code == code,
            ProcedureVersion.state == "PUBLISHED",
            ProcedureVersion.valid.contains(day),
        )
    )
    if version_id is None:
        raise NotInForce(code=code, day=day.isoformat())
    return version_id, definition_of(session, version_id)


def definition_of(session: Session, version_id: UUID) -> Definition:
    """
    Return the definition of a version. Published versions are immutable, so a process reads each once.

    :raises NotFound: no such version.
    """
    known = _DEFINITIONS.get(version_id)
    if known is None:
        row = session.get(ProcedureVersion, version_id)
        if row is None:
            raise NotFound
        known = _parse(row.content_hash, canonical_json(row.content))
        if row.state == "PUBLISHED":
            _DEFINITIONS[version_id] = known
    return known


_DEFINITIONS: dict[UUID, Definition] = {}


@lru_cache(maxsize=64)
def _parse(digest: str, content: bytes) -> Definition:
    return Definition.model_validate_json(content)


def sealed_names(session: Session, code: str) -> set[str]:
    """Return under which names the answers to a sealed question stand, in all versions of all procedures."""
    found = set()
    for version_id in session.scalars(select(ProcedureVersion.id)):
        for field in definition_of(session, version_id).fields().values():
            if field.sensitive and field.code == code:
                found.add(code)
            found |= {
                f"{field.code}.{part.code}" for part in field.fields if part.sensitive and part.code == code
            }
    return found


def catalogue(session: Session, day: date) -> list[Definition]:
    """Return the procedures in force on a day, ordered by their place in the catalogue."""
    ids = session.scalars(
        select(ProcedureVersion.id).where(
            ProcedureVersion.state == "PUBLISHED", ProcedureVersion.valid.contains(day)
        )
    ).all()
    return sorted((definition_of(session, each) for each in ids), key=lambda found: found.catalogue)
