"""Procedures of this module: their data stand in the folders beside, their named effects here."""

from collections.abc import Mapping

from app.core.workflow.step import Effect, Step
from app.investment.service import PressRoom, issue_certificate


def effects(room: PressRoom) -> Mapping[str, Effect]:
    """Return the effects that the procedures of this module name."""

    def issue(step: Step) -> None:
        """Make, sign and register the certificate."""
        certificate = issue_certificate(
            step.session,
            room=room,
            case=step.case,
            definition=step.definition,
            actor=step.actor,
            now=step.now,
        )
        step.facts["certificate"] = certificate.number

    return {"issue_certificate": issue}
