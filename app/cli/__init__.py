"""The ``ftz`` command: everything an operator does, one module for each sub-command.

The table below is the only list. A module is imported when its command is called, so that ``ftz up`` does not
wait for what it does not need; a command whose module is not there is not shown.
"""

import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

import click


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a sub-command is and what ``ftz --help`` says of it."""

    target: str  # "module:attribute" of a click command or group
    summary: str


COMMANDS: dict[str, Entry] = {
    "up": Entry("app.cli.up:up", "Start everything this installation needs; Ctrl-C stops it."),
    "doctor": Entry(
        "app.cli.doctor:doctor", "Look for what is wrong with this installation and say what to do."
    ),
    "fresh": Entry("app.cli.fresh:fresh", "Forget all data of this installation."),
    "migrate": Entry("app.cli.setup:migrate", "Bring the database schema to this version."),
    "seed": Entry("app.cli.seed:seed", "Fill an empty installation with the demo zone."),
    "demo": Entry("app.cli.demo:demo", "Show the demo accounts."),
    "user": Entry("app.cli.users:user", "Create and manage accounts."),
    "law": Entry("app.cli.law:law", "Load, check and compare legal instruments and values."),
    "procedure": Entry("app.cli.procedure:procedure", "Check and publish procedure types."),
    "personal": Entry(
        "app.cli.personal:personal", "Erase personal data whose time has passed; rotate their keys."
    ),
    "search": Entry("app.cli.search:search", "Make the search index anew."),
    "evidence": Entry("app.cli.evidence:evidence", "Verify the evidence log."),
    "backup": Entry("app.cli.backup:backup", "Write database, documents, keys and checkpoint to one file."),
    "restore": Entry("app.cli.restore:restore", "Read a backup into an empty installation."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands whose modules are there, in the order of the table."""
        return [name for name, entry in COMMANDS.items() if find_spec(entry.target.partition(":")[0])]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module, _, attribute = COMMANDS[cmd_name].target.partition(":")
        command = getattr(import_module(module), attribute)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing what stands in it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].summary) for name in self.list_commands(ctx)])


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
def ftz() -> None:
    """Run and look after an installation of the platform. Settings come from FTZ_… (docs/operations.md)."""


def main() -> None:
    """Run the command line; a fault that has an explanation is shown without a trace."""
    from app.cli.faults import explain  # noqa: PLC0415 - not needed to print the help

    with explain():
        sys.exit(ftz())
