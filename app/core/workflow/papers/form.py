"""The statutory form: the answers of a dossier as they are printed, in Vietnamese or as a reference translation."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from app.core.documents.typeset import JSON, typeset
from app.core.evidence.canonical import canonical_json
from app.core.geo import place_from_json, place_line
from app.core.i18n import formats, localise
from app.core.kit.personal import MASK, Cover, Personal, to_stored
from app.core.kit.time import local_day
from app.core.settings.zone import ZoneConfig
from app.core.workflow.answers import asked, of_row
from app.core.workflow.bases import adjusted
from app.core.workflow.definition import Definition, FormField, FormSection
from app.core.workflow.papers.statutory import StatutoryForm, statutory_form

TEMPLATE = "application_form"
SIGNATURE_FIELD = "applicant"
MAX_COLUMNS = 5

_WORDS: Mapping[str, Mapping[str, str]] = {
    "vi": {
        "state": "Cộng hòa xã hội chủ nghĩa Việt Nam",
        "motto": "Độc lập - Tự do - Hạnh phúc",
        "to": "Kính gửi: {name}",
        "form": "Mẫu {code}",
        "declarations": "Cam kết",
        "signer": "Người đại diện ký",
        "unsigned": "(chưa ký)",
        "draft": "BẢN NHÁP",
        "banner": "Bản in từ dữ liệu đang soạn, chưa nộp, chưa ký.",
        "filed": "Bản in không ký số từ dữ liệu của hồ sơ; bản có chữ ký nằm trong hồ sơ.",
        "fingerprint": "Mã nội dung (SHA-256): {digest}",
        "none": "Không có",
        "changes": "Nội dung điều chỉnh",
        "changes_label": "So với Giấy chứng nhận đang có hiệu lực",
        "what": "Nội dung",
        "before": "Đã đăng ký",
        "after": "Đề nghị điều chỉnh thành",
        "yes": "Có",
        "no": "Không",
    },
    "en": {
        "state": "Socialist Republic of Viet Nam",
        "motto": "Independence - Freedom - Happiness",
        "to": "To: {name}",
        "form": "Form {code}",
        "declarations": "Commitments",
        "signer": "Representative",
        "unsigned": "(not signed)",
        "draft": "DRAFT",
        "filed": "",
        "banner": (
            "Bản dịch tham khảo / Reference translation. The Vietnamese text is the one that counts; "
            "free text stands in the language in which it was written."
        ),
        "fingerprint": "Fingerprint of the content (SHA-256): {digest}",
        "none": "None",
        "changes": "What changes",
        "changes_label": "Against the certificate in force",
        "what": "Content",
        "before": "As registered",
        "after": "To become",
        "yes": "Yes",
        "no": "No",
    },
}


@dataclass(frozen=True, slots=True)
class Print:
    """
    One print: of whose dossier, when and for which zone, in which language.

    ``draft``: the dossier is not filed; ``for_signing``: the Vietnamese print that takes a signature, without any mark.
    ``before``: the answers behind the result that the dossier adjusts; what differs is printed beside them.
    """

    applicant: str
    zone: ZoneConfig
    at: datetime
    lang: str = "vi"
    draft: bool = True
    for_signing: bool = False
    signer: str = ""
    before: Mapping[str, Any] | None = None


def printed_answers(definition: Definition, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answers that the form shows: of printed questions that are asked."""
    return {
        field.code: _printed_part(field, answers[field.code])
        for field in definition.fields().values()
        if field.printed and asked(field, answers) and answers.get(field.code) is not None
    }


def _columns(field: FormField) -> list[FormField]:
    """Return the columns of a table that are printed: the marked ones, or all where none is marked."""
    return [part for part in field.fields if part.printed] or list(field.fields)


def _printed_part(field: FormField, value: Any) -> Any:
    if field.type != "rows":
        return value
    codes = [part.code for part in _columns(field)]
    return [{code: row[code] for code in codes if row.get(code) is not None} for row in value]


