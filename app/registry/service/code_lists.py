"""Code lists come from files of the release; a loaded version never changes, a new one ends the one before."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from app.core.evidence import Subject, record
from app.core.evidence.canonical import canonical_json
from app.core.kit.actor import Actor
from app.core.kit.text import fold, nfc
from app.registry.models import Code, CodeList

FOLDER = Path(__file__).parent.parent / "codes"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class CodeEntry(_Strict):
    """A code of a file with its labels by language."""

    code: str
    label: dict[str, str]
    parent: str | None = None


class ListFile(_Strict):
    """One version of a list as its file says it."""

    list: str
    title: dict[str, str]
    version: str
    start: date = Field(alias="from")
    source: str
    status: Literal["CITED", "ASSUMED", "ILLUSTRATIVE"]
    partial: bool
    codes: tuple[CodeEntry, ...]


@dataclass(frozen=True, slots=True)
class LoadedList:
    """What became of a file: newly loaded, or differing from what was loaded under the same version."""

    list: str
    version: str
    codes: int
    differs: bool


def read_lists(folder: Path = FOLDER) -> list[ListFile]:
    """
    Read all list files of a folder, the oldest version first.

    :raises pydantic.ValidationError: a file is no list.
    :raises ValueError: a code stands twice in one version.
    """
    found = [
        ListFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        for path in folder.glob("*.yaml")
    ]
    for each in found:
        codes = [entry.code for entry in each.codes]
        if len(set(codes)) < len(codes):
            raise ValueError(f"{each.list} {each.version}: a code stands twice.")
    return sorted(found, key=lambda each: (each.list, each.start))


def load_code_lists(
    session: Session, *, actor: Actor, now: datetime, files: Sequence[ListFile] | None = None
) -> list[LoadedList]:
    """
    Bring versions that are not loaded yet into the database (role ftz_officer); return what is new or differs.

    A file that differs from the version that was loaded is not taken: papers rely on what the version said. It needs a
    new version and a day from which it is valid.
    """
    known = {
        (row.list, row.version): row.content_hash
        for row in session.execute(select(CodeList.list, CodeList.version, CodeList.content_hash))
    }
    told = []
    for each in _files() if files is None else files:
        digest = _digest(each)
        loaded = known.get((each.list, each.version))
        if loaded == digest:
            continue
        if loaded is None:
            _load(session, each, digest, actor=actor, now=now)
        told.append(LoadedList(each.list, each.version, len(each.codes), loaded is not None))
    return told


def plain_label(code: str, label: str) -> str:
    """Return a label without the code that some lists write before it."""
    return re.sub(rf"^{re.escape(code)}\s+", "", label)


@cache
def _files() -> tuple[ListFile, ...]:
    return tuple(read_lists())


def _digest(each: ListFile) -> str:
    content: Any = each.model_dump(mode="json", by_alias=True)
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _load(session: Session, each: ListFile, digest: str, *, actor: Actor, now: datetime) -> None:
    following = session.scalar(
        select(func.min(func.lower(CodeList.valid))).where(
            CodeList.list == each.list, func.lower(CodeList.valid) > each.start
        )
    )
    session.execute(
        update(CodeList)
        .where(CodeList.list == each.list, CodeList.valid.contains(each.start))
        .values(valid=func.daterange(func.lower(CodeList.valid), each.start))
    )
    session.add(
        CodeList(
            list=each.list, version=each.version, title=each.title, valid=Range(each.start, following, bounds="[)"),
            source=each.source, status=each.status, partial=each.partial, content_hash=digest, recorded_at=now,
        )
    )  # fmt: skip
    session.flush()  # the codes refer to the version's row
    rows = [_row(each, entry) for entry in each.codes]
    if rows:
        session.execute(insert(Code), rows)
    record(
        session, "registry:code-list:load", subject=Subject("code_list"), actor=actor, at=now,
        facts={"list": each.list, "version": each.version, "codes": len(rows), "hash": digest},
    )  # fmt: skip


def _row(each: ListFile, entry: CodeEntry) -> dict[str, Any]:
    label = {lang: nfc(plain_label(entry.code, text)) for lang, text in entry.label.items()}
    words = fold(" ".join((entry.code, *label.values())))
    return {
        "list": each.list, "version": each.version, "code": entry.code, "parent": entry.parent, "label": label,
        "folded": "".join(f" {word}" for word in words.split()),
    }  # fmt: skip
