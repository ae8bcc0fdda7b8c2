"""``ftz evidence``: prove the evidence log, as the login of the worker reads it."""

import sys

import click

from app.core.db import WORK_LOGINS, Database, DbRole, SessionContext
from app.core.db.cluster import running
from app.core.evidence import Report, TrustedHead
from app.core.evidence import verify as verify_log
from app.core.settings import DatabaseTarget, Settings

_HASH_BYTES = 32


@click.group()
def evidence() -> None:
    """Verify the evidence log."""


@evidence.command()
@click.option("--size", type=click.IntRange(min=1), help="Entries that a head written down elsewhere covers.")
@click.option("--root", help="Root of that head, 64 hexadecimal digits.")
def verify(size: int | None, root: str | None) -> None:
    """
    Recompute every entry and every head; exit status 1 names the first bad row.

    A head that was written down elsewhere (by each backup) shows also whether somebody rewrote the whole log.
    """
    trusted = _trusted(size, root)
    with running(Settings()) as target:
        report = read_report(target, trusted)
    click.echo(
        f"size   {report.size}\nroot   {report.root.hex()}\nheads  {report.heads}\nwaiting {report.unsealed}"
    )
    if report.fault is None:
        click.secho("Intact: every entry fits its head" + (", and yours." if trusted else "."), fg="green")
        return
    where = "" if report.fault.seq is None else f" entry {report.fault.seq}"
    key = "" if report.fault.entry_id is None else f" ({report.fault.entry_id})"
    click.secho(f"{report.fault.kind}:{where}{key} {report.fault.reason}", fg="red", err=True)
    click.echo(
        "Stop the worker, keep a copy of the database as it is, and compare with the last backup "
        "(docs/operations.md, “When the log does not verify”).",
        err=True,
    )
    sys.exit(1)


def read_report(target: DatabaseTarget, trusted: TrustedHead | None = None) -> Report:
    """Verify the log of a database through the worker's login."""
    database = Database(target, logins=WORK_LOGINS, pool_size=2)
    try:
        with database.session(SessionContext(DbRole.WORKER)) as session:
            return verify_log(session, trusted=trusted)
    finally:
        database.close()


def _trusted(size: int | None, root: str | None) -> TrustedHead | None:
    if size is None and root is None:
        return None
    if size is None or root is None:
        raise click.UsageError("Say --size and --root together: both stand in one line of a backup's output.")
    try:
        digest = bytes.fromhex(root)
    except ValueError:
        digest = b""
    if len(digest) != _HASH_BYTES:
        raise click.UsageError("--root is 64 hexadecimal digits.")
    return TrustedHead(size, digest)
