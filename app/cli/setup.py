"""Make an installation ready: schema, law, procedures, offices, keys and, if wanted, the demo zone.

Every step may run again and changes nothing the second time; ``ftz up`` runs them all at each start.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click
from sqlalchemy import create_engine

from app.cli.demo import seed_demo
from app.cli.demo_declarations import hand_in_demo
from app.cli.demo_dossiers import tell_stories
from app.cli.demo_payments import demand_demo
from app.cli.search import fill_index
from app.core import law
from app.core.auth.models import Office, PartyKind
from app.core.auth.parties import create_office
from app.core.db import WEB_LOGINS, Database, DbRole, SessionContext
from app.core.db.cluster import running
from app.core.db.migrate import upgrade
from app.core.jobs.schema import apply_schema
from app.core.kit.actor import SYSTEM
from app.core.kit.time import utcnow
from app.core.payments.accounts import seal_accounts
from app.core.settings import ROOT, DatabaseTarget, Settings
from app.core.settings.zone import ZoneConfig
from app.core.workflow import counter, procedures
from app.core.workflow.procedures import Vocabulary
from app.customs.tariff import facade as tariff
from app.modules import MODULES, Platform, compose
from app.registry import facade as registry
from app.registry.facade import AnnouncedSite, read_map

Echo = Callable[[str], None]

OFFICER = SessionContext(DbRole.OFFICER)
AUTH = SessionContext(DbRole.AUTH)


def prepare(settings: Settings, echo: Echo) -> None:
    """Bring an installation from any earlier state to this version."""
    migrate_schema(settings.database)
    platform = compose(settings)
    with opened(settings) as database:
        prepare_data(database, platform, echo, now=utcnow())
        if settings.demo:
            seed_demo(database, platform, echo, now=utcnow())
            tell_stories(database, platform, echo, now=utcnow())
            hand_in_demo(database, platform, echo, now=utcnow())
            demand_demo(database, platform, echo, now=utcnow())
        fill_index(database, platform.search, echo)


def migrate_schema(target: DatabaseTarget) -> None:
    """Bring the tables of the product and of the job queue to this version, as their owner."""
    upgrade(target)
    engine = create_engine(target.url("ftz_owner"))
    try:
        with engine.connect() as connection:
            apply_schema(connection)
    finally:
        engine.dispose()


def prepare_data(database: Database, platform: Platform, echo: Echo, *, now: datetime) -> None:
    """Load law, procedures, offices and the root of the development keys into a migrated database."""
    load_law(database, echo, now=now)
    load_tariff(database, echo, now=now)
    publish_procedures(database, platform, echo, now=now)
    create_offices(database, platform.zone, now=now)
    load_zone_map(database, platform, echo, now=now)
    load_lists(database, echo, now=now)
    fill_index(database, platform.search, echo)
    seal_names(database, echo, now=now)
    platform.kernel.signing.set_up(organisation=platform.zone.authority.name["vi"], now=now)


def load_zone_map(database: Database, platform: Platform, echo: Echo, *, now: datetime) -> None:
    """
    Put the map of the installation's file into use, if it is another one than before.

    :raises MapFileFaulty: the file cannot be read as a map of this zone.
    :raises MapFaulty: its shapes contradict each other.
    """
    announced = [AnnouncedSite(site.code, site.name, Decimal(site.area_ha)) for site in platform.zone.sites]
    text = platform.settings.zone_map_file.read_text(encoding="utf-8")
    drawn = read_map(text, [site.code for site in announced])
    with database.transaction(OFFICER) as session:
        loaded = registry.load_map(session, drawn=drawn, announced=announced, actor=SYSTEM, now=now)
    if loaded is not None:
        echo(
            f"map: {len(drawn.sites)} sites with {len(drawn.areas)} functional areas, {drawn.status.lower()}"
        )


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    """Open the database through the web's logins for the length of a block; set-up needs no more than the web."""
    database = Database(settings.database, logins=WEB_LOGINS, pool_size=2)
    try:
        yield database
    finally:
        database.close()


def seal_names(database: Database, echo: Echo, *, now: datetime) -> None:
    """Seal what earlier versions kept in plain: names of who came to the counter, accounts given for refunds."""
    with database.transaction(OFFICER) as session:
        if sealed := counter.seal_names(session, now=now):
            echo(f"counter: {sealed} names sealed that were kept in plain")
        if sealed := seal_accounts(session, now=now):
            echo(f"payments: {sealed} accounts of refunds sealed that were kept in plain")


