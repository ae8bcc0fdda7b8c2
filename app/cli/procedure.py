"""``ftz procedure``: procedure types of a release, checked and published.

A published version never changes, since dossiers point to it for ever. What a release has published is written down
in ``published.lock`` beside the files, so that ``make check`` refuses a change before any installation does.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from app.cli.setup import law_keys, opened, procedure_files, publish_procedures, vocabulary_of
from app.core import law
from app.core.db.cluster import running
from app.core.kit.time import utcnow
from app.core.settings import ROOT, Settings
from app.core.workflow import procedures
from app.core.workflow.checker import check as find_faults
from app.core.workflow.procedures import ProcedureUnreadable, Vocabulary
from app.modules import MODULES, compose

LOCK = "published.lock"
_HEADER = (
    "# Published procedure versions and the hash of their content; written by: ftz procedure publish --lock\n"
)


@dataclass(frozen=True, slots=True)
class Locked:
    """The lock file of a module and what it holds: ``"<code> <version>" -> hash``."""

    path: Path
    hashes: dict[str, str]


@click.group()
def procedure() -> None:
    """Check and publish procedure types."""


@procedure.command()
def check() -> None:
    """Check all procedure files of the release, and that no published version has changed. Needs no database."""
    faults = list(_static_faults())
    notes: list[str] = []
    for lock, current in _modules():
        faults += changed(lock, current)
        fresh = sorted(current.keys() - lock.hashes.keys())
        if fresh:
            notes.append(f"not published by a release yet, so they may still change: {', '.join(fresh)}")
    for fault in faults:
        click.secho(fault, fg="red", err=True)
    if faults:
        sys.exit(1)
    click.echo("\n".join([f"{len(procedure_files())} procedure versions: no faults", *notes]))


@procedure.command()
@click.option(
    "--lock", is_flag=True, help="Write down what this release publishes, instead of publishing here."
)
@click.option(
    "--replace", is_flag=True, help="With --lock: also versions whose file has changed, before a release."
)
def publish(*, lock: bool, replace: bool) -> None:
    """Publish the versions of this release that this installation does not hold yet."""
    if replace and not lock:
        raise click.UsageError("--replace belongs to --lock: what an installation published never changes.")
    if lock:
        _write_locks(replace=replace)
        return
    settings = Settings()
    with running(settings), opened(settings) as database:
        said: list[str] = []
        publish_procedures(database, compose(settings), said.append, now=utcnow())
    click.echo("\n".join(said) or "Nothing to publish: this installation holds all versions of the release.")


def changed(lock: Locked, current: dict[str, str]) -> list[str]:
    """Return what is wrong with the locked versions of a module: changed or gone."""
    return [
        f"{name} is published and {'its file has changed' if name in current else 'its file is gone'} "
        f"({lock.path.relative_to(ROOT)}). Put the file back, and write the change as a new version with a day from "
        "which it is valid. If no release has published it: ftz procedure publish --lock --replace"
        for name, digest in sorted(lock.hashes.items())
        if current.get(name) != digest
    ]


def read_lock(path: Path) -> Locked:
    """Read a lock file; one that is not there holds nothing."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    rows = [line.rpartition(" ") for line in lines if line and not line.startswith("#")]
    return Locked(path, {name: digest for name, _, digest in rows})


def write_lock(lock: Locked) -> None:
    """Write a lock file, in order."""
    lines = [f"{name} {digest}\n" for name, digest in sorted(lock.hashes.items())]
    lock.path.write_text(_HEADER + "".join(lines), encoding="utf-8")


def _write_locks(*, replace: bool) -> None:
    for lock, current in _modules():
        faults = changed(lock, current)
        if faults and not replace:
            raise click.ClickException("\n".join(faults))
        held = current if replace else lock.hashes | current
        write_lock(Locked(lock.path, held))
        click.echo(f"{lock.path.relative_to(ROOT)}: {len(held)} versions")


def _modules() -> Iterator[tuple[Locked, dict[str, str]]]:
    """Yield, for each module with procedures, its lock and the hashes of its files as they are."""
    for module in MODULES:
        if module.procedures is not None:
            found = [procedures.read_file(path) for path in sorted(module.procedures.glob("*/*.yaml"))]
            hashes = {f"{each.code} {each.version}": procedures.content_hash(each) for each in found}
            yield read_lock(module.procedures / LOCK), hashes


def _static_faults() -> Iterator[str]:
    instruments = frozenset(law.load_yaml(law.law_files(ROOT / "app")).instruments)
    with tempfile.TemporaryDirectory() as folder:  # composing makes a passphrase where there is none
        vocabulary = vocabulary_of(compose(Settings(var=Path(folder))), instruments, law_keys())
    names = {name: getattr(vocabulary, name) for name in Vocabulary.__slots__}
    for path in procedure_files():
        try:
            definition = procedures.read_file(path)
        except ProcedureUnreadable as fault:
            yield str(fault)
            continue
        yield from (
            f"{path.relative_to(ROOT)}: {found.where}: {found.message} [{found.code}]"
            for found in find_faults(definition, **names)
        )
