"""Permissions: codes of actions, the roles that bring them, and the book that resolves roles to codes.

Each module lists its own in ``permissions.py``; the composition root makes one book of all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from app.core.auth.roles import ROLES
from app.core.errors import Forbidden
from app.core.i18n import N_
from app.core.kit.actor import Actor, ActorKind


@dataclass(frozen=True, slots=True)
class Permission:
    """
    One action that can be allowed, with its default roles.

    ``code`` reads ``<topic>.<object>.<verb>`` or ``<object>.<verb>``; its first word is what the scope of a
    delegation names. ``title`` and ``description`` are English message ids. ``scopes`` name what an enterprise's own
    program must have been allowed, to hold it as well.
    """

    code: str
    title: str
    description: str
    roles: frozenset[str]
    scopes: frozenset[str] = frozenset()


class PermissionBook:
    """
    All permissions of an installation.

    :raises ValueError: a code is listed twice, or a permission names a role that does not exist.
    """

    def __init__(self, permissions: Iterable[Permission]) -> None:
        self._permissions: dict[str, Permission] = {}
        by_role: dict[str, set[str]] = {role: set() for role in ROLES}
        for permission in permissions:
            if permission.code in self._permissions:
                raise ValueError(f"The permission {permission.code} is listed twice.")
            if unknown := sorted(permission.roles - ROLES.keys()):
                raise ValueError(
                    f"The permission {permission.code} names unknown roles: {', '.join(unknown)}."
                )
            self._permissions[permission.code] = permission
            for role in permission.roles:
                by_role[role].add(permission.code)
        self._by_role = {role: frozenset(codes) for role, codes in by_role.items()}
        self._by_scope = {
            scope: frozenset(each.code for each in self._permissions.values() if scope in each.scopes)
            for scope in {scope for each in self._permissions.values() for scope in each.scopes}
        }

    def __iter__(self) -> Iterator[Permission]:
        return iter(self._permissions.values())

    def __contains__(self, code: str) -> bool:
        return code in self._permissions

    def __getitem__(self, code: str) -> Permission:
        return self._permissions[code]

    def resolve(self, roles: Iterable[str], *, scope: Iterable[str] = ()) -> frozenset[str]:
        """
        Return the codes that the roles bring together.

        A role that no longer exists brings nothing: what stands in the database outlives a release.

        :param scope: first words of codes to which a delegation is limited; empty means no limit.
        """
        codes = frozenset[str]().union(*(self._by_role.get(role, frozenset()) for role in roles))
        limit = frozenset(scope)
        return frozenset(code for code in codes if code.partition(".")[0] in limit) if limit else codes

    def resolve_scopes(self, scopes: Iterable[str]) -> frozenset[str]:
        """Return the codes that the scopes of a program bring together; one that no longer exists brings nothing."""
        return frozenset[str]().union(*(self._by_scope.get(scope, frozenset()) for scope in scopes))


def require(actor: Actor, *codes: str, party_id: UUID | None = None) -> None:
    """
    Refuse an actor who holds none of the permissions; the platform itself may do everything.

    :param party_id: party for which a customer must hold it; ``None`` accepts any.
    :raises Forbidden: naming the first of the codes.
    """
    if actor.kind is not ActorKind.SYSTEM and not any(actor.may(code, party_id) for code in codes):
        raise Forbidden(permission=codes[0])


USER_MANAGE = "user.manage"
MEMBER_MANAGE = "member.manage"
OFFICE_MANAGE = "office.manage"
SESSION_REVOKE = "session.revoke"
DELEGATION_GIVE = "delegation.give"
CLIENT_MANAGE = "client.manage"
AUDIT_READ = "audit.read"
JOIN = "party.join"

PERMISSIONS = (
    Permission(
        USER_MANAGE,
        N_("Manage accounts"),
        "Open, lock and close accounts of officers and customers and give them roles.",
        frozenset({"ADMIN"}),
    ),
    Permission(
        MEMBER_MANAGE,
        N_("Manage colleagues"),
        "Bring people into the own enterprise, give them roles and end their membership.",
        frozenset({"ENTERPRISE_ADMIN"}),
    ),
    Permission(
        OFFICE_MANAGE,
        N_("Manage offices"),
        "Create and rename divisions and agencies.",
        frozenset({"ADMIN"}),
    ),
    Permission(
        SESSION_REVOKE,
        N_("End sessions of others"),
        "See and end the sessions of any account, for instance after a loss.",
        frozenset({"ADMIN"}),
    ),
    Permission(
        DELEGATION_GIVE,
        N_("Delegate"),
        "Let another enterprise act for the own one, within roles, topics and a period.",
        frozenset({"ENTERPRISE_ADMIN"}),
    ),
    Permission(
        CLIENT_MANAGE,
        N_("Manage programs"),
        "Register programs of the own enterprise for the API, replace their secrets and revoke them.",
        frozenset({"ENTERPRISE_ADMIN"}),
    ),
    Permission(
        AUDIT_READ,
        N_("Read the evidence log"),
        "Search and export evidence entries and their proofs.",
        frozenset({"AUDITOR"}),
    ),
    Permission(
        JOIN,
        N_("Join an enterprise"),
        "Ask to act for an enterprise and take its invitations.",
        frozenset({"PERSON"}),
    ),
)
