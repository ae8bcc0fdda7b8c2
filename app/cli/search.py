"""``ftz search``: look after the search index."""

from collections.abc import Callable, Sequence

import click

from app.core.db import Database, DbRole, SessionContext
from app.core.db.cluster import running
from app.core.search import SearchProvider, is_empty, reindex
from app.core.settings import Settings

OFFICER = SessionContext(DbRole.OFFICER)


def fill_index(
    database: Database,
    providers: Sequence[SearchProvider],
    echo: Callable[[str], None],
    *,
    whole: bool = False,
) -> None:
    """
    Index what is everybody's anew, and all of it when asked or when nothing has been indexed yet.

    The files of a release decide what everybody finds, so a new release may find more; the rest is kept by events.
    """
    with database.session(OFFICER) as session:
        whole = whole or is_empty(session)
    for provider in providers:
        if whole or provider.shared:
            with database.transaction(OFFICER) as session:
                count = reindex(session, provider)
            if whole and count:
                echo(f"search: {count} of {provider.kind}")


@click.group()
def search() -> None:
    """Look after the search index."""


@search.command("reindex")
def reindex_all() -> None:
    """Make the search index anew from the tables; readers find what they found until each kind is done."""
    from app.cli.setup import opened  # noqa: PLC0415  set-up fills the index, and imports this module
    from app.modules import search_providers  # noqa: PLC0415  not needed to print the help

    settings = Settings()
    with running(settings), opened(settings) as database:
        fill_index(database, search_providers(), click.echo, whole=True)