def form_digest(definition: Definition, answers: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of what the form shows; a signature stands for exactly one digest.

    Personal answers go in by their sealed form, which changes with them.
    """
    content: dict[str, Any] = {
        "procedure": definition.code,
        "answers": to_stored(printed_answers(definition, answers)),
    }
    return hashlib.sha256(canonical_json(content)).hexdigest()


def has_form(definition: Definition) -> bool:
    """Tell whether the procedure prints anything that could be signed."""
    return any(field.printed for field in definition.fields().values())


def print_form(definition: Definition, answers: Mapping[str, Any], order: Print) -> bytes:
    """
    Print the form as PDF; equal input gives equal bytes.

    :raises TextNotPrintable: an answer has characters that no font of the installation has.
    """
    return typeset(TEMPLATE, form_data(definition, answers, order), at=order.at)


def form_data(definition: Definition, answers: Mapping[str, Any], order: Print) -> dict[str, JSON]:
    """Return the data of the template."""
    form, lang = statutory_form(definition), order.lang
    words = _WORDS[lang]
    day = local_day(order.at, order.zone.tz)
    title = _said(form.title, lang)
    about = _said(definition.title, lang)
    return {
        "lang": lang,
        "title": title,
        "about": about if about.casefold() != title.casefold() else None,
        "applicant": order.applicant,
        "code": words["form"].format(code=form.code) if form.code else None,
        "motto": [words["state"], words["motto"]],
        "place": _said(order.zone.city, lang),
        "date": _long_date(day, lang),
        "addressee": words["to"].format(name=_said(order.zone.authority.name, lang)),
        "opening": _said(form.opening, lang) or None,
        "sections": _sections(definition, answers, order),
        "declarations_title": words["declarations"],
        "declarations": [_said(line, lang) for line in form.declarations],
        "signature": _signature(form, order, words),
        "fingerprint": words["fingerprint"].format(digest=form_digest(definition, answers)),
        "banner": _banner(order, words),
        "watermark": words["draft"] if order.draft and not order.for_signing else None,
    }


def _banner(order: Print, words: Mapping[str, str]) -> str | None:
    if order.for_signing:
        return None
    return words["banner"] if order.draft else words["filed"] or words["banner"]


def _signature(form: StatutoryForm, order: Print, words: Mapping[str, str]) -> dict[str, JSON]:
    position = _said(form.signature, order.lang) or words["signer"]
    if order.for_signing:
        return {"position": position, "field": SIGNATURE_FIELD, "name": order.signer or None}
    return {"position": position, "note": words["unsigned"], "name": None}


def _printed_sections(definition: Definition, answers: Mapping[str, Any]) -> list[FormSection]:
    return [
        section
        for section in definition.sections
        if any(field.printed and asked(field, answers) for field in section.fields)
    ]


def _sections(definition: Definition, answers: Mapping[str, Any], order: Print) -> list[JSON]:
    """Return the sections of the form; an adjustment shows its changes after what it says of itself."""
    printed: list[JSON] = [
        _section(section, answers, order.lang) for section in _printed_sections(definition, answers)
    ]
    if order.before is not None:
        printed.insert(1, _changes(definition, order.before, answers, order.lang))
    return printed


def _changes(
    definition: Definition, before: Mapping[str, Any], after: Mapping[str, Any], lang: str
) -> dict[str, JSON]:
    words = _WORDS[lang]
    rows: list[JSON] = [
        [
            _said(change.label, lang),
            printed_value(change.field, change.before, lang) or words["none"],
            printed_value(change.field, change.after, lang) or words["none"],
        ]
        for change in adjusted(definition, before, after)
    ]
    table: dict[str, JSON] = {
        "label": words["changes_label"],
        "columns": [words["what"], words["before"], words["after"]],
        "rows": rows or [[words["none"], "", ""]],
    }
    return {"title": words["changes"], "rows": [], "tables": [table]}


def _section(section: FormSection, answers: Mapping[str, Any], lang: str) -> dict[str, JSON]:
    fields = [field for field in section.fields if field.printed and asked(field, answers)]
    return {
        "title": _said(section.title, lang),
        "rows": [
            [_said(field.label, lang), printed_value(field, answers.get(field.code), lang) or "…"]
            for field in fields
            if field.type != "rows"
        ],
        "tables": [_table(field, answers, lang) for field in fields if field.type == "rows"],
    }


def _table(field: FormField, answers: Mapping[str, Any], lang: str) -> dict[str, JSON]:
    """Return a table of rows, or one block a row where the columns would not fit side by side."""
    columns, rows = _columns(field), list(answers.get(field.code) or ())
    label = _said(field.label, lang)
    if len(columns) > MAX_COLUMNS and rows:
        return {
            "label": label,
            "entries": [
                _entry(field, answers, row, number, lang) for number, row in enumerate(rows, start=1)
            ],
        }
    cells = [[printed_value(part, row.get(part.code), lang) for part in columns] for row in rows]
    empty = [[_WORDS[lang]["none"], *[""] * (min(len(columns), MAX_COLUMNS) - 1)]]
    return {
        "label": label,
        "columns": [_said(part.label, lang) for part in columns[:MAX_COLUMNS]],
        "rows": cells or empty,
    }


def _entry(
    field: FormField, answers: Mapping[str, Any], row: Mapping[str, Any], number: int, lang: str
) -> dict[str, JSON]:
    known = of_row(answers, row)
    return {
        "title": f"{_said(field.entry, lang) or _said(field.label, lang)} {number}",
        "rows": [
            [_said(part.label, lang), printed_value(part, row.get(part.code), lang) or "…"]
            for part in _columns(field)
            if asked(part, known)
        ],
    }


def printed_value(field: FormField, value: Any, lang: str) -> str:
    """Return an answer as a paper in that language writes it; an empty text for no answer."""
    if value is None:
        return ""
    if isinstance(value, Personal) and value.cover is not Cover.OPEN:
        return MASK
    labels = {option.code: _said(option.label, lang) for option in field.options}
    match field.type:
        case "choice" | "site":
            text = labels.get(value, str(value))
        case "choices":
            text = "; ".join(labels.get(code, code) for code in value)
        case "boolean":
            text = _WORDS[lang]["yes" if value else "no"]
        case "money":
            text = formats.format_money(Decimal(value["amount"]), value["currency"], lang=lang)
        case "integer" | "decimal":
            text = f"{formats.format_number(Decimal(value), lang=lang)} {field.unit}".strip()
        case "place":
            text = place_line(place_from_json(value))
        case "date":
            text = date.fromisoformat(value).strftime("%d/%m/%Y")
        case _:
            text = str(value)
    return text


def _said(text: Mapping[str, str], lang: str) -> str:
    return localise(text, lang)[0]


def _long_date(day: date, lang: str) -> str:
    if lang == "vi":
        return f"ngày {day.day:02d} tháng {day.month:02d} năm {day.year}"
    return f"{day.day:02d}/{day.month:02d}/{day.year}"
