"""The baseline of reading: a hand-written endpoint on bare psycopg with the same session look-up and context."""

import hashlib
import json
import queue
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from typing import Any

import psycopg
from psycopg.rows import dict_row
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.core.settings import Settings

_CONNECTIONS = 4
_ROLES = {"OFFICER": ("ftz_web_officer", "ftz_officer"), "CUSTOMER": ("ftz_web_tenant", "ftz_tenant")}


def create_app() -> Any:
    """Make the endpoint; its connections live as long as the process."""
    target = Settings().database
    pools: dict[str, queue.Queue[psycopg.Connection[Any]]] = {}
    for login in ("ftz_web_auth", "ftz_web_officer", "ftz_web_tenant"):
        pools[login] = queue.Queue()
        for _ in range(_CONNECTIONS):
            pools[login].put(psycopg.connect(target.conninfo(login), autocommit=login == "ftz_web_auth"))

    def read(token: str, case_id: str) -> bytes | None:
        connection = pools["ftz_web_auth"].get()
        digest = hashlib.sha256(token.encode()).digest()
        found = connection.execute(
            "select user_id, kind, grants from auth_resolve(%s, %s, true)", (digest, datetime.now(UTC))
        ).fetchone()
        pools["ftz_web_auth"].put(connection)
        if found is None:
            return None
        login, role = _ROLES[found[1]]
        parties = "{" + ",".join(grant[0] for grant in found[2]) + "}" if role == "ftz_tenant" else ""
        connection = pools[login].get()
        with connection.transaction():
            connection.execute(
                "select set_config('role', %s, true), set_config('ftz.parties', %s, true),"
                " set_config('ftz.user', %s, true)",
                (role, parties, str(found[0])),
            )
            row = connection.cursor(row_factory=dict_row).execute(_DOSSIER, (case_id,)).fetchone()
        pools[login].put(connection)
        return json.dumps(row, default=str).encode()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            for answer in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{answer}.complete"})
            return
        request = Request(scope)
        jar: SimpleCookie = SimpleCookie(request.headers.get("cookie", ""))
        token = jar["__Host-ftz-session"].value
        body = await run_in_threadpool(read, token, scope["path"].rpartition("/")[2])
        response = Response(body or b"", 200 if body else 404, media_type="application/json")
        await response(scope, receive, send)

    return app


_DOSSIER = """
select c.id, c.code, c.title, c.procedure, c.revision, c.party_id, p.name as applicant, c.channel, c.state, c.national,
       c.clock, c.due_at, c.appointment_at, c.rescheduled_to, c.overdue_at, c.answers,
       (select jsonb_agg(jsonb_build_object('action', e.action, 'source', e.source, 'target', e.target,
                                            'side', e.side, 'at', e.at, 'input', e.input) order by e.revision)
          from workflow_event e where e.case_id = c.id) as history
  from workflow_case c join auth_party p on p.id = c.party_id where c.id = %s
"""
