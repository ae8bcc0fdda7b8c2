"""Verifying the signatures of any PDF: our own papers and those that people bring."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from asn1crypto import crl as asn1_crl
from asn1crypto import parser, x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import DiffResult, ModificationLevel
from pyhanko.sign.fields import enumerate_sig_fields
from pyhanko.sign.general import CMSExtractionError, UnacceptableSignerError
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from app.core.documents.signing.keys import SignerIdentity, Trust
from app.core.errors import DomainError

_GAP = re.compile(rb"<([0-9a-f]*|[0-9A-F]*)>")


class PdfUnreadable(DomainError):
    """The bytes are no PDF whose signatures can be looked at."""

    code = "documents.pdf-unreadable"
    status = 422
    title = "The signatures cannot be checked."
    detail = "The file cannot be read as a PDF; it is damaged, or it is another kind of file."
    hint = "Get the paper again from the one who issued it, and do not open and save it in between."


class Verdict(StrEnum):
    """
    The one word about a signature; the first that applies, worst first.

    UNSUPPORTED is a signature of a kind that cannot be checked here, which is not the same as none.
    """

    UNSUPPORTED = "UNSUPPORTED"
    BROKEN = "BROKEN"
    CHANGED = "CHANGED"
    UNTRUSTED = "UNTRUSTED"
    REVOKED = "REVOKED"
    EXPIRED = "EXPIRED"
    VALID = "VALID"


@dataclass(frozen=True, slots=True)
class SignatureReport:
    """
    What is known of one signature.

    ``claimed_at`` is the time that the signer's system stated. ``checked_at`` is the instant for which
    certificate and revocation were judged: when the file was known to exist, else the time of the check.
    ``covers_whole_document`` is false of an earlier signature of several; ``changed_after_signing`` tells
    whether anything but further signatures came later.
    """

    field: str
    signer: SignerIdentity
    issuer: str
    serial: int | None
    claimed_at: datetime | None
    checked_at: datetime
    reason: str
    supported: bool
    intact: bool
    covers_whole_document: bool
    changed_after_signing: bool
    trusted: bool
    expired: bool
    revoked: bool
    revoked_at: datetime | None

    @property
    def verdict(self) -> Verdict:
        """Return the worst finding."""
        findings = (
            (not self.supported, Verdict.UNSUPPORTED),
            (not self.intact, Verdict.BROKEN),
            (self.changed_after_signing, Verdict.CHANGED),
            (not self.trusted, Verdict.UNTRUSTED),
            (self.revoked, Verdict.REVOKED),
            (self.expired, Verdict.EXPIRED),
        )
        return next((verdict for found, verdict in findings if found), Verdict.VALID)


def verify_pdf(
    pdf: bytes, *, trust: Trust, now: datetime, stored_at: datetime | None = None
) -> list[SignatureReport]:
    """
    Report on every signature, in the order of signing; an empty list means an unsigned paper.

    :param trust: roots and revocation lists; a signature under another root is reported as untrusted.
    :param now: aware instant of the check.
    :param stored_at: when this very file was known to exist (it is in the store under its hash). A signature
        made before its certificate expired or was revoked stays valid then; without it ``now`` counts, because
        the time inside a signature is only a claim.
    :raises PdfUnreadable: the file cannot be read.
    """
    checked_at = min(stored_at, now) if stored_at else now
    try:
        reader = PdfFileReader(io.BytesIO(pdf), strict=False)
        signatures = list(reader.embedded_regular_signatures)
        names = {signature.field_name for signature in reader.embedded_signatures}
        filled = [name for name, _, _ in enumerate_sig_fields(reader, filled_status=True)]
        reports = [
            _report_or_unsupported(
                signature, pdf, is_last=signature is signatures[-1], names=names, trust=trust, at=checked_at
            )
            for signature in signatures
        ]
    except (PdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        # A hostile file can break the parser in many ways; all of them mean the same to the one who asks.
        raise PdfUnreadable from error
    return reports + [_unsupported(name, checked_at) for name in filled if name not in names]


def _unsupported(field: str, at: datetime) -> SignatureReport:
    return SignatureReport(
        field=field,
        signer=_identity(None),
        issuer="",
        serial=None,
        claimed_at=None,
        checked_at=at,
        reason="",
        supported=False,
        intact=False,
        covers_whole_document=False,
        changed_after_signing=False,
        trusted=False,
        expired=False,
        revoked=False,
        revoked_at=None,
    )


def _report_or_unsupported(
    signature: EmbeddedPdfSignature, pdf: bytes, *, is_last: bool, names: set[str], trust: Trust, at: datetime
) -> SignatureReport:
    try:
        return _report(signature, pdf, is_last=is_last, names=names, trust=trust, at=at)
    except (CMSExtractionError, SignatureValidationError):
        return _unsupported(signature.field_name, at)


def _report(
    signature: EmbeddedPdfSignature, pdf: bytes, *, is_last: bool, names: set[str], trust: Trust, at: datetime
) -> SignatureReport:
    certificate: x509.Certificate | None = signature.signer_cert
    status = _status(signature, certificate, trust, at)
    revoked_at = _revoked_at(certificate, trust.revocation_lists) if certificate else None
    claimed_at = signature.self_reported_timestamp
    return SignatureReport(
        field=signature.field_name,
        signer=_identity(certificate),
        issuer=_issuer(certificate) if certificate else "",
        serial=certificate.serial_number if certificate else None,
        claimed_at=claimed_at,
        checked_at=at,
        reason=str(signature.sig_object.get("/Reason", "")),
        supported=True,
        intact=status is not None
        and status.intact
        and status.valid
        and _is_snug(signature, pdf)
        and _is_consistent(signature),
        covers_whole_document=status is not None and status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
        changed_after_signing=status is not None and _is_changed(status, is_last, names),
        trusted=status is not None and status.trusted,
        expired=certificate is not None and not _in_time(certificate, claimed_at, at),
        revoked=revoked_at is not None and revoked_at <= at,
        revoked_at=revoked_at,
    )


def _status(
    signature: EmbeddedPdfSignature, certificate: x509.Certificate | None, trust: Trust, checked_at: datetime
) -> PdfSignatureStatus | None:
    if certificate is None:
        return None
    # The path is judged at an instant within the certificate's life, so that "expired" and "not one of ours"
    # are told apart; expiry and revocation are judged on their own.
    moment = min(max(checked_at, certificate.not_valid_before), certificate.not_valid_after)
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(root) for root in trust.roots],
        moment=moment,
        allow_fetching=False,
        revocation_mode="soft-fail",
    )
    try:
        return validate_pdf_signature(signature, signer_validation_context=context)
    except (SignatureValidationError, UnacceptableSignerError):
        return None


def _is_snug(signature: EmbeddedPdfSignature, pdf: bytes) -> bool:
    """
    Tell whether the gap that a signature leaves for itself holds the signature and nothing else.

    The gap is the one place that no signature covers: its padding must be zeros, in one spelling.
    """
    start, end = int(signature.byte_range[1]), int(signature.byte_range[2])
    spelled = _GAP.fullmatch(pdf[start:end])
    if spelled is None or len(spelled[1]) % 2:
        return False
    content = bytes.fromhex(spelled[1].decode("ascii"))
    try:
        length = parser.peek(content)
    except ValueError:
        return False
    return not content[length:].strip(b"\0")


def _is_consistent(signature: EmbeddedPdfSignature) -> bool:
    """
    Tell whether the parts of the signature that it does not cover itself agree with those that it does.

    Source: RFC 5652, 5.1 (a digest algorithm that is not listed may be refused) and 5.3 (version of a signer).
    """
    listed = [algorithm["algorithm"].native for algorithm in signature.signed_data["digest_algorithms"]]
    signer = signature.signer_info
    by_name = signer["sid"].name == "issuer_and_serial_number"
    version = "v1" if by_name else "v3"
    return signer["digest_algorithm"]["algorithm"].native in listed and signer["version"].native == version


def _is_changed(status: PdfSignatureStatus, is_last: bool, names: set[str]) -> bool:
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return False
    difference = status.diff_result
    if not isinstance(difference, DiffResult) or difference.modification_level == ModificationLevel.OTHER:
        return True
    if is_last:
        # Nothing signs what follows the last signature; only its own proofs may stand there.
        return difference.modification_level != ModificationLevel.LTA_UPDATES
    return not difference.changed_form_fields <= names


def _in_time(certificate: x509.Certificate, claimed_at: datetime | None, checked_at: datetime) -> bool:
    instants = [checked_at] if claimed_at is None else [checked_at, claimed_at]
    return all(certificate.not_valid_before <= at <= certificate.not_valid_after for at in instants)


def _revoked_at(certificate: x509.Certificate, lists: Sequence[bytes]) -> datetime | None:
    for der in lists:
        content = asn1_crl.CertificateList.load(der)["tbs_cert_list"]
        if content["issuer"] != certificate.issuer:
            continue
        for entry in content["revoked_certificates"] or ():
            if entry["user_certificate"].native == certificate.serial_number:
                at = entry["revocation_date"].native
                return at if isinstance(at, datetime) else None
    return None


def _issuer(certificate: x509.Certificate) -> str:
    """Return who issued a certificate, by the names that people know it by."""
    names = dict(certificate.issuer.native)
    known = [names[key] for key in ("common_name", "organization_name") if isinstance(names.get(key), str)]
    return ", ".join(known) or str(certificate.issuer.human_friendly)


def _identity(certificate: x509.Certificate | None) -> SignerIdentity:
    subject = certificate.subject.native if certificate else {}

    def value(name: str) -> str:
        found = subject.get(name, "")
        return found if isinstance(found, str) else ", ".join(found)

    return SignerIdentity(
        code=value("user_id"),
        name=value("common_name"),
        position=value("title"),
        organisation=value("organization_name"),
    )
