"""What the letters of a dossier say: sentences from ``letters.yaml``, facts from the dossier. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import BaseModel, ConfigDict

from app.core.documents.typeset import JSON
from app.core.i18n.formats import format_limit
from app.core.law import Instrument, Limit
from app.core.workflow.definition import Definition
from app.core.workflow.gaps import GAP_CODES
from app.core.workflow.standing_in import COUNTER, POST

Part = dict[str, JSON]

_CHANNELS = {"ONLINE": "Trực tuyến", "COUNTER": "Trực tiếp", "POST": "Bưu chính công ích"}
_BROUGHT = {"COUNTER": "Người đến nộp", "POST": "Người gửi"}
_REASON = "Lý do"
_NUMBERED_FIRST = ("Nghị định", "Thông tư", "Quyết định", "Nghị quyết")


class LetterForm(BaseModel):
    """The frame of one kind of letter; ``closing_at_desk`` closes that of a dossier which came on paper."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    symbol: str
    subject: str
    position: str
    signed: bool
    official: bool = False
    opening: tuple[str, ...]
    closing: tuple[str, ...]
    closing_at_desk: tuple[str, ...] = ()


@cache
def letter_forms() -> Mapping[str, LetterForm]:
    """Read the frames of all kinds."""
    content = yaml.safe_load(Path(__file__).with_name("letters.yaml").read_text(encoding="utf-8"))
    return {kind: LetterForm.model_validate(form) for kind, form in content.items()}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a letter knows of its dossier; times are aware."""

    code: str
    applicant: str
    procedure: str
    agency: str
    office: str
    channel: str
    presenter: str
    submitted_at: datetime | None
    accepted_at: datetime | None
    appointment_at: datetime | None
    rescheduled_to: datetime | None
    limit: Limit | None
    limit_case: str
    components: Sequence[tuple[str, int]]
    track: str
    zone: ZoneInfo

    def words(self) -> dict[str, str]:
        """Return the values that sentences may name."""
        return {
            "code": self.code,
            "applicant": self.applicant,
            "procedure": self.procedure,
            "agency": self.agency,
            "office": self.office,
            "track": self.track,
        }

    def said(self, at: datetime | None) -> str:
        """Write an instant as the paper does."""
        return f"{at.astimezone(self.zone):%H giờ %M, ngày %d/%m/%Y}" if at is not None else "…"


def content(kind: str, facts: Facts, params: Mapping[str, Any], definition: Definition) -> list[Part]:
    """Return the parts of a letter's body."""
    form = letter_forms()[kind]
    at_desk = facts.channel in {COUNTER, POST} and form.closing_at_desk
    return [
        *_paragraphs(form.opening, facts),
        *_BODIES[kind](facts, params, definition),
        *_paragraphs(form.closing_at_desk if at_desk else form.closing, facts),
    ]


def basis_lines(
    definition: Definition, instruments: Mapping[str, Instrument], articles: Sequence[Mapping[str, str]]
) -> list[str]:
    """
    Return the legal basis as a paper cites it: what the procedure rests on, and the articles of the reasons.

    No article is named that neither the procedure's data nor the officer gave.

    :raises KeyError: an article names an instrument that the law data lack.
    """
    named = [(each.instrument, each.article) for each in definition.basis]
    named += [(each["instrument"], each.get("article", "")) for each in articles]
    lines = []
    for code, article in dict.fromkeys(named):
        instrument = instruments[code]
        title = _cited(instrument)
        lines.append(f"Căn cứ Điều {article} {title};" if article else f"Căn cứ {title};")
    return lines


def _cited(instrument: Instrument) -> str:
    """Cite an instrument as papers do: a law by its name and number, others by kind, number and name."""
    title = instrument.title["vi"]
    for kind in _NUMBERED_FIRST:
        if title.startswith(f"{kind} "):
            return f"{kind} số {instrument.number} {title.removeprefix(kind).strip()}"
    return f"{title} số {instrument.number}"


def _paragraphs(lines: Sequence[str], facts: Facts) -> list[Part]:
    return [{"kind": "paragraph", "text": line % facts.words()} for line in lines]


