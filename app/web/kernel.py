"""The kernel's services that modules build their effects, handlers and jobs on."""

from dataclasses import dataclass
from typing import Self

from app.core.documents.signing import DevelopmentAuthority, ensure_passphrase
from app.core.documents.store import FILE_KEYS, FileStore
from app.core.privacy import SecretsBox, bind_keys
from app.core.settings import Settings
from app.core.settings.zone import ZoneConfig


@dataclass(frozen=True, slots=True)
class Kernel:
    """Services of one process that hold no connection."""

    settings: Settings
    zone: ZoneConfig
    store: FileStore
    signing: DevelopmentAuthority

    @classmethod
    def make(cls, settings: Settings, zone: ZoneConfig) -> Self:
        """Make the services from the settings; a signer's key is read when it first signs."""
        bind_keys(settings.secrets_dir)
        passphrase = ensure_passphrase(settings.secrets_dir / "keys.passphrase")
        return cls(
            settings=settings,
            zone=zone,
            store=FileStore(settings.var / "documents", box=SecretsBox(settings.secrets_dir / FILE_KEYS)),
            signing=DevelopmentAuthority(settings.var / "keys", passphrase=passphrase),
        )
