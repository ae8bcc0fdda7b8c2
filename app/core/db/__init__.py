"""One database, reached through least-privileged logins, with the caller's context in every transaction."""

from app.core.db.base import Base, Tenancy, tenancy
from app.core.db.engine import WEB_LOGINS, WORK_LOGINS, Database, Login
from app.core.db.session import DbRole, SessionContext

__all__ = [
    "WEB_LOGINS",
    "WORK_LOGINS",
    "Base",
    "Database",
    "DbRole",
    "Login",
    "SessionContext",
    "Tenancy",
    "tenancy",
]
