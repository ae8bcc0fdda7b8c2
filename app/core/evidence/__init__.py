"""
One evidence log for audit and traceability.

A business transaction records unnumbered entries (``record``); a sealer numbers what was committed and grows a
Merkle tree over it (RFC 9162); ``verify`` names the first row that does not fit. Who did what stands here; what
happened, for machines, is an event of the outbox; what operators need is telemetry.
"""

from app.core.evidence.canonical import Canonical, NotCanonical, canonical_json
from app.core.evidence.entries import Subject, digest_value, record, record_denied, record_read
from app.core.evidence.models import EvidenceEntry, EvidenceHead
from app.core.evidence.proofs import InclusionProof, prove_consistency, prove_inclusion
from app.core.evidence.sealing import EvidenceBroken, Sealer, read_lag, seal
from app.core.evidence.verifying import Fault, FaultKind, Report, TrustedHead, verify

__all__ = [
    "Canonical",
    "EvidenceBroken",
    "EvidenceEntry",
    "EvidenceHead",
    "Fault",
    "FaultKind",
    "InclusionProof",
    "NotCanonical",
    "Report",
    "Sealer",
    "Subject",
    "TrustedHead",
    "canonical_json",
    "digest_value",
    "prove_consistency",
    "prove_inclusion",
    "read_lag",
    "record",
    "record_denied",
    "record_read",
    "seal",
    "verify",
]
