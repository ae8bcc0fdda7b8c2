"""``ftz fresh``: forget all data of an installation."""

import shutil

import click

from app.core.db.cluster import for_settings
from app.core.settings import Settings, UnsafeSettings


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def fresh(*, yes: bool) -> None:
    """Forget all data: database, documents, keys. Refused in production and for a server of your own."""
    settings = Settings()
    cluster = for_settings(settings)
    if cluster is None or settings.env == "production":
        raise UnsafeSettings(
            "`make fresh` forgets demo data only. Here FTZ_DATABASE_URL or FTZ_ENV=production is set: "
            "drop the database and the directory FTZ_VAR by hand, if that is what you want."
        )
    var = settings.var.resolve()
    if not var.exists():
        click.echo(f"There is nothing to forget: {var} does not exist.")
        return
    if not yes:
        click.confirm(f"Forget the database, documents and keys in {var}?", abort=True)
    cluster.destroy()
    for entry in var.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name not in {"cluster.lock", "cluster.users"}:
            entry.unlink()
    click.echo("Forgotten. The next `make run` starts with an empty database.")
