"""The port between a signature and whatever holds the private key."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from asn1crypto import pem, x509
from pyhanko.sign.signers.pdf_cms import Signer


@dataclass(frozen=True, slots=True)
class SignerIdentity:
    """Who signs: ``code`` is the account's stable key, the rest is shown on papers and in the certificate."""

    code: str
    name: str
    position: str
    organisation: str


class SigningKey(Protocol):
    """A private key with its certificate; the key itself may never leave a token."""

    @property
    def identity(self) -> SignerIdentity:
        """Return who the certificate names."""
        ...

    @property
    def signer(self) -> Signer:
        """Return the pyHanko signer (``SimpleSigner``, ``PKCS11Signer``, a remote one)."""
        ...


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom verification believes: root certificates and revocation lists, all DER."""

    roots: tuple[bytes, ...] = ()
    revocation_lists: tuple[bytes, ...] = ()

    def joined(self, other: "Trust") -> "Trust":
        """Return the union of two sets of trust."""
        return Trust(self.roots + other.roots, self.revocation_lists + other.revocation_lists)


def load_trust(directory: Path) -> Trust:
    """
    Read further roots (``*.crt``, ``*.pem``) and revocation lists (``*.crl``) that an operator has put down.

    :raises ValueError: a file is neither DER nor PEM.
    """
    files = sorted(directory.iterdir()) if directory.is_dir() else []
    return Trust(
        roots=tuple(_der(file) for file in files if file.suffix in {".crt", ".pem"}),
        revocation_lists=tuple(_der(file) for file in files if file.suffix == ".crl"),
    )


def _der(file: Path) -> bytes:
    data = file.read_bytes()
    der = bytes(pem.unarmor(data)[2]) if pem.detect(data) else data
    if file.suffix != ".crl":
        x509.Certificate.load(der, strict=True)
    return der
