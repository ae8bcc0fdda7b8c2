"""Who listens to which event. Modules fill a registry; the composition root joins and installs them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

from sqlalchemy.orm import Session

from app.core.jobs.registry import DEFAULT_ATTEMPTS
from app.core.kit.actor import Actor
from app.core.outbox.events import DomainEvent

RunsAs = Literal["actor", "system"]


class HandlerFunction(Protocol):
    """React to an event inside one transaction. Slow or foreign calls are deferred as jobs, not made here."""

    def __call__(self, session: Session, event: Any, *, actor: Actor, now: datetime) -> None:
        """Handle the event; raising rolls back and tries again later."""


F = TypeVar("F", bound=Callable[..., None])


@dataclass(frozen=True, slots=True)
class Handler:
    """
    A registered reaction.

    :ivar name: stable for ever, since the inbox remembers it: "logistics.open_gate_order".
    :ivar runs_as: "actor" sees what the causing actor may see when it runs; "system" runs as officer without a user.
    """

    name: str
    event_class: type[DomainEvent]
    function: HandlerFunction
    runs_as: RunsAs = "actor"
    attempts: int = DEFAULT_ATTEMPTS

    @property
    def task(self) -> str:
        """Return the name of the job that runs the handler."""
        return f"handle:{self.name}"


@dataclass(slots=True)
class HandlerRegistry:
    """Handlers by event name."""

    _by_event: dict[str, list[Handler]] = field(default_factory=dict)
    _by_name: dict[str, Handler] = field(default_factory=dict)

    def add(self, handler: Handler) -> None:
        """
        Register a handler.

        :raises ValueError: the name is taken.
        """
        if handler.name in self._by_name:
            raise ValueError(f"Handler {handler.name!r} is registered twice.")
        self._by_name[handler.name] = handler
        self._by_event.setdefault(handler.event_class.name, []).append(handler)

    def handles(
        self,
        event_class: type[DomainEvent],
        *,
        name: str,
        runs_as: RunsAs = "actor",
        attempts: int = DEFAULT_ATTEMPTS,
    ) -> Callable[[F], F]:
        """Register the decorated function; see ``Handler``."""

        def register(function: F) -> F:
            self.add(Handler(name, event_class, function, runs_as, attempts))
            return function

        return register

    def include(self, other: "HandlerRegistry") -> None:
        """Add all handlers of another registry, e.g. a module's."""
        for handler in other:
            self.add(handler)

    def for_event(self, name: str) -> tuple[Handler, ...]:
        """Return the handlers of an event in the order of registration."""
        return tuple(self._by_event.get(name, ()))

    def __iter__(self) -> Iterator[Handler]:
        return iter(tuple(self._by_name.values()))
