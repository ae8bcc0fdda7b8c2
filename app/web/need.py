"""
Who may open a page: small dependencies that refuse early.

They are coroutines although they wait for nothing: FastAPI calls plain functions in a thread, and the way there and
back costs more than they do.
"""

from typing import Annotated

from fastapi import Depends

from app.core.errors import DomainError, Forbidden
from app.core.kit.actor import Actor, ActorKind
from app.web.bearer import InsufficientScope
from app.web.errors import SignInNeeded
from app.web.unit import CurrentActor


class ForPeople(DomainError):
    """A program asks for something that is for people only."""

    code = "for-people"
    status = 403
    title = "This is not for programs."
    detail = "The address serves people who are signed in; a program's token does not open it."
    hint = "The page for developers lists what programs may use."


async def known(actor: CurrentActor) -> Actor:
    """
    Return the actor, a person or a program.

    :raises SignInNeeded: nobody is signed in, and no token came.
    """
    if actor.kind is ActorKind.ANONYMOUS:
        raise SignInNeeded
    return actor


KnownActor = Annotated[Actor, Depends(known)]


async def signed_in(actor: KnownActor) -> Actor:
    """
    Return the actor, who is a person: what does not say which scope it needs is not for programs.

    :raises SignInNeeded: nobody is signed in.
    :raises ForPeople: a program asks.
    """
    if actor.kind is ActorKind.CLIENT:
        raise ForPeople
    return actor


SignedInActor = Annotated[Actor, Depends(signed_in)]


class Scoped:
    """A dependency that lets people in, and programs whose token has the scope."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    async def __call__(self, actor: KnownActor) -> Actor:
        """
        Return the actor.

        :raises InsufficientScope: the program's token lacks the scope.
        """
        if actor.kind is ActorKind.CLIENT and not actor.may(self.scope):
            raise InsufficientScope(scope=self.scope)
        return actor


async def customer(actor: SignedInActor) -> Actor:
    """
    Return the actor of an enterprise or a person.

    :raises Forbidden: the page is the applicants' side of the desk.
    """
    if actor.is_officer:
        raise Forbidden(permission="workflow.case.file")
    return actor


CustomerActor = Annotated[Actor, Depends(customer)]


class Holder:
    """A dependency that demands one permission; ``permission`` is read by the test of all routes."""

    def __init__(self, permission: str) -> None:
        self.permission = permission

    async def __call__(self, actor: SignedInActor) -> Actor:
        """
        Return the actor.

        :raises Forbidden: the actor does not hold the permission.
        """
        if not actor.may(self.permission):
            raise Forbidden(permission=self.permission)
        return actor
