"""What of the kernel can be found (dossiers, procedures), and how events keep the index fresh."""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.core.auth.models import Party
from app.core.i18n import N_
from app.core.kit.actor import Actor
from app.core.outbox import Handler, HandlerRegistry
from app.core.search import Renames, SearchDocument, SearchProvider, refresh, refresh_party
from app.core.workflow.events import CaseMoved
from app.core.workflow.models import Case
from app.core.workflow.permissions import READ
from app.web.catalogue import read_catalogue

BATCH = 500
# Procedures of the catalogue have no hour; their order is that of their codes.
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def kernel_providers(catalogues: Sequence[Path]) -> tuple[SearchProvider, ...]:
    """Return what the kernel lets people find."""
    return (
        SearchProvider(
            "dossier", N_("Dossiers"), "clipboard-list", _dossiers, permission=READ, order=10,
            events={CaseMoved: lambda event: {str(event.case_id)}},
        ),
        SearchProvider(
            "procedure", N_("Procedures"), "file-text", _Procedures(tuple(catalogues)), shared=True, order=50
        ),
    )  # fmt: skip


def keep_fresh(
    handlers: HandlerRegistry, providers: Sequence[SearchProvider], renames: Renames | None = None
) -> None:
    """Make a document anew after each event that its provider names, and after those that rename its party."""
    for event_class, party in (renames or {}).items():
        name = f"search.party.{event_class.name}"
        handlers.add(Handler(name, event_class, _RefreshParty(providers, party), runs_as="system"))
    for provider in providers:
        for event_class, keys in provider.events.items():
            name = f"search.{provider.kind}.{event_class.name}"
            handlers.add(Handler(name, event_class, _Refresh(provider, keys), runs_as="system"))


class _Refresh:
    def __init__(self, provider: SearchProvider, keys: Callable[[Any], Collection[str]]) -> None:
        self._provider = provider
        self._keys = keys

    def __call__(self, session: Session, event: Any, *, actor: Actor, now: datetime) -> None:
        refresh(session, self._provider, self._keys(event))


class _RefreshParty:
    def __init__(self, providers: Sequence[SearchProvider], party: Callable[[Any], UUID]) -> None:
        self._providers = providers
        self._party = party

    def __call__(self, session: Session, event: Any, *, actor: Actor, now: datetime) -> None:
        for provider in self._providers:
            refresh_party(session, provider, self._party(event))


def _dossiers(session: Session, keys: Collection[str] | None) -> Iterator[SearchDocument]:
    """Yield the dossiers that have been filed; a draft has no code and is nobody's business."""
    filed = (
        select(Case.id, Case.party_id, Case.code, Case.title, Case.submitted_at, Party.name)
        .join(Party, Party.id == Case.party_id)
        .where(Case.code.is_not(None), Case.submitted_at.is_not(None))
    )
    if keys is not None:
        filed = filed.where(Case.id.in_([UUID(key) for key in keys]))
    for row in session.execute(filed.execution_options(yield_per=BATCH)):
        yield SearchDocument(
            key=str(row.id), party_id=row.party_id, code=row.code, title=row.title or row.code, detail=row.name,
            url=f"/dossiers/{row.id}", at=row.submitted_at,
        )  # fmt: skip


class _Procedures:
    """The procedures of the catalogues, also those that are not online yet."""

    def __init__(self, files: tuple[Path, ...]) -> None:
        self._files = files

    def __call__(self, session: Session, keys: Collection[str] | None) -> Iterator[SearchDocument]:
        for entry in (each for file in self._files for each in read_catalogue(file)):
            if keys is not None and entry["code"] not in keys:
                continue
            anchor = f"p-{entry['online']}" if entry.get("online") else f"c-{entry['code']}"
            yield SearchDocument(
                key=entry["code"], code=entry["code"], title=entry["title"]["vi"], title_en=entry["title"]["en"],
                url=f"/procedures#{anchor}", at=_ANY_TIME, words=(entry.get("online", ""), entry["form"]),
            )  # fmt: skip
