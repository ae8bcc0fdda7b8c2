"""Panels that modules hang on the pages of objects that are not theirs."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request
from sqlalchemy.orm import Session

from app.core.kit.actor import Actor
from app.web.spec import ObjectPanel

DECLARATION = "declaration"
DOSSIER = "dossier"
ENTERPRISE = "enterprise"
PROJECT = "project"
MY_ZONE = "my-zone"
LAW_CHANGE = "law-change-set"


def by_kind(panels: Sequence[ObjectPanel]) -> dict[str, list[ObjectPanel]]:
    """Return the panels of each kind of object in the order of their display."""
    sorted_panels = sorted(panels, key=lambda panel: (panel.order, panel.title))
    kinds: dict[str, list[ObjectPanel]] = {}
    for panel in sorted_panels:
        kinds.setdefault(panel.object_kind, []).append(panel)
    return kinds


def panels_of(
    request: Request, session: Session, actor: Actor, *, kind: str, object_id: UUID
) -> list[Mapping[str, Any]]:
    """
    Return what ``partials/_panels.html`` shows: the panels of an object that have something to say to this reader.

    A panel whose view is empty is left out: it has nothing to say, or not to this actor.
    """
    offered: list[ObjectPanel] = request.app.state.panels.get(kind, [])
    found: list[Mapping[str, Any]] = []
    for panel in offered:
        view = panel.view(session, actor, object_id)
        if view:
            found.append({"key": panel.key, "title": panel.title, "template": panel.template, "view": view})
    return found
