"""A development certification authority: keys of the demo signers, EC P-256, under one directory.

It stands in for the state's certification authority where no token exists, and says so in every certificate.
Private keys are encrypted at rest; the passphrase lies in a secrets file of its own. A new key of a signer
leaves the old certificate valid, so that earlier signatures still verify; revocation is a separate act.
"""

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pyhanko.sign.signers import SimpleSigner
from pyhanko_certvalidator.registry import SimpleCertificateStore

from app.core.documents.signing.keys import SignerIdentity, Trust
from app.core.errors import DomainError

_ROOT_YEARS = timedelta(days=3650)
_LEAF_DAYS = timedelta(days=365)
_LIST_DAYS = timedelta(days=30)
_LIST_MARGIN = timedelta(days=2)
_COMMON_NAME_LENGTH = 64  # RFC 5280, ub-common-name


class NoSigningKey(DomainError):
    """The person has no certificate that is valid now."""

    code = "documents.no-signing-key"
    status = 409
    title = "The paper cannot be signed."
    detail = (
        "There is no valid signing certificate for %(name)s: none was issued, or it expired or was revoked."
    )
    hint = "Ask the operator of the installation to issue or renew the certificate, then sign again."


def ensure_passphrase(path: Path) -> bytes:
    """Return the passphrase of the keys, made at random and stored (mode 0600) when the file is missing."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(path, secrets.token_urlsafe(32).encode())
    return path.read_bytes().strip()


class DevelopmentKey:
    """One signer's key, decrypted once and kept for the life of the process."""

    def __init__(self, identity: SignerIdentity, certificate: x509.Certificate, signer: SimpleSigner) -> None:
        self.identity = identity
        self.certificate = certificate
        self.signer = signer


