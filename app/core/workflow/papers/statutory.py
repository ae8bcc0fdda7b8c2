"""The statutory form of a procedure: what is printed around the answers, as data of the procedure's version."""

from app.core.workflow.definition import REQUEST, Definition, StatutoryForm

__all__ = ["REQUEST", "StatutoryForm", "statutory_form"]


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
    if definition.form is not None:
        return definition.form
    request = next((each.title for each in definition.components if each.code == REQUEST), None)
    return _PLAIN.model_copy(update={"title": request}) if request else _PLAIN
