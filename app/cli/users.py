"""``ftz user``: accounts from the command line, for the first administrator of an installation and for emergencies."""

import sys
from uuid import UUID

import click
from sqlalchemy.orm import Session

from app.core.auth import ROLES, PartyKind, UserKind, add_membership, find_office, register_person
from app.core.auth.models import Party
from app.core.db import WEB_LOGINS, Database, DbRole, SessionContext
from app.core.errors import DomainError
from app.core.kit.actor import SYSTEM
from app.core.kit.time import utcnow
from app.core.settings import Settings


@click.group()
def user() -> None:
    """Create and manage accounts."""


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="Full name, shown beside what the person does.")
@click.option("--role", "roles", multiple=True, required=True, type=click.Choice(sorted(ROLES)))
@click.option("--office", help="Code of the division or agency in which an officer works.")
@click.option("--party", type=click.UUID, help="Key of the enterprise for which a customer acts.")
@click.option("--email", help="Address for notices; the login is often the same.")
@click.option("--language", default="vi", show_default=True, type=click.Choice(["vi", "en"]))
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking."
)
def add(
    *,
    login: str,
    name: str,
    roles: tuple[str, ...],
    office: str | None,
    party: UUID | None,
    email: str | None,
    language: str,
    password_stdin: bool,
) -> None:
    """Open an account with roles: an officer's in an office, or a customer's in an enterprise."""
    if (office is None) == (party is None):
        raise click.UsageError("Say either --office (an officer) or --party (a customer).")
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else _ask()
    now = utcnow()
    database = Database(Settings().database, logins={DbRole.AUTH: WEB_LOGINS[DbRole.AUTH]}, pool_size=1)
    try:
        with database.transaction(SessionContext(DbRole.AUTH)) as session:
            user = register_person(
                session,
                login=login,
                full_name=name,
                kind=UserKind.OFFICER if office else UserKind.CUSTOMER,
                password=password,
                language=language,
                email=email,
                actor=SYSTEM,
                now=now,
            )
            add_membership(
                session,
                party_id=_party(session, office=office, party=party),
                user_id=user.id,
                roles=roles,
                actor=SYSTEM,
                now=now,
            )
    except DomainError as error:
        reasons = "".join(f"\n- {_sentence(problem.reason, problem.params)}" for problem in error.errors)
        raise click.ClickException(f"{error}{reasons}") from error
    finally:
        database.close()
    click.echo(f"{user.login} may sign in as {', '.join(sorted(set(roles)))}.")


def _ask() -> str:
    answer = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return str(answer)


def _party(session: Session, *, office: str | None, party: UUID | None) -> UUID:
    if office is not None:
        return find_office(session, office).party_id
    found = session.get(Party, party)
    if found is None or found.kind is not PartyKind.ENTERPRISE:
        raise click.ClickException(f"There is no enterprise with the key {party}.")
    return found.id


def _sentence(reason: str, params: object) -> str:
    return reason % params if params else reason
