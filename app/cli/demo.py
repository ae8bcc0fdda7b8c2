"""The demo zone: fictitious accounts with known passwords, for development only."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cli.demo_zone import BROKER, BYEOL, HOSHI, SAIL, SEA_STAR, SHELL, enter_enterprises
from app.core.auth.delegations import delegations_of, give_delegation
from app.core.auth.models import Office, Party, User
from app.core.auth.roles import UserKind
from app.core.auth.service import add_membership, fold_login, register_person
from app.core.db import Database, DbRole, SessionContext
from app.core.documents.signing import SignerIdentity
from app.core.kit.actor import SYSTEM
from app.core.kit.time import local_day
from app.core.payments.receipts import SEAL as RECEIPTS
from app.core.settings import Settings
from app.core.workflow.papers.keys import SIGNING_ROLES, ensure_applicant_key
from app.customs.tariff import facade as tariff
from app.modules import Platform

# Known to everybody: accounts of the demo zone refuse to exist when FTZ_ENV=production.
PASSWORD = "thu-nghiem-2026"  # noqa: S105  a demo password, printed at start

# The fictitious people were there before the first fictitious dossier was filed.
OLDEST = timedelta(days=120)

AUTH = SessionContext(DbRole.AUTH)
OFFICER = SessionContext(DbRole.OFFICER)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A fictitious person: where they belong and as what."""

    login: str
    name: str
    kind: UserKind
    party: str
    role: str
    position: str = ""


ACCOUNTS = (
    DemoAccount("nop.hoso", "Người nộp Thử Nghiệm", UserKind.CUSTOMER, SEA_STAR, "ENTERPRISE_ADMIN"),
    DemoAccount("hoshi", "Filer Demo", UserKind.CUSTOMER, HOSHI, "ENTERPRISE_ADMIN"),
    DemoAccount("vo.oc", "Nhập khẩu Thử Nghiệm (hư cấu)", UserKind.CUSTOMER, SHELL, "ENTERPRISE_ADMIN"),
    DemoAccount("khai.bao", "Đại lý Khai Thử (hư cấu)", UserKind.CUSTOMER, BROKER, "ENTERPRISE_ADMIN"),
    DemoAccount("canh.buom", "Điều phối Cánh Buồm (hư cấu)", UserKind.CUSTOMER, SAIL, "ENTERPRISE_ADMIN"),
    DemoAccount("mot.cua", "Cán bộ Một Cửa (hư cấu)", UserKind.OFFICER, "INTAKE", "INTAKE"),
    DemoAccount("tham.dinh", "Chuyên viên Thẩm Định (hư cấu)", UserKind.OFFICER, "INVEST", "APPRAISER"),
    DemoAccount("truong.phong", "Trưởng phòng Mẫu (hư cấu)", UserKind.OFFICER, "INVEST", "HEAD"),
    DemoAccount("lanh.dao", "Lãnh đạo Mẫu (hư cấu)", UserKind.OFFICER, "OFFICE", "LEADER", "Phó Trưởng ban"),
    DemoAccount("quan.tri", "Quản trị Mẫu (hư cấu)", UserKind.OFFICER, "OFFICE", "ADMIN"),
    DemoAccount("hai.quan", "Cán bộ Hải quan (hư cấu)", UserKind.OFFICER, "CUSTOMS", "CONSULTEE"),
    DemoAccount("hai.quan.khu", "Công chức hải quan khu (hư cấu)", UserKind.OFFICER, "CUSTOMS", "CUSTOMS"),
    DemoAccount("ke.toan", "Kế toán Thu Mẫu (hư cấu)", UserKind.OFFICER, "OFFICE", "TREASURER"),
    DemoAccount("moi.truong", "Cán bộ Môi trường (hư cấu)", UserKind.OFFICER, "ENVIRONMENT", "CONSULTEE"),
    DemoAccount("phap.che", "Pháp chế Mẫu (hư cấu)", UserKind.OFFICER, "OFFICE", "LEGAL"),
    DemoAccount("phap.che.2", "Pháp chế Mẫu Hai (hư cấu)", UserKind.OFFICER, "OFFICE", "LEGAL"),
    DemoAccount("phap.che.3", "Pháp chế Mẫu Ba (hư cấu)", UserKind.OFFICER, "OFFICE", "LEGAL"),
)


