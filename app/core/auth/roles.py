"""The roles of the platform, in one table. What a role may do is said by the permissions, not here."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from app.core.kit.actor import ActorKind


class UserKind(StrEnum):
    """On which side of the desk an account works; it decides the database login, so nobody holds both."""

    CUSTOMER = "CUSTOMER"
    OFFICER = "OFFICER"

    @property
    def actor_kind(self) -> ActorKind:
        """Return the kind of actor that an account of this kind becomes."""
        return ActorKind(self.value)


@dataclass(frozen=True, slots=True)
class Role:
    """A bundle of permissions under a name that people know; ``title`` and ``description`` by language."""

    code: str
    kind: UserKind
    title: Mapping[str, str]
    description: Mapping[str, str]


def _role(code: str, kind: UserKind, title: tuple[str, str], description: tuple[str, str]) -> Role:
    vi, en = title
    long_vi, long_en = description
    return Role(code, kind, {"vi": vi, "en": en}, {"vi": long_vi, "en": long_en})


_CUSTOMER, _OFFICER = UserKind.CUSTOMER, UserKind.OFFICER

_TABLE = (
    _role(
        "PERSON",
        _CUSTOMER,
        ("Cá nhân", "Person"),
        (
            "Tài khoản của chính mình: đăng ký đại diện cho doanh nghiệp và nhận lời mời; chưa nộp hồ sơ.",
            "The own account: asks to act for an enterprise and takes invitations; files nothing yet.",
        ),
    ),
    _role(
        "ENTERPRISE_ADMIN",
        _CUSTOMER,
        ("Quản trị doanh nghiệp", "Enterprise administrator"),
        (
            "Quản lý tài khoản, vai trò và ủy quyền của doanh nghiệp mình.",
            "Manages the accounts, roles and delegations of the own enterprise.",
        ),
    ),
    _role(
        "FILER",
        _CUSTOMER,
        ("Người lập hồ sơ", "Filer"),
        (
            "Lập, nộp, bổ sung và theo dõi hồ sơ; không ký thay doanh nghiệp.",
            "Prepares, files, completes and follows dossiers; does not sign for the enterprise.",
        ),
    ),
    _role(
        "SIGNER",
        _CUSTOMER,
        ("Người ký", "Signer"),
        (
            "Ký hồ sơ và cam kết với tư cách người đại diện của doanh nghiệp.",
            "Signs dossiers and commitments as a representative of the enterprise.",
        ),
    ),
    _role(
        "INTAKE",
        _OFFICER,
        ("Cán bộ tiếp nhận", "Intake officer"),
        (
            "Kiểm tra, tiếp nhận hoặc trả lại hồ sơ và trả kết quả.",
            "Checks, accepts or returns dossiers and hands over results.",
        ),
    ),
    _role(
        "APPRAISER",
        _OFFICER,
        ("Chuyên viên thẩm định", "Appraiser"),
        (
            "Thẩm định hồ sơ, lấy ý kiến các cơ quan và dự thảo quyết định.",
            "Appraises dossiers, asks agencies for their opinion and drafts decisions.",
        ),
    ),
    _role(
        "HEAD",
        _OFFICER,
        ("Lãnh đạo phòng", "Head of division"),
        (
            "Phân công công việc, soát xét dự thảo và trình lãnh đạo.",
            "Assigns work, reviews drafts and submits them to the leadership.",
        ),
    ),
    _role(
        "LEADER",
        _OFFICER,
        ("Lãnh đạo cơ quan", "Leader"),
        ("Quyết định và ký văn bản của cơ quan.", "Decides and signs for the authority."),
    ),
    _role(
        "LEGAL",
        _OFFICER,
        ("Cán bộ pháp chế", "Legal officer"),
        (
            "Đề xuất và phê duyệt giá trị pháp luật, quy trình thủ tục.",
            "Proposes and approves legal values and procedures.",
        ),
    ),
    _role(
        "ADMIN",
        _OFFICER,
        ("Quản trị hệ thống", "Administrator"),
        (
            "Quản lý tài khoản, đơn vị và phiên đăng nhập; không quyết định hồ sơ.",
            "Manages accounts, offices and sessions; decides no dossier.",
        ),
    ),
    _role(
        "AUDITOR",
        _OFFICER,
        ("Kiểm tra, giám sát", "Auditor"),
        ("Đọc nhật ký chứng cứ; không thay đổi dữ liệu.", "Reads the evidence log; changes nothing."),
    ),
    _role(
        "TREASURER",
        _OFFICER,
        ("Kế toán thu", "Treasurer"),
        (
            "Theo dõi khoản thu, khoản chưa rõ phiếu, hoàn trả, đối chiếu sao kê; không giải quyết hồ sơ.",
            "Follows receipts, unclear payments, refunds and bank statements; decides no dossier.",
        ),
    ),
    _role(
        "CUSTOMS",
        _OFFICER,
        ("Công chức hải quan", "Customs officer"),
        (
            "Theo dõi doanh nghiệp, tờ khai và chênh lệch trong khu; hỏi và ghi biên bản kiểm tra; không thông quan.",
            "Follows firms, declarations and differences in the zone; asks and notes inspections; clears nothing.",
        ),
    ),
    _role(
        "CONSULTEE",
        _OFFICER,
        ("Cơ quan được lấy ý kiến", "Consulted agency"),
        (
            "Trả lời yêu cầu lấy ý kiến gửi đến cơ quan mình.",
            "Answers requests for an opinion that reach the own agency.",
        ),
    ),
)

ROLES: Mapping[str, Role] = MappingProxyType({role.code: role for role in _TABLE})
