"""Why a change of the law is refused."""

from app.core.errors import Conflict, Forbidden, NotFound


class LawChangeUnknown(NotFound):
    """There is no such change set."""

    code = "law.change-unknown"


class LawChangeDecided(Conflict):
    """The change set took force or was rejected before."""

    code = "law.change-decided"
    title = "This change of the legal values has been decided already."
    detail = "It is in the state “%(state)s”; nothing more can be decided about it."
    hint = "Propose a new change if the values should be different."


class LawContentMoved(Conflict):
    """The content that the officer saw is not the content of the change set."""

    code = "law.content-moved"
    title = "What you approved is not what this change contains."
    detail = "An approval is bound to exactly the content that was shown to you."
    hint = "Open the change again, compare it with the official text, and decide then."


class LawBaseMoved(Conflict):
    """The law in force for these keys changed after the proposal, so its before and after no longer fit."""

    code = "law.base-moved"
    title = "The legal values have changed since this change was proposed."
    detail = "Another change of the same values took force meanwhile."
    hint = "Reject this change and propose it again on the present values (a release: load its files again)."


class LawApprovalRefused(Forbidden):
    """The actor may not approve: no officer, or the one who proposed it."""

    code = "law.approval-refused"
    title = "You cannot approve this change."
    detail = "A change of legal values is approved by two officers other than the one who proposed it."
    hint = "Ask a colleague who keeps the legal values to look at it."


class LawApprovedAlready(Conflict):
    """The same officer approved before; a second officer is still needed."""

    code = "law.approved-already"
    title = "You have approved this change already."
    detail = "It takes force when a second officer has approved the same content."
    hint = "Wait for, or ask, a colleague who keeps the legal values."
