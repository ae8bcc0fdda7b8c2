"""What a procedure is: the data of one immutable version.

A version is written as YAML, checked, loaded as a draft and published; after that it never changes, because
dossiers point to it for ever (DESIGN D9). Guards and effects are *named* here and are Python functions elsewhere.
"""

from datetime import date
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = dict[str, str]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClockMode(StrEnum):
    """What the legal clock does while a dossier is in a state."""

    OFF = "OFF"
    RECEPTION = "RECEPTION"
    RUN = "RUN"
    PAUSE = "PAUSE"
    STOP = "STOP"


SAME = "same"
"""Target of an action that leaves the dossier in its state."""


class Side(StrEnum):
    """On which side of the desk an action is taken."""

    APPLICANT = "APPLICANT"
    OFFICER = "OFFICER"
    SYSTEM = "SYSTEM"


class Basis(_Part):
    """A legal basis: an instrument of ``law_instrument`` and, where known, the article."""

    instrument: str
    article: str = ""
    status: Literal["CITED", "ASSUMED", "VERIFIED"] = "CITED"
    note: Text = Field(default_factory=dict)


class Option(_Part):
    """One answer of a choice."""

    code: str
    label: Text


FieldType = Literal[
    "text", "textarea", "integer", "decimal", "money", "date", "choice", "choices", "boolean", "email", "phone",
    "tax_code", "site", "place", "rows",
]  # fmt: skip


class FormField(_Part):
    """
    One question.

    ``minimum`` and ``maximum`` bound numbers (in ``unit``), the length of texts and the number of rows; ``printed``
    answers appear on a statutory paper, and those with ``lang: vi`` must be written in Vietnamese; ``sensitive``
    answers are personal data and stay out of lists and titles. ``when`` is a condition of ``app.core.kit.conditions``
    over the answers: the question is asked unless it is known to be false; in a column of a table it sees the own row
    first. ``entry`` names one row of a table. ``reuse`` answers are offered again in the next dossier of the same
    party, ``party`` ones are offered from its registration. ``locked`` answers come with the
    dossier and are shown, not asked.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    type: FieldType
    label: Text
    hint: Text = Field(default_factory=dict)
    required: bool = True
    unit: str = ""
    minimum: str | None = None
    maximum: str | None = None
    options: tuple[Option, ...] = ()
    fields: tuple["FormField", ...] = ()
    when: dict[str, Any] | None = None
    printed: bool = False
    sensitive: bool = False
    autocomplete: str = ""
    lang: Literal["", "vi"] = ""
    entry: Text = Field(default_factory=dict)
    reuse: bool = False
    party: Literal["", "name"] = ""
    locked: bool = False


class FormSection(_Part):
    """A short group of questions, one page of the wizard."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    intro: Text = Field(default_factory=dict)
    fields: tuple[FormField, ...]


class Component(_Part):
    """
    A paper of the dossier.

    ``from_form``: the signed application form carries its content, so that nothing is uploaded for it.
    """

    code: str
    title: Text
    hint: Text = Field(default_factory=dict)
    mandatory: bool = True
    when: dict[str, Any] | None = None
    copy_kind: Literal["ORIGINAL", "COPY", "ELECTRONIC"] = "ELECTRONIC"
    reusable: bool = True
    signed: bool = False
    translation: bool = False
    from_form: bool = False
    basis: Basis | None = None


class State(_Part):
    """
    A state of the dossier.

    ``national`` is the code shown to the national public service portal (1-10); a draft has none. ``waits_for`` says
    who holds the dossier. ``final`` states are left by no action.
    """

    title: Text
    national: int | None = Field(default=None, ge=1, le=10)
    clock: ClockMode
    waits_for: Side
    final: bool = False
    text: Text = Field(default_factory=dict)


class Action(_Part):
    """
    A transition that somebody may take.

    ``differs_from`` names earlier actions whose actor may not take this one (four eyes). ``input`` names what must be
    given with it; ``compared`` is a declaration that a scan was compared with a print. ``to: same`` leaves the state
    as it is. ``visible`` steps appear in the applicant's timeline; the desk's own do not.
    """

    code: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Text
    sources: tuple[str, ...] = Field(alias="from")
    target: str = Field(alias="to")
    side: Side
    permission: str
    guards: tuple[str, ...] = ()
    effects: tuple[str, ...] = ()
    input: tuple[Literal["reason", "gaps", "agencies", "new_date", "compared"], ...] = ()
    differs_from: tuple[str, ...] = ()
    letter: str | None = None
    primary: bool = False
    refusal: bool = False
    visible: bool = True


REQUEST = "REQUEST"
"""Code of the component that is the written request itself; the signed form fills it."""


class StatutoryForm(_Part):
    """
    The frame of a printed form.

    ``code`` is the number of the form in the law (I.1.5); ``opening`` stands before the first section and
    ``declarations`` above the signature; ``component`` names the component of the dossier that the signed form fills.
    """

    code: str = ""
    title: Text
    opening: Text = Field(default_factory=dict)
    declarations: tuple[Text, ...] = ()
    signature: Text = Field(default_factory=dict)
    component: str = REQUEST


class SpecialLimit(_Part):
    """
    A time limit that stands in place of the general one in some cases.

    ``limit`` is the key of a law value, ``title`` names the case, ``when`` is a condition over the answers; where the
    procedure adjusts a result also over ``changed``, one row with its ``answer`` for each thing that differs.
    """

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    title: Text
    limit: str
    when: dict[str, Any]


class Definition(_Part):
    """
    One version of a procedure, complete.

    ``limit`` is the general time limit; the first of ``special_limits`` whose condition is known to hold when the
    dossier is accepted stands in its place.

    ``fee`` is the key of the law value that says how much it costs; see ``fees`` for when it falls due.

    ``adjusts`` names the procedures whose results this one changes: each dossier then has a base, the dossier that led
    to the result in force. ``begins_at`` is the page on which such a dossier is begun.
    """

    code: str = Field(pattern=r"^[A-Z][A-Z0-9_]*$")
    catalogue: str
    version: str
    valid_from: date
    valid_to: date | None = None
    title: Text
    purpose: Text
    basis: tuple[Basis, ...]
    office: str
    code_prefix: str = "HS"
    limit: str
    special_limits: tuple[SpecialLimit, ...] = ()
    reception_limit: str
    transitional: Literal["pin"] = "pin"
    fee: str | None = None
    result: Literal["CERTIFICATE", "LETTER", "NONE"] = "CERTIFICATE"
    sections: tuple[FormSection, ...]
    components: tuple[Component, ...] = ()
    form: StatutoryForm | None = None
    adjusts: tuple[str, ...] = ()
    begins_at: str = ""
    start: str = "draft"
    states: dict[str, State]
    actions: tuple[Action, ...]

    def action(self, code: str) -> Action | None:
        """Return the action of a code, or None."""
        return next((action for action in self.actions if action.code == code), None)

    def limit_key(self, code: str | None) -> str:
        """Return the law key of a special limit; of the general one for None."""
        return next((each.limit for each in self.special_limits if each.code == code), self.limit)

    def fields(self) -> dict[str, FormField]:
        """Return all top-level questions by code, in the order of the form."""
        return {field.code: field for section in self.sections for field in section.fields}