def load_law(database: Database, echo: Echo, *, now: datetime) -> None:
    """Take the release's law files into force on the first start; later they wait for two officers."""
    proposal = law.load_yaml(law.law_files(ROOT / "app"))
    with database.transaction(OFFICER) as session:
        made = law.propose(session, proposal=proposal, actor=SYSTEM, now=now)
        if made is not None:
            state = "in force" if made.state == law.ChangeState.IN_FORCE else "waiting for two officers"
            echo(f"law: {len(law.items_of(session, made.id))} values {state}")


def load_tariff(database: Database, echo: Echo, *, now: datetime) -> None:
    """Load the starter schedule into an empty tariff; later changes need a change set of two officers."""
    with database.transaction(OFFICER) as session:
        loaded = tariff.load_starter(session, actor=SYSTEM, now=now)
    if loaded is not None:
        echo(f"tariff: {loaded.headings} codes, {loaded.measures} rates of the starter schedule, all assumed")


def load_lists(database: Database, echo: Echo, *, now: datetime) -> None:
    """Load the versions of code lists that the release brings; a loaded version stays what it was."""
    with database.transaction(OFFICER) as session:
        for each in registry.load_code_lists(session, actor=SYSTEM, now=now):
            what = (
                "differs from what was loaded: give it a new version"
                if each.differs
                else f"{each.codes} codes"
            )
            echo(f"code list: {each.list} {each.version}, {what}")


def publish_procedures(database: Database, platform: Platform, echo: Echo, *, now: datetime) -> None:
    """
    Publish the procedure versions of the release that are not published yet, oldest first.

    :raises ProcedureFaulty: the static checker found faults.
    :raises PublishedChanged: a published version's file has been changed.
    """
    found = sorted(
        map(procedures.read_file, procedure_files()), key=lambda each: (each.code, each.valid_from)
    )
    with database.transaction(OFFICER) as session:
        vocabulary = vocabulary_of(platform, frozenset(law.instruments(session)), law_keys())
        for definition in found:
            published = procedures.publish(
                session, definition=definition, vocabulary=vocabulary, actor=SYSTEM, now=now
            )
            if published is not None:
                echo(f"procedure: {definition.code} {definition.version} published")


def procedure_files() -> list[Path]:
    """Return the procedure files of all modules."""
    return [
        path
        for module in MODULES
        if module.procedures is not None
        for path in sorted(module.procedures.glob("*/*.yaml"))
    ]


def law_keys() -> frozenset[str]:
    """Return the keys of all law values of the release."""
    return frozenset(law.load_yaml(law.law_files(ROOT / "app")).values)


def vocabulary_of(platform: Platform, instruments: frozenset[str], keys: frozenset[str]) -> Vocabulary:
    """Return the names that procedures may use in this composition."""
    return Vocabulary(
        guards=platform.desk.guard_names,
        effects=platform.desk.effect_names,
        permissions=frozenset(permission.code for permission in platform.permissions),
        law_keys=keys,
        instruments=instruments,
    )


def create_offices(database: Database, zone: ZoneConfig, *, now: datetime) -> None:
    """Create the authority, its divisions and the agencies of the zone file that are not there yet."""
    with database.transaction(OFFICER) as session:
        known = {row.code: row.party_id for row in session.query(Office.code, Office.party_id)}
        if zone.authority.code not in known:
            authority = create_office(
                session, code=zone.authority.code, kind=PartyKind.AUTHORITY, name=zone.authority.name,
                actor=SYSTEM, now=now, symbol=zone.authority.letter_symbol,
            )  # fmt: skip
            known[zone.authority.code] = authority.party_id
        for kind, offices in ((PartyKind.DIVISION, zone.divisions), (PartyKind.AGENCY, zone.agencies)):
            for office in offices:
                if office.code not in known:
                    parent = known[zone.authority.code] if kind is PartyKind.DIVISION else None
                    create_office(
                        session, code=office.code, kind=kind, name=office.name, actor=SYSTEM, now=now,
                        symbol=office.symbol, parent_id=parent,
                    )  # fmt: skip


@click.command()
def migrate() -> None:
    """Bring schema, law, procedures and offices of this installation to this version."""
    settings = Settings()
    with running(settings):
        prepare(settings, click.echo)