class DevelopmentAuthority:
    """Root, leaf certificates and revocation list; safe for several processes on one directory."""

    def __init__(self, directory: Path, *, passphrase: bytes) -> None:
        self._directory = directory
        self._passphrase = passphrase
        self._loaded: dict[Path, DevelopmentKey] = {}

    def set_up(self, *, organisation: str, now: datetime) -> None:
        """Make the root and an empty revocation list where they are missing; doing it again changes nothing."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            if self._root_file.exists():
                return
            key = ec.generate_private_key(ec.SECP256R1())
            name = _name("DEVELOPMENT ROOT - NOT FOR LEGAL USE", organisation=organisation)
            certificate = _certificate(
                subject=name,
                issuer=name,
                public=key.public_key(),
                issuer_key=key,
                not_before=now,
                valid_for=_ROOT_YEARS,
                is_root=True,
            )
            _write(self._root_file.with_suffix(".key"), self._encrypted(key))
            _write(self._root_file, certificate.public_bytes(serialization.Encoding.DER))
            self._write_list({}, now)

    def issue(
        self, identity: SignerIdentity, *, now: datetime, valid_for: timedelta = _LEAF_DAYS
    ) -> DevelopmentKey:
        """Issue a certificate with a new key; the newest is used from now on (this is also how a key is rotated)."""
        root, root_key = self._root(), self._root_key()
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(
            subject=_name(identity.name, organisation=identity.organisation, identity=identity),
            issuer=root.subject,
            public=key.public_key(),
            issuer_key=root_key,
            not_before=now,
            valid_for=valid_for,
            is_root=False,
        )
        folder = self._folder(identity.code)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / f"{certificate.serial_number:040x}.crt"
        _write(file.with_suffix(".key"), self._encrypted(key))
        # The certificate comes last: a signer is complete as soon as it is there.
        _write(file, certificate.public_bytes(serialization.Encoding.DER))
        return self._load(file)

    def key_for(self, code: str, *, now: datetime) -> DevelopmentKey:
        """
        Return the newest valid key of a signer.

        :raises NoSigningKey: none was issued, or all are expired or revoked.
        """
        revoked = self._revoked()
        keys = [self._load(file) for file in sorted(self._folder(code).glob("*.crt"))]
        valid = [key for key in keys if _is_valid(key.certificate, now, revoked)]
        if not valid:
            raise NoSigningKey(name=keys[-1].identity.name if keys else code)
        return max(valid, key=lambda key: key.certificate.not_valid_before_utc)

    def identity_of(self, code: str) -> SignerIdentity | None:
        """Return who the newest certificate of a signer names, valid or not; None if there never was one."""
        files = self._folder(code).glob("*.crt")
        known = [x509.load_der_x509_certificate(file.read_bytes()) for file in files]
        newest = max(known, key=lambda each: each.not_valid_before_utc, default=None)
        return _identity(newest.subject) if newest is not None else None

    def revoke(self, serial: int, *, now: datetime) -> None:
        """Put a certificate on the revocation list; a second time changes nothing."""
        with self._locked():
            revoked = self._revoked()
            revoked.setdefault(serial, now)
            self._write_list(revoked, now)

    def trust(self, *, now: datetime) -> Trust:
        """Return root and revocation list for verification; the list is written anew before it runs out."""
        with self._locked():
            current = x509.load_der_x509_crl(self._list_file.read_bytes())
            if current.next_update_utc is None or now > current.next_update_utc - _LIST_MARGIN:
                self._write_list(self._revoked(), now)
        return Trust(roots=(self._root_file.read_bytes(),), revocation_lists=(self._list_file.read_bytes(),))

    @property
    def _root_file(self) -> Path:
        return self._directory / "root.crt"

    @property
    def _list_file(self) -> Path:
        return self._directory / "root.crl"

    def _folder(self, code: str) -> Path:
        # A code never becomes a path: it comes from an account, and accounts come from people.
        return self._directory / "signers" / code.encode().hex()

    def _root(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self._root_file.read_bytes())

    def _root_key(self) -> ec.EllipticCurvePrivateKey:
        return self._decrypted(self._root_file.with_suffix(".key"))

    def _encrypted(self, key: ec.EllipticCurvePrivateKey) -> bytes:
        return key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(self._passphrase),
        )

    def _decrypted(self, file: Path) -> ec.EllipticCurvePrivateKey:
        key = serialization.load_pem_private_key(file.read_bytes(), password=self._passphrase)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(f"{file.name} holds no elliptic-curve key.")
        return key

    def _load(self, file: Path) -> DevelopmentKey:
        if file not in self._loaded:
            der = file.read_bytes()
            plain = self._decrypted(file.with_suffix(".key")).private_bytes(
                serialization.Encoding.DER,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            signer = SimpleSigner(
                signing_cert=asn1_x509.Certificate.load(der),
                signing_key=asn1_keys.PrivateKeyInfo.load(plain),
                cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
                # The verifier brings its own roots; bytes that no signature covers are better left out.
                embed_roots=False,
            )
            certificate = x509.load_der_x509_certificate(der)
            self._loaded[file] = DevelopmentKey(_identity(certificate.subject), certificate, signer)
        return self._loaded[file]

    def _revoked(self) -> dict[int, datetime]:
        file = self._directory / "revoked.json"
        stored = json.loads(file.read_text()) if file.exists() else {}
        return {int(serial, 16): datetime.fromisoformat(at) for serial, at in stored.items()}

    def _write_list(self, revoked: dict[int, datetime], now: datetime) -> None:
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._root().subject)
        builder = builder.last_update(now).next_update(now + _LIST_DAYS)
        for serial, at in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            builder = builder.add_revoked_certificate(entry.build())
        signed = builder.sign(self._root_key(), hashes.SHA256())
        stored = {f"{serial:x}": at.astimezone(UTC).isoformat() for serial, at in revoked.items()}
        _write(self._directory / "revoked.json", json.dumps(stored, indent=1).encode())
        _write(self._list_file, signed.public_bytes(serialization.Encoding.DER))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _is_valid(certificate: x509.Certificate, now: datetime, revoked: dict[int, datetime]) -> bool:
    in_time = certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc
    return in_time and certificate.serial_number not in revoked


def _name(common: str, *, organisation: str, identity: SignerIdentity | None = None) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
        x509.NameAttribute(NameOID.COMMON_NAME, common[:_COMMON_NAME_LENGTH]),
    ]
    if identity is not None:
        attributes.append(x509.NameAttribute(NameOID.TITLE, identity.position))
        attributes.append(x509.NameAttribute(NameOID.USER_ID, identity.code))
    return x509.Name(attributes)


def _identity(subject: x509.Name) -> SignerIdentity:
    def value(oid: x509.ObjectIdentifier) -> str:
        found = subject.get_attributes_for_oid(oid)
        return str(found[0].value) if found else ""

    return SignerIdentity(
        code=value(NameOID.USER_ID),
        name=value(NameOID.COMMON_NAME),
        position=value(NameOID.TITLE),
        organisation=value(NameOID.ORGANIZATION_NAME),
    )


def _usage(*, signs_papers: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_papers,
        content_commitment=signs_papers,
        key_cert_sign=not signs_papers,
        crl_sign=not signs_papers,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _certificate(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    not_before: datetime,
    valid_for: timedelta,
    is_root: bool,
) -> x509.Certificate:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_before + valid_for)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=0 if is_root else None), critical=True)
        .add_extension(_usage(signs_papers=not is_root), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(authority, critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _write(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
