"""Who may open a page: small dependencies that refuse early."""

from typing import Annotated

from fastapi import Depends

from app.core.errors import Forbidden
from app.core.kit.actor import Actor, ActorKind
from app.web.errors import SignInNeeded
from app.web.unit import CurrentActor


def signed_in(actor: CurrentActor) -> Actor:
    """
    Return the actor.

    :raises SignInNeeded: nobody is signed in.
    """
    if actor.kind is ActorKind.ANONYMOUS:
        raise SignInNeeded
    return actor


SignedInActor = Annotated[Actor, Depends(signed_in)]


def customer(actor: SignedInActor) -> Actor:
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

    def __call__(self, actor: SignedInActor) -> Actor:
        """
        Return the actor.

        :raises Forbidden: the actor does not hold the permission.
        """
        if not actor.may(self.permission):
            raise Forbidden(permission=self.permission)
        return actor
