"""Development certificates of applicants, who in real life bring their own."""

from datetime import datetime
from uuid import UUID

from app.core.documents.signing import DevelopmentAuthority, NoSigningKey, SignerIdentity

SIGNING_ROLES = frozenset({"ENTERPRISE_ADMIN", "SIGNER"})
"""Roles of accounts that sign for an enterprise and therefore need a certificate in a demo zone."""


def ensure_applicant_key(
    authority: DevelopmentAuthority, *, user_id: UUID, name: str, organisation: str, now: datetime
) -> bool:
    """
    Issue a development certificate to a representative who has no valid one.

    :param organisation: the applicant that the person represents, as the certificate names it.
    :returns: whether one was issued.
    """
    try:
        authority.key_for(str(user_id), now=now)
    except NoSigningKey:
        authority.issue(
            SignerIdentity(
                code=str(user_id), name=name, position="Người đại diện", organisation=organisation
            ),
            now=now,
        )
        return True
    return False
