"""The frame around every page: who sees which menu entries, and where the shell's links lead."""

from fastapi import Request

from app.core.auth.permissions import CLIENT_MANAGE, JOIN, MEMBER_MANAGE, USER_MANAGE
from app.core.i18n import N_
from app.core.kit.actor import Actor, ActorKind
from app.core.payments.permissions import KEEP as PAYMENTS
from app.core.payments.permissions import PAY, REFUND
from app.core.workflow.permissions import ADVISE, ASSIGN, FILE, READ, RECEIVE
from app.web.legal_permissions import READ as LAW_READ
from app.web.operations import VIEW
from app.web.personal_permissions import SUPERVISE as READINGS
from app.web.render import NavItem, ShellLinks, is_htmx, request_translator
from app.web.spec import Door, MenuItem

LINKS = ShellLinks(
    home="/",
    search="/search",
    inbox="/inbox",
    login="/login",
    logout="/logout",
    account="/account",
    notices="/notices",
)

MENU = (
    MenuItem("inbox", N_("Inbox"), "/inbox", "inbox", frozenset({READ}), 10, desk_of=frozenset({READ})),
    MenuItem(
        "counter", N_("Counter"), "/counter", "clipboard-list", frozenset({RECEIVE}), 15, N_("At counter")
    ),
    MenuItem(
        "opinions",
        N_("Give opinions"),
        "/opinions",
        "message",
        frozenset({ADVISE}),
        20,
        desk_of=frozenset({ADVISE}),
    ),
    MenuItem(
        "admin",
        N_("Administration"),
        "/admin/users",
        "users",
        frozenset({USER_MANAGE}),
        40,
        desk_of=frozenset({USER_MANAGE}),
    ),
    MenuItem(
        "law", N_("Legal desk"), "/law", "scale", frozenset({LAW_READ}), 40, desk_of=frozenset({LAW_READ})
    ),
    MenuItem("my", N_("My zone"), "/my", "home", frozenset({FILE, JOIN}), 10),
    MenuItem("colleagues", N_("Absences"), "/colleagues", "users", frozenset({READ, ASSIGN}), 42),
    MenuItem("operations", N_("Operations"), "/operations", "activity", frozenset({VIEW}), 45),
    MenuItem("members", N_("Members"), "/members", "users", frozenset({MEMBER_MANAGE}), 65),
    MenuItem("letters", N_("Letters"), "/letters", "mail", frozenset({READ}), 40),
    MenuItem(
        "readings", N_("Readings of personal data"), "/privacy/readings", "eye", frozenset({READINGS}), 45
    ),
    MenuItem("payments", N_("Payments"), "/payments", "receipt", frozenset({PAY}), 38),
    MenuItem(
        "payment-desk",
        N_("Payment desk"),
        "/desk/payments",
        "receipt",
        frozenset({PAYMENTS, REFUND}),
        38,
        desk_of=frozenset({PAYMENTS}),
    ),
    MenuItem("vault", N_("Our papers"), "/vault", "archive", frozenset({FILE}), 40),
    MenuItem("api-clients", N_("Programs"), "/api-clients", "link", frozenset({CLIENT_MANAGE}), 90),
    MenuItem("procedures", N_("Procedures"), "/procedures", "file-text", frozenset(), 50, N_("Procedure")),
    MenuItem("track", N_("Track"), "/track", "search", frozenset(), 60),
    MenuItem("verify", N_("Verify"), "/verify", "shield-check", frozenset(), 70),
)

DOORS = (
    Door(N_("Procedures"), N_("Procedures, papers, time and cost."), "/procedures", "file-text", 15),
    Door(N_("Track"), N_("Where a dossier stands, by its code."), "/track", "search", 20),
    Door(N_("Verify"), N_("Whether a certificate is genuine and in force."), "/verify", "shield-check", 30),
)

# The letter after g that goes to a menu entry.
_KEYS = {"inbox": "i", "law": "l", "opinions": "o", "my": "h", "procedures": "p", "track": "t", "verify": "v"}


# First entries in the bar of a phone, beside the map, search and the own account; the menu button leads to all.
BOTTOM_PLACES = 2
MAP = "zone"


def shows_frame(request: Request) -> bool:
    """Tell whether the answer may be a whole page, whose frame counts the unread notices."""
    wants_html = "text/html" in request.headers.get("accept", "")
    whole = wants_html and request.method == "GET" and not is_htmx(request)
    return whole or request.url.path == "/notices/bell"


def navigation(request: Request, actor: Actor) -> list[NavItem]:
    """Return the side menu of an actor; visitors have none."""
    if actor.kind is ActorKind.ANONYMOUS:
        return []
    gettext = request_translator(request).gettext
    path = request.url.path
    items: list[MenuItem] = sorted(request.app.state.menu, key=lambda item: item.order)
    seen = [
        item for item in items if not item.permissions or any(actor.may(code) for code in item.permissions)
    ]
    return [
        NavItem(
            gettext(item.title),
            item.href,
            item.icon,
            active=path == item.href or path.startswith(item.href + "/"),
            key=_KEYS.get(item.code, ""),
            bottom=place < BOTTOM_PLACES or item.code == MAP,
            short=gettext(item.short or item.title),
        )
        for place, item in enumerate(seen)
    ]
