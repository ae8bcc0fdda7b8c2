"""
Mail to an address that belongs to no account yet: a code to confirm it, an invitation.

Such a letter is no notice: nobody has chosen it, and it may carry a secret. The row lives until the network has taken
the letter and is deleted then; what was sent to whom is not kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.core.db import DbRole, SessionContext
from app.core.i18n import N_, localise, translator
from app.core.i18n.formats import format_datetime
from app.core.jobs import JobRegistry, JobSpec, NewJob, Run, defer_jobs
from app.core.kit.actor import Actor
from app.core.kit.ids import uuid7
from app.core.notifications.channels import Channel, ChannelRefused, Letter
from app.core.notifications.models import NotificationMail
from app.core.notifications.notifier import Notifier, current

MAIL = "notifications.mail"
_ATTEMPTS = 8
_WORKER = SessionContext(DbRole.WORKER)


@dataclass(frozen=True, slots=True)
class MailKind:
    """Words of a letter as English message ids; ``path`` leads to where the reader goes on."""

    subject: str
    text: str
    path: str


KINDS: Mapping[str, MailKind] = MappingProxyType(
    {
        "register": MailKind(
            N_("Confirm your e-mail address"),
            N_(
                "Somebody, probably you, asked for an account under this address. The code is %(code)s. It serves"
                " until %(until_at)s. Type it on the page that is still open, or open the address below. If it was"
                " not you, nothing needs to be done."
            ),
            "/register/confirm?token=%(token)s",
        ),
        "register-known": MailKind(
            N_("You have an account already"),
            N_(
                "Somebody, probably you, asked for a new account under this address. There is one already, so none"
                " was opened. Sign in with the account name %(login)s. If you lost the password, ask an administrator"
                " of the zone for a new one."
            ),
            "/login",
        ),
        "invite": MailKind(
            N_("Invitation to act for %(enterprise)s"),
            N_(
                "%(inviter)s invites you to act for %(enterprise)s. The invitation serves until %(until_at)s and for"
                " this address only. If you do not know who sent it, nothing needs to be done."
            ),
            "/invitation?token=%(token)s",
        ),
        "invite-delegate": MailKind(
            N_("%(enterprise)s asks you to act for it"),
            N_(
                "%(inviter)s of %(enterprise)s asks your firm to act for it. The administrator of the firm accepts the"
                " offer on the platform until %(until_at)s. If you do not know who sent it, nothing needs to be done."
            ),
            "/invitation?token=%(token)s",
        ),
    }
)


def can_mail() -> bool:
    """Tell whether this installation has been given a mail server."""
    return Channel.EMAIL in current().ports


def write_mail(
    session: Session,
    *,
    to: str,
    kind: str,
    params: Mapping[str, str],
    language: str,
    actor: Actor,
    now: datetime,
) -> UUID:
    """
    Write a letter that goes out after the commit (role ftz_auth).

    :param params: texts and instants (ISO 8601, name ending in ``_at``); they are deleted with the letter.
    :raises KeyError: no such kind.
    """
    assert kind in KINDS
    mail = NotificationMail(
        id=uuid7(), address=to, kind=kind, params=dict(params), language=language, created_at=now
    )
    session.add(mail)
    # The job is deferred by a statement of its own, and finds the letter only if it is there.
    session.flush()
    defer_jobs(session, [NewJob(MAIL, {"mail_id": str(mail.id)}, actor)])
    return mail.id


def add_mail_jobs(jobs: JobRegistry) -> None:
    """Register the job that hands letters over."""

    def deliver(run: Run, *, mail_id: str) -> None:
        _deliver(run, UUID(mail_id), current())

    jobs.add(JobSpec(MAIL, deliver, attempts=_ATTEMPTS, runs_as_system=True))


def _deliver(run: Run, mail_id: UUID, notifier: Notifier) -> None:
    with run.database.session(_WORKER) as session:
        mail = session.scalar(select(NotificationMail).where(NotificationMail.id == mail_id))
    port = notifier.ports.get(Channel.EMAIL)
    if mail is None:
        return  # sent already
    try:
        if port is not None:
            port.send(_letter(mail, notifier))  # ChannelDown: the queue tries again
    except ChannelRefused:
        # The address does not exist or refuses; whoever typed it is told on the page to look at it again.
        pass
    with run.database.transaction(_WORKER) as session:
        session.execute(delete(NotificationMail).where(NotificationMail.id == mail_id))


def _letter(mail: NotificationMail, notifier: Notifier) -> Letter:
    kind, words = KINDS[mail.kind], translator(mail.language)
    params = {name: _shown(name, value, words.lang, notifier) for name, value in mail.params.items()}
    path = kind.path % mail.params
    body = f"{words.gettext(kind.text, **params)}\n\n{notifier.origin}{path}\n"
    return Letter(mail.id, mail.address, words.gettext(kind.subject, **params), body, words.lang)


def _shown(name: str, value: str, lang: str, notifier: Notifier) -> str:
    if name.endswith("_at"):
        return format_datetime(datetime.fromisoformat(value), lang=lang, timezone=notifier.timezone)
    return localise(value, lang)[0]
