"""What a module offers to the shell. The composition root collects one ``ModuleSpec`` from each module."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute

from app.core.auth.permissions import Permission
from app.core.jobs import JobRegistry
from app.core.kit.actor import Actor
from app.core.law import Content
from app.core.live.pokes import Mapper
from app.core.notifications import Kind
from app.core.outbox import HandlerRegistry
from app.core.search import Renames, SearchProvider
from app.core.workflow.counter import AtCounter
from app.core.workflow.desk import Desk
from app.core.workflow.models import Case
from app.core.workflow.step import Effect, Guard
from app.web.keeping import Eraser
from app.web.kernel import Kernel
from app.web.paper_access import PaperHome
from app.web.tiles import Tile

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class MenuItem:
    """
    An entry of the side menu, shown to those who hold one of the permissions (to all when none is named).

    ``short`` is its word in the narrow bar of a phone, where the title is too long. ``desk_of`` names permissions whose
    holders among the officers begin here after signing in; where several would do, the first in the menu is it.
    """

    code: str
    title: str
    href: str
    icon: str
    permissions: frozenset[str] = frozenset()
    order: int = 100
    short: str = ""
    desk_of: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Door:
    """One of the big doors of the public start page."""

    title: str
    text: str
    href: str
    icon: str
    order: int = 100


@dataclass(frozen=True, slots=True)
class ObjectPanel:
    """
    A panel that a higher module hangs on an object's page of a lower one (for example on a dossier).

    ``key`` names its place on the page (``#panel-<key>``); ``title`` is an English message id. The template finds
    what ``view`` returns as ``panel``; an empty view leaves the panel out.
    """

    object_kind: str
    key: str
    title: str
    template: str
    view: Callable[[Session, Actor, UUID], Mapping[str, Any]]
    order: int = 100


@dataclass(frozen=True, slots=True)
class Held:
    """A result that an applicant holds: its key, what it is, and the dossier (id and name) that changes it already."""

    key: str
    title: str
    under_way: tuple[str, str] | None = None


class OpenWith(Protocol):
    """Opens a dossier at the counter that begins with a result."""

    def __call__(
        self, session: Session, *, desk: Desk, key: str, counter: AtCounter, case_id: UUID, actor: Actor, now: datetime
    ) -> Case:  # fmt: skip
        """Open it; raise ``NotFound`` for a result that is not the applicant's, ``Conflict`` for one that is taken."""


@dataclass(frozen=True, slots=True)
class HeldResults:
    """
    The results with which dossiers of a procedure begin.

    ``none`` says what to do where an applicant holds none, ``register`` is the page on which all are found.
    """

    held: Callable[[Session, UUID], Sequence[Held]]
    open: OpenWith
    none: str
    register: str


def _nothing(kernel: Kernel) -> Mapping[str, Any]:
    return {}


def _no_reactions(kernel: Kernel, handlers: HandlerRegistry, jobs: JobRegistry) -> None:
    return None


@dataclass(frozen=True, slots=True)
class ModuleSpec:
    """
    The wiring of one module and nothing else.

    ``catalogue`` is a file of all procedures of the module, also those that are not online yet. ``first_steps`` lead
    on who acts for no enterprise yet, ``counter_steps`` reception who serves an applicant without a record;
    ``applicants`` are the kinds of search results that a dossier can be entered for, by the key of their party;
    ``held_results`` are what a dossier entered at the counter can begin with, by procedure.
    ``guards`` and ``effects`` are what procedures may name; ``register`` adds reactions to events, jobs and scans.
    ``search`` is what can be found, ``renames`` names the events after which a party may be called otherwise.
    ``papers`` leads from the module's own objects to the dossiers that their files belong to.
    ``erasers`` are personal data of the module that end in time.
    ``law_contents`` are what changes of the law may carry for the module, under the approvals of the legal desk.
    ``topics`` are live topics with the permission to hear them, ``pokes`` says which
    events poke which topics; ``streams`` are routes that stay open and no unit of work.
    """

    code: str
    routers: Sequence[APIRouter] = ()
    permissions: Sequence[Permission] = ()
    menu: Sequence[MenuItem] = ()
    doors: Sequence[Door] = ()
    first_steps: Sequence[Door] = ()
    counter_steps: Sequence[Door] = ()
    applicants: Sequence[str] = ()
    held_results: Mapping[str, HeldResults] = field(default_factory=dict)
    panels: Sequence[ObjectPanel] = ()
    tiles: Sequence[Tile] = ()
    papers: Mapping[str, PaperHome] = field(default_factory=dict)
    erasers: Sequence[Eraser] = ()
    topics: Mapping[str, str] = field(default_factory=dict)
    pokes: Mapping[str, Mapper] = field(default_factory=dict)
    streams: Sequence[BaseRoute] = ()
    notice_kinds: Sequence[Kind] = ()
    law_contents: Sequence[Content] = ()
    search: Sequence[SearchProvider] = ()
    renames: Renames = field(default_factory=dict)
    templates: Path | None = None
    procedures: Path | None = None
    catalogue: Path | None = None
    guards: Callable[[Kernel], Mapping[str, Guard]] = _nothing
    effects: Callable[[Kernel], Mapping[str, Effect]] = _nothing
    register: Callable[[Kernel, HandlerRegistry, JobRegistry], None] = _no_reactions
