"""The statutory form of a procedure: what is printed around the answers, as data of the procedure's version."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from app.core.workflow.definition import Definition, Text

REQUEST = "REQUEST"
"""Code of the component that is the written request itself; the signed form fills it."""


class StatutoryForm(BaseModel):
    """
    The frame of a printed form.

    ``code`` is the number of the form in the law (I.1.5); ``opening`` stands before the first section and
    ``declarations`` above the signature; ``component`` names the component of the dossier that the signed form fills.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str = ""
    title: Text
    opening: Text = Field(default_factory=dict)
    declarations: tuple[Text, ...] = ()
    signature: Text = Field(default_factory=dict)
    component: str = REQUEST


_PLAIN = StatutoryForm(
    title={"vi": "Đơn đề nghị giải quyết thủ tục hành chính", "en": "Application"},
    opening={
        "vi": "Đề nghị cơ quan có thẩm quyền giải quyết thủ tục với các nội dung như sau:",
        "en": "The applicant asks the competent authority to decide on the following:",
    },
    declarations=(
        {
            "vi": "Người nộp hồ sơ chịu trách nhiệm trước pháp luật về tính hợp pháp, chính xác, trung thực của hồ sơ.",
            "en": "The applicant answers before the law for the legality, accuracy and truth of the dossier.",
        },
    ),
)


def statutory_form(definition: Definition) -> StatutoryForm:
    """Return the form of a procedure's version; one that names none is titled as its written request is."""
    declared: Any = getattr(definition, "form", None)
    if declared is None:
        request = next((each.title for each in definition.components if each.code == REQUEST), None)
        return _PLAIN.model_copy(update={"title": request}) if request else _PLAIN
    return StatutoryForm.model_validate(
        declared.model_dump() if isinstance(declared, BaseModel) else declared
    )
