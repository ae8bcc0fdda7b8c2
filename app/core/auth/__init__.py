"""Who is who and who may what: parties, accounts, memberships, delegations, sessions, permissions.

The room knows neither HTTP nor cookies; the edge passes tokens in and out.
"""

from app.core.auth.actors import AccountNotUsable, actor_of
from app.core.auth.models import (
    Delegation,
    LoginSession,
    Membership,
    Office,
    Party,
    PartyKind,
    Stage,
    Throttle,
    Totp,
    User,
    UserState,
)
from app.core.auth.open_sessions import SessionView, delete_old, list_sessions, revoke
from app.core.auth.parties import CodeTaken, create_office, create_party, find_office
from app.core.auth.password import WeakPassword
from app.core.auth.permissions import PERMISSIONS, Permission, PermissionBook, require
from app.core.auth.roles import ROLES, Role, UserKind
from app.core.auth.service import (
    AlreadyMember,
    LoginNotUsable,
    LoginTaken,
    OwnAccount,
    PartyDoesNotFit,
    RoleDoesNotFit,
    add_membership,
    end_membership,
    names_of,
    register_person,
    set_password,
    set_state,
)
from app.core.auth.sessions import SessionPolicy, SignedIn, SignInRefused, resolve, rotate, sign_in, sign_out
from app.core.auth.stages import SecondFactorPolicy
from app.core.auth.step_up import Proof, WrongPassword
from app.core.auth.throttle import TooManyAttempts
from app.core.auth.tokens import csrf_matches, csrf_token
from app.core.auth.totp import WrongCode
from app.core.privacy.box import SecretsBox

__all__ = [
    "PERMISSIONS",
    "ROLES",
    "AccountNotUsable",
    "AlreadyMember",
    "CodeTaken",
    "Delegation",
    "LoginNotUsable",
    "LoginSession",
    "LoginTaken",
    "Membership",
    "Office",
    "OwnAccount",
    "Party",
    "PartyDoesNotFit",
    "PartyKind",
    "Permission",
    "PermissionBook",
    "Proof",
    "Role",
    "RoleDoesNotFit",
    "SecondFactorPolicy",
    "SecretsBox",
    "SessionPolicy",
    "SessionView",
    "SignInRefused",
    "SignedIn",
    "Stage",
    "Throttle",
    "TooManyAttempts",
    "Totp",
    "User",
    "UserKind",
    "UserState",
    "WeakPassword",
    "WrongCode",
    "WrongPassword",
    "actor_of",
    "add_membership",
    "create_office",
    "create_party",
    "csrf_matches",
    "csrf_token",
    "delete_old",
    "end_membership",
    "find_office",
    "list_sessions",
    "names_of",
    "register_person",
    "require",
    "resolve",
    "revoke",
    "rotate",
    "set_password",
    "set_state",
    "sign_in",
    "sign_out",
]