def seed_demo(database: Database, platform: Platform, echo: Callable[[str], None], *, now: datetime) -> None:
    """Create the demo enterprises and accounts that are not there yet, and the leader's development certificate."""
    with database.transaction(OFFICER) as session:
        if entered := enter_enterprises(session, now=now):
            echo(f"demo zone: {entered} fictitious enterprises")
        today = local_day(now, platform.zone.tz)
        if weeks := tariff.enter_demo_rates(session, now=now, today=today):
            echo(f"demo zone: made-up rates of exchange for {weeks} weeks")
    since = now - OLDEST
    _certify_receipts(platform, now)
    made = sum(_seed(database, platform, account, since) for account in ACCOUNTS)
    if made:
        echo(f"demo zone: {made} fictitious accounts")
        with database.transaction(AUTH) as session:
            _appoint_broker(session, since)


def _certify_receipts(platform: Platform, now: datetime) -> None:
    """Give the authority a development certificate for receipts, where it has none yet."""
    signing, authority = platform.kernel.signing, platform.zone.authority.name["vi"]
    if signing.identity_of(RECEIPTS) is None:
        signing.issue(
            SignerIdentity(
                code=RECEIPTS, name=authority, position="Bộ phận thu tiền", organisation=authority
            ),
            now=now,
        )


def _seed(database: Database, platform: Platform, account: DemoAccount, now: datetime) -> bool:
    with database.session(AUTH) as session:
        if session.scalar(select(User.id).where(User.login == fold_login(account.login))) is not None:
            return False
    with database.transaction(OFFICER) as session:
        party_id = session.scalar(select(Office.party_id).where(Office.code == account.party))
        if party_id is None:
            party_id = session.scalars(select(Party.id).where(Party.name == account.party)).one()
    with database.transaction(AUTH) as session:
        user = register_person(
            session, login=account.login, full_name=account.name, kind=account.kind, password=PASSWORD,
            language="vi", actor=SYSTEM, now=now,
        )  # fmt: skip
        session.flush()  # the membership refers to the account
        add_membership(
            session, party_id=party_id, user_id=user.id, roles=[account.role], actor=SYSTEM, now=now
        )
    if account.role in SIGNING_ROLES:
        ensure_applicant_key(
            platform.kernel.signing, user_id=user.id, name=account.name, organisation=account.party, now=now
        )
    if account.position:
        identity = SignerIdentity(
            code=str(user.id),
            name=account.name,
            position=account.position,
            organisation=platform.zone.authority.name["vi"],
        )
        platform.kernel.signing.issue(identity, now=now)
    return True


def _appoint_broker(session: Session, since: datetime) -> None:
    """Let the demo broker declare to customs for two firms, as those would by an invitation."""
    parties = {name: key for key, name in session.execute(select(Party.id, Party.name))}
    if delegations_of(session, [parties[BROKER]]):
        return
    for firm in (SHELL, BYEOL):
        give_delegation(
            session, party_id=parties[firm], delegate_id=parties[BROKER], roles=["FILER", "SIGNER"],
            scope=["customs"], until=None, given_by=None, actor=SYSTEM, now=since,
        )  # fmt: skip


def accounts(settings: Settings) -> list[tuple[str, str, str]]:
    """Return login, password and description of each demo account, empty without the demo zone."""
    if not settings.demo:
        return []
    return [(each.login, PASSWORD, f"{each.role}, {each.party}") for each in ACCOUNTS]


@click.group()
def demo() -> None:
    """Show the demo accounts."""


@demo.command("accounts")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list for programs.")
def show_accounts(as_json: bool) -> None:
    """List login, password and role of each fictitious account."""
    found = accounts(Settings())
    if as_json:
        keys = ("login", "password", "description")
        click.echo(json.dumps([dict(zip(keys, row, strict=True)) for row in found], ensure_ascii=False))
        return
    for login, password, description in found:
        click.echo(f"{login:<20} {password:<20} {description}")