def _receipt(facts: Facts, params: Mapping[str, Any], definition: Definition) -> list[Part]:
    rows = [
        ["Mã hồ sơ", facts.code],
        ["Nội dung yêu cầu giải quyết", facts.procedure],
        ["Đơn vị giải quyết", facts.office],
        ["Hình thức nộp", _CHANNELS.get(facts.channel, facts.channel)],
        *([[_BROUGHT.get(facts.channel, "Người nộp"), facts.presenter]] if facts.presenter else []),
        ["Nộp lúc", facts.said(facts.submitted_at)],
        ["Tiếp nhận lúc", facts.said(facts.accepted_at)],
        ["Thời hạn giải quyết", _limit(facts.limit, facts.limit_case)],
        ["Hẹn trả kết quả", facts.said(facts.appointment_at)],
    ]
    parts: list[Part] = [{"kind": "facts", "rows": rows}]
    if facts.components:
        parts.append({"kind": "heading", "text": "Thành phần hồ sơ đã nộp"})
        cells = [
            [str(number), title, str(files)]
            for number, (title, files) in enumerate(facts.components, start=1)
        ]
        columns = ["STT", "Tên giấy tờ", "Số tệp"]
        parts.append({"kind": "table", "columns": columns, "rows": cells, "widths": [1, 9, 2]})
    return parts


def _supplement(facts: Facts, params: Mapping[str, Any], definition: Definition) -> list[Part]:
    cells = [
        [str(number), _target(gap, definition), _wanting(gap)]
        for number, gap in enumerate(params.get("gaps") or (), start=1)
    ]
    columns = ["STT", "Nội dung của hồ sơ", "Yêu cầu"]
    parts: list[Part] = [{"kind": "table", "columns": columns, "rows": cells, "widths": [1, 5, 8]}]
    return parts + _reason(params)


def _refused(facts: Facts, params: Mapping[str, Any], definition: Definition) -> list[Part]:
    reasons = [line.strip() for line in str(params.get("reason") or "").splitlines() if line.strip()]
    gaps = [f"{_target(gap, definition)}: {_wanting(gap)}" for gap in params.get("gaps") or ()]
    return [{"kind": "list", "items": [*reasons, *gaps]}]


def _apology(facts: Facts, params: Mapping[str, Any], definition: Definition) -> list[Part]:
    new = params.get("new_date") or facts.said(facts.rescheduled_to)
    rows = [
        ["Tiếp nhận lúc", facts.said(facts.accepted_at)],
        ["Ngày hẹn trả kết quả đã ghi", facts.said(facts.appointment_at)],
        ["Hẹn lại ngày trả kết quả", str(new)],
    ]
    return [{"kind": "facts", "rows": rows}, *_reason(params)]


_BODIES = {
    "RECEIPT": _receipt,
    "SUPPLEMENT": _supplement,
    "NOT_ACCEPTED": _refused,
    "REFUSAL": _refused,
    "APOLOGY": _apology,
}


def _reason(params: Mapping[str, Any]) -> list[Part]:
    text = str(params.get("reason") or "").strip()
    return [{"kind": "paragraph", "text": f"{_REASON}: {text}"}] if text else []


def _target(gap: Mapping[str, Any], definition: Definition) -> str:
    """Name what a gap concerns: a question or a paper of the procedure."""
    code = str(gap.get("target") or gap.get("field") or gap.get("component") or "")
    field = definition.fields().get(code)
    if field is not None:
        return field.label["vi"]
    return next((each.title["vi"] for each in definition.components if each.code == code), code)


def _wanting(gap: Mapping[str, Any]) -> str:
    code = str(gap.get("code") or "")
    known = GAP_CODES.get(code)
    note = str(gap.get("note") or gap.get("text") or "").strip()
    said = known["vi"] if known else code
    return ": ".join(part for part in (said, note) if part)


def _limit(limit: Limit | None, case: str) -> str:
    if limit is None:
        return "…"
    said = format_limit(limit.amount, limit.unit, lang="vi")
    return f"{said} ({case[:1].lower()}{case[1:]})" if case else said
