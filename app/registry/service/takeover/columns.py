"""Which column of a file says what: the fields of a take-over, and a guess by the names of columns."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.errors import FieldProblem
from app.core.i18n import N_
from app.core.kit.text import fold
from app.registry.domain import TakeOverKind as Kind


@dataclass(frozen=True, slots=True)
class TargetField:
    """Something that a column may say; ``names`` are what people call it, folded, the best one first."""

    code: str
    label: str
    names: tuple[str, ...]
    required: bool = False


FIELDS: Mapping[Kind, tuple[TargetField, ...]] = {
    Kind.ENTERPRISE: (
        TargetField("name_vi", N_("Name in Vietnamese"),
                    ("ten doanh nghiep", "ten tieng viet", "ten cong ty", "ten to chuc", "ten dn", "company name",
                     "enterprise", "ten", "name"), required=True),
        TargetField("tax_code", N_("Tax code"),
                    ("ma so thue", "mst", "ma so doanh nghiep", "msdn", "tax code", "tax id", "ma thue")),
        TargetField("name_en", N_("Name in English"),
                    ("ten tieng anh", "ten nuoc ngoai", "ten giao dich", "english name", "name en")),
        TargetField("kind", N_("Kind of enterprise"), ("loai doanh nghiep", "loai hinh", "loai", "kind", "type")),
        TargetField("country", N_("Country of registration"),
                    ("quoc gia", "nuoc dang ky", "quoc tich", "nuoc", "country", "nationality")),
        TargetField("registration_number", N_("Registration number"),
                    ("so dang ky", "so giay chung nhan", "so gcn", "so dkkd", "registration number")),
        TargetField("established_on", N_("Day of foundation"),
                    ("ngay thanh lap", "ngay cap", "ngay dang ky", "established", "founded")),
        TargetField("phone", N_("Telephone"), ("dien thoai", "so dien thoai", "sdt", "phone", "telephone")),
        TargetField("email", N_("E-mail"), ("thu dien tu", "email", "e mail")),
        TargetField("website", N_("Website"), ("trang web", "website", "web")),
    ),
    Kind.PROJECT: (
        TargetField("name_vi", N_("Name of the project in Vietnamese"),
                    ("ten du an", "ten tieng viet", "project name", "project", "ten", "name"), required=True),
        TargetField("enterprise_tax_code", N_("Tax code of the enterprise"),
                    ("ma so thue", "mst", "ma so doanh nghiep", "ma so thue nha dau tu", "tax code"), required=True),
        TargetField("site", N_("Site"), ("khu vuc", "dia diem", "vi tri", "site", "location"), required=True),
        TargetField("code", N_("Project code"), ("ma du an", "ma so du an", "so du an", "project code")),
        TargetField("name_en", N_("Name of the project in English"), ("ten tieng anh", "english name", "name en")),
    ),
}  # fmt: skip


def signature(kind: Kind, header: Sequence[str]) -> str:
    """Return what names a shape of file: the folded names of its columns in their order."""
    return hashlib.sha256("\x1f".join([kind, *map(fold, header)]).encode()).hexdigest()


def guess(kind: Kind, header: Sequence[str]) -> dict[str, int]:
    """Return a column for each field whose name is recognised; no column serves two fields."""
    folded = [fold(name) for name in header]
    found: dict[str, int] = {}
    for exact in (True, False):
        for field in FIELDS[kind]:
            if field.code in found:
                continue
            for name in field.names:
                at = _place(folded, name, taken=set(found.values()), exact=exact)
                if at is not None:
                    found[field.code] = at
                    break
    return found


def _place(folded: Sequence[str], name: str, *, taken: set[int], exact: bool) -> int | None:
    for number, said in enumerate(folded):
        if number not in taken and (said == name if exact else f" {name} " in f" {said} "):
            return number
    return None


def mapping_problems(kind: Kind, mapping: Mapping[str, int]) -> list[FieldProblem]:
    """Return what a mapping lacks, and columns that it uses twice."""
    problems = [
        FieldProblem(
            f"field-{field.code}", "missing", N_("Choose the column; without it no row can be taken over.")
        )
        for field in FIELDS[kind]
        if field.required and field.code not in mapping
    ]
    used: dict[int, str] = {}
    for code, column in mapping.items():
        if column in used:
            problems.append(
                FieldProblem(f"field-{code}", "twice", N_("This column is chosen for another field already."))
            )
        used[column] = code
    return problems
