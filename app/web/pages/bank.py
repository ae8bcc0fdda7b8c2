"""
Where the bank tells of money that it booked.

No cookie is read: a message is believed for its signature alone (Standard Webhooks). It is committed before it is
acknowledged, so that a message which was acknowledged is never lost, and one that was not comes again.
"""

from datetime import datetime

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from app.core.db import DbRole, SessionContext
from app.core.errors import DomainError
from app.core.kit.time import utcnow
from app.core.payments.intake import keep_message
from app.core.payments.webhooks import Signed, verify
from app.web.identity import database_of
from app.web.unit import router

bank_callback = router(include_in_schema=False)

CALLBACK = "/bank/callback"
LARGEST = 65_536
_OFFICER = SessionContext(DbRole.OFFICER)


class MessageTooLarge(DomainError):
    """No booking is that long."""

    code = "payments.message-too-large"
    status = 413
    title = "The message is too large."
    detail = "A message of the bank holds at most 64 KB; this one was not kept."
    hint = "Send one booking in each message."


@bank_callback.post(CALLBACK, name="bank-callback")
async def callback(request: Request) -> Response:
    """Keep a signed message; the same one again is acknowledged and changes nothing."""
    body = await request.body()
    if len(body) > LARGEST:
        raise MessageTooLarge
    now = utcnow()
    signed = verify(request.app.state.bank_keys, headers=request.headers, body=body, now=now)
    return await run_in_threadpool(_keep, request, signed, body, now)


def _keep(request: Request, signed: Signed, body: bytes, now: datetime) -> Response:
    with database_of(request).transaction(_OFFICER) as session:
        new = keep_message(session, signed=signed, body=body, now=now)
    return JSONResponse({"status": "kept" if new else "known"}, 202 if new else 200)
