"""``ftz law``: the legal values of a release, checked, compared with what is in force, and proposed."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from app.cli.setup import OFFICER, opened
from app.core import law as rules
from app.core.db.cluster import running
from app.core.kit.actor import SYSTEM
from app.core.kit.time import utcnow
from app.core.settings import ROOT, Settings

FILES = click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
LANGUAGE = click.option("--lang", type=click.Choice(["vi", "en"]), default="vi", show_default=True)


@click.group()
def law() -> None:
    """Load, check and compare legal instruments and values. Without FILES: those of this release."""


@law.command()
@FILES
@LANGUAGE
def check(files: Sequence[Path], lang: str) -> None:
    """Check units, overlaps, dates and sources, and say what changes next. Needs no database."""
    proposal = _proposal(files)
    problems = rules.check(proposal)
    for problem in problems:
        click.secho(str(problem), fg="red", err=True)
    if problems:
        click.echo(f"{len(problems)} faults. Correct the files; nothing has been changed.", err=True)
        sys.exit(1)
    values = list(proposal.all_values())
    assumed = sum(value.status is rules.Status.ASSUMED for value in values)
    click.echo(
        f"{len(proposal.files)} files, {len(proposal.instruments)} instruments, {len(proposal.values)} keys, "
        f"{len(values)} values ({assumed} assumed): no faults."
    )
    coming = rules.upcoming(proposal, today=utcnow().date())
    for day, value, hoped in coming:
        said = rules.say(value.unit, value.value, lang)
        click.echo(f"  {day}  {value.key}: {said}{' (expected, not law yet)' if hoped else ''}")
    if not coming:
        click.echo("Nothing changes after today.")


@law.command()
@FILES
@LANGUAGE
def diff(files: Sequence[Path], lang: str) -> None:
    """Say what loading would change, before and after, with the sources."""
    settings = Settings()
    with running(settings), opened(settings) as database, database.session(OFFICER) as session:
        proposal = _proposal(files)
        problems = rules.check(proposal, known_instruments=frozenset(rules.instruments(session)))
        if problems:
            raise rules.LawProposalInvalid(problems)
        changes = rules.diff(session, proposal)
    for change in changes:
        click.echo(change.text[lang])
    click.echo(f"{len(changes)} changes." if changes else "Nothing would change.")


@law.command()
@FILES
def load(files: Sequence[Path]) -> None:
    """Propose what the files change; two officers approve it. The first load of an installation takes force at once."""
    settings = Settings()
    with running(settings), opened(settings) as database, database.transaction(OFFICER) as session:
        made = rules.propose(session, proposal=_proposal(files), actor=SYSTEM, now=utcnow())
        if made is None:
            click.echo("Nothing new: these files are in force, wait for approval, or were rejected.")
            return
        count = len(rules.items_of(session, made.id))
        if made.state == rules.ChangeState.IN_FORCE:
            click.echo(f"{count} values are in force.")
        else:
            click.echo(f"{count} values wait for two officers (change set {made.id}).")


def _proposal(files: Sequence[Path]) -> rules.Proposal:
    return rules.load_yaml(files or rules.law_files(ROOT / "app"))
