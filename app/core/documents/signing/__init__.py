"""Signatures on PDF papers (PAdES, ETSI EN 319 142-1, level B-B) and their verification.

The key is behind a port: ``SigningKey`` gives a pyHanko ``Signer``, so a token or a remote service of the state's
certification authority takes the place of the development keys without another change.
"""

from app.core.documents.signing.authority import DevelopmentAuthority, NoSigningKey, ensure_passphrase
from app.core.documents.signing.keys import SignerIdentity, SigningKey, Trust, load_trust
from app.core.documents.signing.sign import Appearance, FieldNotFree, sign_pdf
from app.core.documents.signing.verify import PdfUnreadable, SignatureReport, Verdict, verify_pdf

__all__ = [
    "Appearance",
    "DevelopmentAuthority",
    "FieldNotFree",
    "NoSigningKey",
    "PdfUnreadable",
    "SignatureReport",
    "SignerIdentity",
    "SigningKey",
    "Trust",
    "Verdict",
    "ensure_passphrase",
    "load_trust",
    "sign_pdf",
    "verify_pdf",
]
