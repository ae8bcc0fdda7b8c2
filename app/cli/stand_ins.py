"""Simulators of national systems in a demo installation (registry, identity, customs): when they run, and where."""

import os
import secrets

from app.cli.processes import port_is_free
from app.cli.supervisor import Program, python
from app.core.settings import Settings

# Long enough to see that a certificate waits for its code, short enough to wait for it.
_LATE_S = 4
# Often enough that a visitor meets a difference, seldom enough that most declarations agree.
_DISAGREES_PERCENT = 20


def simulates_registry(settings: Settings) -> bool:
    """Tell whether project codes come from the simulator: in the demo zone, unless a registry is set."""
    return settings.demo and not settings.investment_registry_url


def registry_port(settings: Settings) -> int:
    """Return the simulator's port: ``FTZ_INVESTMENT_REGISTRY_PORT``, or the third after the web's."""
    return int(os.environ.get("FTZ_INVESTMENT_REGISTRY_PORT", settings.port + 3))


def choose_registry_port(settings: Settings, *, taken: frozenset[int]) -> None:
    """Settle on a free port behind the web's own, since another installation may stand on the next ones."""
    for port in range(settings.port + 3, min(settings.port + 100, 65_535)):
        if port not in taken and port_is_free("127.0.0.1", port):
            os.environ.setdefault("FTZ_INVESTMENT_REGISTRY_PORT", str(port))
            return


def registry_program(settings: Settings) -> Program:
    """Return the simulator as a program; its book stands beside the installation's other state."""
    state = settings.var / "simulators" / "investment_registry.sqlite"
    return Program(
        "registry",
        python(
            "-m", "simulators.investment_registry", "--port", str(registry_port(settings)),
            "--state", str(state), "--late", str(_LATE_S),
        ),
    )  # fmt: skip


def point_to_registry(settings: Settings) -> None:
    """Let the programs that are started from here ask the simulator, and know that it is one."""
    if simulates_registry(settings):
        os.environ["FTZ_INVESTMENT_REGISTRY_URL"] = f"http://127.0.0.1:{registry_port(settings)}"
        os.environ["FTZ_INVESTMENT_REGISTRY_SIMULATED"] = "1"


def simulates_identity(settings: Settings) -> bool:
    """Tell whether people may sign in through the simulated provider: in the demo zone, unless one is set."""
    return settings.demo and not settings.oidc_issuer


def identity_port(settings: Settings) -> int:
    """Return the simulator's port: ``FTZ_IDENTITY_PORT``, or the fourth after the web's."""
    return int(os.environ.get("FTZ_IDENTITY_PORT", settings.port + 4))


def choose_identity_port(settings: Settings, *, taken: frozenset[int]) -> None:
    """Settle on a free port behind the web's own."""
    for port in range(settings.port + 4, min(settings.port + 100, 65_535)):
        if port not in taken and port_is_free("127.0.0.1", port):
            os.environ.setdefault("FTZ_IDENTITY_PORT", str(port))
            return


def identity_program(settings: Settings) -> Program:
    """Return the provider as a program; its keys live as long as it runs."""
    back = f"{settings.origin}/login/identity/callback"
    port = str(identity_port(settings))
    return Program("identity", python("-m", "simulators.identity", "--port", port, "--redirect-uri", back))


def point_to_identity(settings: Settings) -> None:
    """Let the programs that are started from here trust the simulator, and know that it is one."""
    if simulates_identity(settings):
        os.environ["FTZ_OIDC_ISSUER"] = f"http://127.0.0.1:{identity_port(settings)}"
        os.environ["FTZ_OIDC_SIMULATED"] = "1"
        os.environ["FTZ_OIDC_CLIENT_SECRET"] = secrets.token_urlsafe(32)


def simulates_customs(settings: Settings) -> bool:
    """Tell whether declarations go to the simulator: in the demo zone, unless a gateway is set."""
    return settings.demo and not settings.customs_gateway_url


def customs_port(settings: Settings) -> int:
    """Return the simulator's port: ``FTZ_CUSTOMS_PORT``, or the fifth after the web's."""
    return int(os.environ.get("FTZ_CUSTOMS_PORT", settings.port + 5))


def choose_customs_port(settings: Settings, *, taken: frozenset[int]) -> None:
    """Settle on a free port behind the web's own."""
    for port in range(settings.port + 5, min(settings.port + 100, 65_535)):
        if port not in taken and port_is_free("127.0.0.1", port):
            os.environ.setdefault("FTZ_CUSTOMS_PORT", str(port))
            return


def customs_program(settings: Settings) -> Program:
    """Return the simulator as a program; its book stands beside the installation's other state."""
    state = settings.var / "simulators" / "vnaccs.sqlite"
    return Program(
        "customs",
        python(
            "-m", "simulators.vnaccs", "--port", str(customs_port(settings)), "--state", str(state),
            "--late", str(_LATE_S), "--disagree", str(_DISAGREES_PERCENT),
        ),
    )  # fmt: skip


def point_to_customs(settings: Settings) -> None:
    """Let the programs that are started from here send to the simulator, and know that it is one."""
    if simulates_customs(settings):
        os.environ["FTZ_CUSTOMS_GATEWAY_URL"] = f"http://127.0.0.1:{customs_port(settings)}"
        os.environ["FTZ_CUSTOMS_GATEWAY_SIMULATED"] = "1"
