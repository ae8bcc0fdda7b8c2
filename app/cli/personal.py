"""``ftz personal``: what has passed its time of retention, erasing it, and new keys."""

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import click

from app.core.db import WORK_LOGINS, Database, DbRole, SessionContext
from app.core.db.cluster import running
from app.core.db.session import ContextSession
from app.core.documents.erasing import shred_erased
from app.core.documents.store import FILE_KEYS, FileStore
from app.core.documents.sweeping import orphans, sweep
from app.core.kit.actor import SYSTEM
from app.core.kit.time import utcnow
from app.core.privacy import SecretsBox, bind_keys, reseal
from app.core.settings import Settings
from app.core.settings.zone import load_zone
from app.core.workflow import retention
from app.registry.claims.facade import ClaimDue, claims_due, erase_claims
from app.registry.facade import IdentityDue, erase_identities, identities_due
from app.web.keeping import GRACE

OFFICER = SessionContext(DbRole.OFFICER)
UNDER_WAY = timedelta(hours=1)


@click.group()
def personal() -> None:
    """Keep personal data no longer than needed, and their keys fresh."""


@personal.command()
def due() -> None:
    """Say whose personal data have passed their time. Changes nothing."""
    settings = Settings()
    with _session(settings) as session:
        _report(_found(session, settings, utcnow()))


@personal.command()
@click.option("--yes", is_flag=True, help="Erase. Without it the command only says what it would erase.")
def erase(*, yes: bool) -> None:
    """
    Erase the personal data that have passed their time, and record it.

    Destroyed values cannot be brought back; backups made before still hold them until they are deleted.
    """
    settings, now = Settings(), utcnow()
    with _session(settings) as session:
        found = _found(session, settings, now)
        _report(found)
        if not found:
            if yes and (gone := _shred(session, settings, now)):
                click.echo(f"{gone} files destroyed that an earlier run had left.")
            return
        if not yes:
            click.echo("Nothing was changed. Run `ftz personal erase --yes` to erase.")
            return
        erased = retention.erase(session, found.dossiers, actor=SYSTEM, now=now)
        keys = erased.keys + erase_identities(session, found.people, actor=SYSTEM, now=now)
        papers = erased.files + erase_claims(session, found.claims, actor=SYSTEM, now=now)
        session.commit()
        gone = _shred(session, settings, now)
        click.secho(
            f"Erased: {len(found.dossiers)} dossiers, {len(found.people)} identity documents,"
            f" {papers} papers; {keys} data keys and {gone} files destroyed, each recorded.",
            fg="green",
        )


@personal.command()
def rotate() -> None:
    """Add new keys and seal all data keys and stored files with them; keep the older lines of the key files."""
    settings = Settings()
    box = bind_keys(settings.secrets_dir)
    newest = box.rotate()
    with _session(settings) as session:
        changed = reseal(session)
        session.commit()
    click.secho(f"Key {newest} seals from now on; {changed} data keys were sealed anew.", fg="green")
    store = _store(settings)
    newest, files = store.box.rotate(), store.files.reseal()
    click.secho(f"Key {newest} seals files from now on; {files} stored files were sealed anew.", fg="green")
    click.echo("Back up now: the backup made before does not hold the new keys.")


@personal.command("sweep")
@click.option("--yes", is_flag=True, help="Destroy. Without it the command only says what it would destroy.")
def sweep_files(*, yes: bool) -> None:
    """Say which stored files nothing names, and destroy them; an upload of the last two days stays."""
    settings, now = Settings(), utcnow()
    files, before = _store(settings).files, now - GRACE
    with _session(settings) as session:
        if not yes:
            found, left = (
                sum(1 for _ in orphans(session, store=files, before=before)),
                files.leftovers(before=before),
            )
            click.echo(f"{found} files that nothing names, {len(left)} leftovers of broken uploads.")
            click.echo("Nothing was changed. Run `ftz personal sweep --yes` to destroy them.")
            return
        swept = sweep(session, store=files, before=before, actor=SYSTEM, now=now, most=sys.maxsize)
        session.commit()
    click.secho(f"{swept.files} files and {swept.leftovers} leftovers destroyed.", fg="green")


@dataclass(frozen=True, slots=True)
class Found:
    """What has passed its time."""

    dossiers: list[retention.Due]
    people: list[IdentityDue]
    claims: list[ClaimDue]

    def __bool__(self) -> bool:
        return bool(self.dossiers or self.people or self.claims)


def _found(session: ContextSession, settings: Settings, now: datetime) -> Found:
    zone = load_zone(settings.zone_file).tz
    return Found(
        dossiers=retention.due(session, now=now, zone=zone),
        people=identities_due(session, now=now, zone=zone),
        claims=claims_due(session, now=now, zone=zone),
    )


def _report(found: Found) -> None:
    for rule, count in Counter(each.rule for each in found.dossiers).items():
        click.echo(f"{rule.value:<14}{count:>6}  {retention.TITLES[rule]}")
    for each in found.dossiers:
        click.echo(f"  {each.case_id}  {each.code or '-':<18} since {each.since:%Y-%m-%d}")
    if found.people:
        click.echo(f"{'IDENTITY':<14}{len(found.people):>6}  Identity documents of former representatives")
    for person in found.people:
        click.echo(f"  {person.representative_id}  {'-':<18} since {person.since:%Y-%m-%d}")
    if found.claims:
        click.echo(
            f"{'CLAIM':<14}{len(found.claims):>6}  Requests to act for an enterprise that led to nothing"
        )
    for claim in found.claims:
        click.echo(f"  {claim.claim_id}  {'-':<18} since {claim.since:%Y-%m-%d}")
    if not found:
        click.echo("Nothing has passed its time.")


@dataclass(frozen=True, slots=True)
class _Store:
    files: FileStore
    box: SecretsBox


def _store(settings: Settings) -> _Store:
    box = SecretsBox(settings.secrets_dir / FILE_KEYS)
    return _Store(FileStore(settings.var / "documents", box=box), box)


def _shred(session: ContextSession, settings: Settings, now: datetime) -> int:
    """Destroy what only erased papers name, once no upload can be on its way to it."""
    return shred_erased(session, store=_store(settings).files, before=now - UNDER_WAY)


@contextmanager
def _session(settings: Settings) -> Iterator[ContextSession]:
    bind_keys(settings.secrets_dir)
    with running(settings) as target:
        database = Database(target, logins=WORK_LOGINS, pool_size=2)
        try:
            with database.session(OFFICER) as session:
                yield session
        finally:
            database.close()
