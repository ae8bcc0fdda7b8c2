"""What the worker can do: jobs by name, and scans that run every minute. Modules fill it, the worker runs it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from app.core.db import Database, SessionContext
from app.core.jobs.deferring import DEFAULT_QUEUE
from app.core.kit.actor import Actor

DEFAULT_ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Run:
    """
    One run of a job.

    :ivar actor: who caused it, with the rights held now.
    :ivar now: aware instant of the start.
    :ivar attempt: 1 for the first try.
    """

    actor: Actor
    context: SessionContext
    database: Database
    now: datetime
    job_id: int
    attempt: int

    def transaction(self) -> AbstractContextManager[Session]:
        """Open a session under the actor's context, committed at the end of the block."""
        return self.database.transaction(self.context)


JobFunction = Callable[..., None]


class ScanFunction(Protocol):
    """Look at the rows that are due. Runs as officer in one transaction; must be repeatable."""

    def __call__(self, session: Session, *, now: datetime) -> None:
        """Do what is due at ``now``."""


@dataclass(frozen=True, slots=True)
class JobSpec:
    """A job: ``function(run, **args)`` opens its own transactions, so that slow calls stay outside of them."""

    name: str
    function: JobFunction
    attempts: int = DEFAULT_ATTEMPTS
    queue: str = DEFAULT_QUEUE
    runs_as_system: bool = False


@dataclass(slots=True)
class JobRegistry:
    """Jobs and minute scans by name. An explicit object: nothing registers itself by being imported."""

    jobs: dict[str, JobSpec] = field(default_factory=dict)
    scans: dict[str, ScanFunction] = field(default_factory=dict)

    def add(self, spec: JobSpec) -> None:
        """
        Register a job.

        :raises ValueError: the name is taken.
        """
        if spec.name in self.jobs:
            raise ValueError(f"Job {spec.name!r} is registered twice.")
        self.jobs[spec.name] = spec

    def job(
        self,
        name: str,
        *,
        attempts: int = DEFAULT_ATTEMPTS,
        queue: str = DEFAULT_QUEUE,
        runs_as_system: bool = False,
    ) -> Callable[[JobFunction], JobFunction]:
        """Register the decorated function as a job; see ``JobSpec``."""

        def register(function: JobFunction) -> JobFunction:
            self.add(JobSpec(name, function, attempts, queue, runs_as_system))
            return function

        return register

    def every_minute(self, name: str) -> Callable[[ScanFunction], ScanFunction]:
        """
        Register the decorated function to run about once a minute, never twice at a time.

        :raises ValueError: the name is taken.
        """

        def register(function: ScanFunction) -> ScanFunction:
            if name in self.scans:
                raise ValueError(f"Scan {name!r} is registered twice.")
            self.scans[name] = function
            return function

        return register
