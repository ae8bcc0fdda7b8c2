"""The law as data: instruments, dated values with their sources, and changes that two officers approve.

The database is the home of the law; the YAML files of a release are a proposal. A reader opens the book of a day::

    book = law.at(session, day)
    limit = book.limit("investment.irc.limit")     # raises LawValueMissing, never guesses
    decision.law = [value.as_used() for value in book.used()]

Pure code (a module's domain) imports ``app.core.law.book`` and ``app.core.law.units`` only.
"""

from app.core.law.book import LawBook, LawValue, LawValueMissing, LawValueWrongUnit, Status, law_value
from app.core.law.changes import (
    approve,
    propose,
    propose_content,
    propose_items,
    reject,
    verification,
)
from app.core.law.contents import Content, ContentUnknown, install
from app.core.law.differences import Change, InstrumentChange, describe, diff, say_period, say_source
from app.core.law.models import VALUES, ChangeState, LawChangeSet, Origin
from app.core.law.proposal import (
    Expected,
    Instrument,
    LawProposalInvalid,
    Problem,
    Proposal,
    check,
    upcoming,
)
from app.core.law.queries import (
    approvals_of,
    at,
    between,
    changed_at,
    count_in_force,
    current,
    instruments,
    items_of,
    open_change_sets,
    titles,
)
from app.core.law.refusals import (
    LawApprovalRefused,
    LawApprovedAlready,
    LawBaseMoved,
    LawChangeDecided,
    LawChangeUnknown,
    LawContentMoved,
)
from app.core.law.timeline import Action, ChangeItem, end_value, set_value
from app.core.law.units import LANGUAGES, Limit, LimitUnit, OpeningPeriod, say
from app.core.law.yaml_source import law_files, load_yaml

__all__ = [
    "LANGUAGES",
    "VALUES",
    "Action",
    "Change",
    "ChangeItem",
    "ChangeState",
    "Content",
    "ContentUnknown",
    "Expected",
    "Instrument",
    "InstrumentChange",
    "LawApprovalRefused",
    "LawApprovedAlready",
    "LawBaseMoved",
    "LawBook",
    "LawChangeDecided",
    "LawChangeSet",
    "LawChangeUnknown",
    "LawContentMoved",
    "LawProposalInvalid",
    "LawValue",
    "LawValueMissing",
    "LawValueWrongUnit",
    "Limit",
    "LimitUnit",
    "OpeningPeriod",
    "Origin",
    "Problem",
    "Proposal",
    "Status",
    "approvals_of",
    "approve",
    "at",
    "between",
    "changed_at",
    "check",
    "count_in_force",
    "current",
    "describe",
    "diff",
    "end_value",
    "install",
    "instruments",
    "items_of",
    "law_files",
    "law_value",
    "load_yaml",
    "open_change_sets",
    "propose",
    "propose_content",
    "propose_items",
    "reject",
    "say",
    "say_period",
    "say_source",
    "set_value",
    "titles",
    "upcoming",
    "verification",
]
