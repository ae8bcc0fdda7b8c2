"""Composition root: the only list of modules, and what they make together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment

import app.core.auth.clients.models
import app.core.auth.models
import app.core.auth.oidc.models
import app.core.documents.models
import app.core.evidence.models
import app.core.jobs.models
import app.core.law.models
import app.core.live.models
import app.core.notifications.models
import app.core.outbox.models
import app.core.payments.models
import app.core.privacy.models
import app.core.search.models
import app.core.workflow.models  # noqa: F401  all of the kernel's tables are mapped
from app.core import law, notifications, outbox
from app.core.auth.clients.tokens import forget_tokens
from app.core.auth.permissions import PERMISSIONS as AUTH_PERMISSIONS
from app.core.auth.permissions import PermissionBook
from app.core.jobs import JobRegistry
from app.core.live import PokeBook
from app.core.notifications import KindBook, NoticesChanged, Notifier, people
from app.core.outbox import HandlerRegistry
from app.core.payments import accounts, persons
from app.core.payments import notices as payment_notices
from app.core.payments import wiring as payments
from app.core.payments.bank import bank_of
from app.core.payments.permissions import PERMISSIONS as PAYMENT_PERMISSIONS
from app.core.search import SearchProvider
from app.core.settings import Settings
from app.core.settings.zone import ZoneConfig, load_zone
from app.core.workflow import fees, papers
from app.core.workflow import notices as case_notices
from app.core.workflow.desk import Desk
from app.core.workflow.papers import Press
from app.core.workflow.permissions import PERMISSIONS as WORKFLOW_PERMISSIONS
from app.core.workflow.recounting import Recount
from app.core.workflow.substitution import substitutes
from app.core.workflow.timers import Scan
from app.customs.declarations.module import MODULE as DECLARATIONS
from app.customs.parcels.module import MODULE as PARCELS
from app.customs.tariff.module import MODULE as TARIFF
from app.customs.tariff.schedules.module import MODULE as SCHEDULES
from app.investment.module import MODULE as INVESTMENT
from app.ioc.module import MODULE as IOC
from app.registry.module import MODULE as REGISTRY
from app.web import housekeeping, keeping
from app.web.idempotency import forget_expired
from app.web.kept_forms import forget_kept
from app.web.kernel import Kernel
from app.web.legal_permissions import PERMISSIONS as LEGAL_PERMISSIONS
from app.web.operations import PERMISSIONS as OPERATIONS_PERMISSIONS
from app.web.personal_permissions import PERMISSIONS as PERSONAL_PERMISSIONS
from app.web.render import build_environment
from app.web.search_kinds import keep_fresh, kernel_providers
from app.web.spec import ModuleSpec
from app.web.tiles import Tile

MODULES: tuple[ModuleSpec, ...] = (REGISTRY, INVESTMENT, TARIFF, SCHEDULES, DECLARATIONS, PARCELS, IOC)


@dataclass(frozen=True, slots=True)
class Platform:
    """Everything a process needs that is not a connection."""

    settings: Settings
    zone: ZoneConfig
    permissions: PermissionBook
    desk: Desk
    handlers: HandlerRegistry
    jobs: JobRegistry
    pokes: PokeBook
    notifier: Notifier
    templates: Environment
    kernel: Kernel
    tiles: Mapping[str, Tile]
    search: tuple[SearchProvider, ...]


def compose(settings: Settings) -> Platform:
    """
    Wire the modules together.

    :raises ValueError: two modules claim the same permission, guard, effect, handler or job.
    """
    zone = load_zone(settings.zone_file)
    kernel = Kernel.make(settings, zone)
    handlers, jobs, pokes = HandlerRegistry(), JobRegistry(), PokeBook()
    for module in MODULES:
        module.register(kernel, handlers, jobs)
    permissions = _permissions()
    desk = _desk(kernel, zone, origin=settings.origin)
    notifier = _notifier(settings, zone, handlers, pokes, permissions)
    fees.register(handlers)
    payments.add_receipts(
        handlers, store=kernel.store, signing=kernel.signing, zone=zone, origin=settings.origin,
        simulated=settings.bank_simulated,
    )  # fmt: skip
    search = search_providers()
    keep_fresh(
        handlers, search, {event: party for module in MODULES for event, party in module.renames.items()}
    )
    outbox.install(handlers)
    law.install(content for module in MODULES for content in module.law_contents)
    _add_jobs(jobs, handlers, kernel, desk, zone)
    return Platform(
        settings=settings,
        zone=zone,
        permissions=permissions,
        desk=desk,
        handlers=handlers,
        jobs=jobs,
        pokes=pokes,
        notifier=notifier,
        templates=build_environment({m.code: m.templates for m in MODULES if m.templates is not None}),
        kernel=kernel,
        tiles=_tiles(),
        search=search,
    )


def _permissions() -> PermissionBook:
    return PermissionBook(
        [
            *AUTH_PERMISSIONS,
            *WORKFLOW_PERMISSIONS,
            *papers.PERMISSIONS,
            *PAYMENT_PERMISSIONS,
            *LEGAL_PERMISSIONS,
            *PERSONAL_PERMISSIONS,
            *OPERATIONS_PERMISSIONS,
            *(each for module in MODULES for each in module.permissions),
        ]
    )


def _desk(kernel: Kernel, zone: ZoneConfig, *, origin: str) -> Desk:
    press = Press(kernel.store, kernel.signing, zone, origin)
    return Desk(
        guards=_joined([papers.GUARDS, fees.GUARDS, *(module.guards(kernel) for module in MODULES)]),
        effects=_joined(
            [
                papers.EFFECTS,
                fees.EFFECTS,
                papers.letter_effects(press),
                *(module.effects(kernel) for module in MODULES),
            ]
        ),
        zone=zone.tz,
    )


def _notifier(
    settings: Settings,
    zone: ZoneConfig,
    handlers: HandlerRegistry,
    pokes: PokeBook,
    permissions: PermissionBook,
) -> Notifier:
    """Return who tells people, and register what they are told of and what open pages hear."""
    kinds = KindBook()
    pokes.add(NoticesChanged.name, notifications.pokes_of)
    case_notices.register(handlers, pokes, kinds, permissions)
    payment_notices.register(handlers, pokes, kinds, authority=zone.authority.code)
    for module in MODULES:
        for event, mapper in module.pokes.items():
            pokes.add(event, mapper)
    kinds.add(*(each for module in MODULES for each in module.notice_kinds))
    people.register(handlers, kinds)
    notifier = Notifier(
        kinds, notifications.ports_of(settings), settings.origin, zone.tz, stand_ins=substitutes
    )
    notifications.install(notifier)
    return notifier


def _add_jobs(
    jobs: JobRegistry, handlers: HandlerRegistry, kernel: Kernel, desk: Desk, zone: ZoneConfig
) -> None:
    """Register the kernel's jobs; the modules have registered their own."""
    notifications.add_jobs(jobs)
    notifications.add_mail_jobs(jobs)
    outbox.add_jobs(handlers, jobs)
    payments.add_jobs(jobs, bank_of(kernel.settings), zone.tz)
    jobs.every_minute("workflow.recount")(Recount(zone.tz))
    jobs.every_minute("workflow.timers")(Scan(desk))
    jobs.every_minute("web.forget_idempotency")(forget_expired)
    jobs.every_minute("auth.forget_client_tokens")(forget_tokens)
    jobs.every_minute("web.forget_kept_forms")(forget_kept)
    housekeeping.add_jobs(jobs)
    payers = keeping.Eraser("payers", (persons.TERM,), persons.due, persons.erase)
    to_refund = keeping.Eraser("refund-accounts", (persons.TERM,), accounts.due, accounts.erase)
    erasers = [*keeping.DOSSIERS, payers, to_refund, *(each for module in MODULES for each in module.erasers)]
    keeping.add_jobs(jobs, kernel, erasers)


def _tiles() -> dict[str, Tile]:
    """Return the tiles of all modules by code, in the order of their display."""
    offered = sorted((tile for module in MODULES for tile in module.tiles), key=lambda tile: tile.order)
    return _joined([{tile.code: tile} for tile in offered])


def search_providers() -> tuple[SearchProvider, ...]:
    """Return what can be found in this composition."""
    catalogues = [module.catalogue for module in MODULES if module.catalogue is not None]
    return (*kernel_providers(catalogues), *(each for module in MODULES for each in module.search))


def _joined(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    joined: dict[str, Any] = {}
    for part in parts:
        if twice := joined.keys() & part.keys():
            raise ValueError(f"Registered twice: {', '.join(sorted(twice))}.")
        joined |= part
    return joined
