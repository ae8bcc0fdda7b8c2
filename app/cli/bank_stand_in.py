"""The simulated bank of a demo installation: when it runs, where, and which keys both sides are given."""

import base64
import os
import secrets

from app.cli.demo_payments import story_file
from app.cli.processes import port_is_free
from app.cli.supervisor import Program, python
from app.core.settings import Settings

_KEY_BYTES = 32
# An account and a bank that nobody could take for real ones.
_ACCOUNT, _BANK, _BIN = "999000111222", "Ngân hàng giả lập", "999999"


def simulates_bank(settings: Settings) -> bool:
    """Tell whether slips are paid at the simulator: in the demo zone, unless a bank is set."""
    return settings.demo and not (settings.bank_url or settings.bank_callback_keys.get_secret_value())


def bank_port(settings: Settings) -> int:
    """Return the simulator's port: ``FTZ_BANK_PORT``, or the sixth after the web's."""
    return int(os.environ.get("FTZ_BANK_PORT", settings.port + 6))


def choose_bank_port(settings: Settings, *, taken: frozenset[int]) -> None:
    """Settle on a free port behind the web's own."""
    for port in range(settings.port + 6, min(settings.port + 100, 65_535)):
        if port not in taken and port_is_free("127.0.0.1", port):
            os.environ.setdefault("FTZ_BANK_PORT", str(port))
            return


def bank_program(settings: Settings) -> Program:
    """Return the simulator as a program; its keys are in the environment, where no list of processes shows them."""
    state = settings.var / "simulators" / "bank.sqlite"
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104  compared, not bound to
    return Program(
        "bank",
        python(
            "-m", "simulators.bank", "--port", str(bank_port(settings)), "--state", str(state),
            "--callback", f"http://{host}:{settings.port}/bank/callback", "--story", str(story_file(settings)),
        ),
    )  # fmt: skip


def point_to_bank(settings: Settings) -> None:
    """Give the programs that are started from here the simulator's address and fresh keys."""
    if not simulates_bank(settings):
        return
    address = f"http://127.0.0.1:{bank_port(settings)}"
    key = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    os.environ |= {
        "FTZ_BANK_URL": address,
        "FTZ_BANK_TOKEN": secrets.token_urlsafe(_KEY_BYTES),
        "FTZ_BANK_CALLBACK_KEYS": f"demo=whsec_{key}",
        "FTZ_BANK_PAY_URL": f"{address}/pay",
        "FTZ_BANK_ORDER_KEY": secrets.token_urlsafe(_KEY_BYTES),
        "FTZ_BANK_ACCOUNT": _ACCOUNT,
        "FTZ_BANK_NAME": _BANK,
        "FTZ_BANK_BIN": _BIN,
        "FTZ_BANK_SIMULATED": "1",
    }
