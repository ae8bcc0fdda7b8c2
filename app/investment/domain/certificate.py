"""The content of a certificate, from the answers of a dossier, and how it reads on paper."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Row = list[str]
Part = dict[str, Any]

_MONEY = ("capital", "capital_usd", "contributed", "mobilised")


def certificate_content(
    answers: Mapping[str, Any], labels: Mapping[str, str], *, project_code: str = ""
) -> dict[str, Any]:
    """
    Return what the certificate records, from the answers of the dossier.

    Codes stay beside their Vietnamese labels, so that the content can be compared, counted and printed without the
    procedure version that it came from.

    :param answers: the submission's answers.
    :param labels: Vietnamese labels of chosen options by ``field:code``, of columns by ``field.column:code``.
    :param project_code: of the national registry, ten digits.
    """
    investors = [_investor(row, labels) for row in answers["investors"]]
    vsic = answers["vsic"]
    return {
        "project_code": project_code or None,
        "investor_name": "; ".join(investor["name"] for investor in investors),
        "investors": investors,
        "organisation": {
            "kind": answers["economic_organisation"],
            "name": answers.get("organisation_name"),
            "tax_code": answers.get("organisation_tax_code"),
        },
        "project_name_vi": answers["project_name_vi"],
        "project_name_en": answers.get("project_name_en"),
        "objective": answers["objective"],
        "scale": answers["scale"],
        "industry": {
            "code": vsic if vsic != "OTHER" else f"VSIC2025:{answers['vsic_other']}",
            "label": labels[f"vsic:{vsic}"] if vsic != "OTHER" else answers["vsic_other"],
        },
        "location": {
            "site": answers["site"],
            "site_label": labels[f"site:{answers['site']}"],
            "area": answers["functional_area"],
            "area_label": labels[f"functional_area:{answers['functional_area']}"],
            "lot": answers.get("lot"),
            "land_area_m2": answers["land_area"],
        },
        **{name: dict(answers[name]) for name in _MONEY},
        "exchange_rate": {
            "rate": answers["exchange_rate"],
            "on": answers["rate_on"],
            "source": answers["rate_source"],
        },
        "term_years": answers["term_years"],
        "milestones": [
            {**row, "label": labels[f"milestones.kind:{row['kind']}"]}
            for row in sorted(answers["milestones"], key=lambda row: str(row["on"]))
        ],
        "incentives": [
            {"code": code, "label": labels[f"incentives:{code}"]} for code in answers.get("incentives") or ()
        ],
        "commitments": [
            {**row, "label": labels[f"commitments.kind:{row['kind']}"]}
            for row in answers.get("commitments") or ()
        ],
    }


def _investor(row: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    other = row.get("country_other")
    country = row["country"]
    return {
        "kind": row["kind"],
        "name": row["name"],
        "country": country,
        "country_label": other if country == "OTHER" else labels[f"investors.country:{country}"],
        "id_number": row["id_number"],
        "address": row["address"],
        "representative": row.get("representative"),
        "representative_position": row.get("representative_position"),
        "contribution": dict(row["contribution"]),
        "contribution_form": labels[f"investors.contribution_form:{row['contribution_form']}"],
        "share": row["share"],
    }


def printed_certificate(content: Mapping[str, Any], *, zone: str) -> list[Part]:
    """
    Return the body of the paper: headings, facts and tables in the order of form I.2.6, in Vietnamese.

    :param zone: Vietnamese name of the zone.
    """
    code = content.get("project_code")
    return [
        *([{"kind": "facts", "rows": [["Mã số dự án", code]]}] if code else []),
        {"kind": "heading", "text": "1. Nhà đầu tư"},
        *(
            part
            for number, row in enumerate(content["investors"], 1)
            for part in _printed_investor(number, row)
        ),
        {"kind": "heading", "text": "2. Dự án đầu tư"},
        {"kind": "facts", "rows": list(_project_rows(content))},
        {"kind": "heading", "text": "3. Địa điểm thực hiện"},
        {"kind": "facts", "rows": list(_location_rows(content["location"], zone))},
        {"kind": "heading", "text": "4. Vốn đầu tư"},
        {"kind": "facts", "rows": list(_capital_rows(content))},
        {"kind": "heading", "text": "5. Thời hạn và tiến độ"},
        {"kind": "facts", "rows": list(_schedule_rows(content))},
        *_further(content),
    ]


def printed_changes(rows: Sequence[Sequence[str]], *, revision: int, before: datetime) -> list[Part]:
    """
    Return what an adjusted certificate says of its adjustment: which one it is, and what it changes.

    :param rows: content, what was registered, what it becomes.
    :param revision: 2 for the first adjustment.
    :param before: when the revision was signed that this one supersedes, in UTC.
    """
    text = (
        f"Giấy chứng nhận điều chỉnh lần thứ {revision - 1}, thay thế bản ký ngày {before:%d/%m/%Y}. "
        "Nội dung không nêu trong bảng sau được giữ nguyên."
    )
    return [
        {"kind": "heading", "text": "Nội dung điều chỉnh"},
        {"kind": "paragraph", "text": text},
        {
            "kind": "table",
            "columns": ["Nội dung", "Đã đăng ký", "Điều chỉnh thành"],
            "widths": [3, 4, 4],
            "rows": [list(row) for row in rows],
        },
    ]


def _printed_investor(number: int, row: Mapping[str, Any]) -> Iterator[Part]:
    organisation = row["kind"] == "ORGANISATION"
    rows = [
        [f"Nhà đầu tư thứ {number}", row["name"]],
        ["Nơi đăng ký" if organisation else "Quốc tịch", row["country_label"]],
        ["Giấy đăng ký doanh nghiệp số" if organisation else "Hộ chiếu hoặc giấy tờ số", row["id_number"]],
        ["Địa chỉ", row["address"]],
    ]
    if row["representative"]:
        rows.append(
            ["Người đại diện theo pháp luật", f"{row['representative']}, {row['representative_position']}"]
        )
    share = f"{printed_number(row['share'])} %"
    rows.append(
        ["Vốn góp", f"{printed_money(row['contribution'])}, {share}, {row['contribution_form'].lower()}"]
    )
    yield {"kind": "facts", "rows": rows}


def _project_rows(content: Mapping[str, Any]) -> Iterator[Row]:
    yield ["Tên dự án", content["project_name_vi"]]
    if content["project_name_en"]:
        yield ["Tên bằng tiếng Anh", content["project_name_en"]]
    organisation = content["organisation"]
    if organisation["name"]:
        tax = f", mã số thuế {organisation['tax_code']}" if organisation["tax_code"] else ""
        yield ["Tổ chức kinh tế thực hiện dự án", f"{organisation['name']}{tax}"]
    yield ["Mục tiêu", content["objective"]]
    yield ["Mã ngành (VSIC 2025)", content["industry"]["label"]]
    yield ["Quy mô", content["scale"]]


def _location_rows(location: Mapping[str, Any], zone: str) -> Iterator[Row]:
    lot = f"{location['lot']}, " if location["lot"] else ""
    yield ["Địa điểm", f"{lot}{location['site_label']}, {zone}"]
    yield ["Phân khu chức năng", location["area_label"]]
    yield ["Diện tích đất", f"{printed_number(location['land_area_m2'])} m²"]


def _capital_rows(content: Mapping[str, Any]) -> Iterator[Row]:
    rate = content["exchange_rate"]
    yield [
        "Tổng vốn đầu tư",
        f"{printed_money(content['capital'])}, tương đương {printed_money(content['capital_usd'])}",
    ]
    yield [
        "Tỷ giá",
        f"{printed_number(rate['rate'])} VND/USD ngày {printed_day(rate['on'])}, {rate['source']}",
    ]
    yield ["Trong đó vốn góp", printed_money(content["contributed"])]
    yield ["Vốn huy động", printed_money(content["mobilised"])]


def _schedule_rows(content: Mapping[str, Any]) -> Iterator[Row]:
    yield ["Thời hạn hoạt động", f"{content['term_years']} năm"]
    for row in content["milestones"]:
        note = f" ({row['note']})" if row.get("note") else ""
        yield [row["label"] + note, printed_day(row["on"])]


def _further(content: Mapping[str, Any]) -> Iterator[Part]:
    if content["incentives"]:
        yield {"kind": "heading", "text": "6. Ưu đãi nhà đầu tư đề nghị"}
        yield {"kind": "list", "items": [each["label"] for each in content["incentives"]]}
    if content["commitments"]:
        yield {"kind": "heading", "text": "7. Cam kết theo thủ tục đầu tư đặc biệt"}
        yield {
            "kind": "table",
            "columns": ["Lĩnh vực", "Nội dung", "Căn cứ", "Thời hạn"],
            "widths": [2, 5, 3, 2],
            "rows": _commitment_rows(content["commitments"]),
        }


def _commitment_rows(commitments: Sequence[Mapping[str, Any]]) -> list[Row]:
    return [
        [each["label"], each["text"], each["article"], printed_day(each["due_on"])] for each in commitments
    ]


def printed_money(money: Mapping[str, str]) -> str:
    """
    Return an amount as Vietnamese papers write it: points between thousands, a comma before decimals, the currency.

    Decree 30/2020 leaves numbers in words to the issuing authority.
    """
    amount = Decimal(money["amount"])
    text = f"{amount:,.2f}" if amount % 1 else f"{amount:,.0f}"
    return f"{_vietnamese(text)} {money['currency']}"


def printed_number(value: str | int) -> str:
    """Return a number as Vietnamese papers write it, with the decimals that it has."""
    return _vietnamese(f"{Decimal(value):,f}")


def printed_day(value: str) -> str:
    """Return an ISO day as ``27/03/2026``."""
    return date.fromisoformat(value).strftime("%d/%m/%Y")


def _vietnamese(text: str) -> str:
    return text.translate(str.maketrans(",.", ".,"))
