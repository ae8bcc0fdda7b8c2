"""``ftz seed``: fill an installation with the fictitious demo zone."""

import click

from app.cli.setup import prepare
from app.core.db.cluster import running
from app.core.settings import Settings, UnsafeSettings


@click.command()
@click.option("--scenario", type=click.Choice(["demo"]), default="demo", show_default=True)
def seed(scenario: str) -> None:
    """Fill this installation with the demo zone; what is there already stays as it is."""
    settings = Settings()
    if not settings.demo:
        raise UnsafeSettings(
            "FTZ_DEMO=0 asks for an empty zone. To fill it with fictitious data: FTZ_DEMO=1 ftz seed (never where "
            "real dossiers are kept: the demo accounts have known passwords)."
        )
    with running(settings):
        prepare(settings, click.echo)
    click.echo(f"The {scenario} zone is there; its accounts: ftz demo accounts")
