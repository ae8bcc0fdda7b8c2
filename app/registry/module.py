"""Wiring of the registry."""

import app.registry.models  # noqa: F401  maps the tables
from app.registry.permissions import PERMISSIONS
from app.web.spec import ModuleSpec

MODULE = ModuleSpec(code="registry", permissions=PERMISSIONS)
