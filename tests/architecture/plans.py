"""Explaining what was asked, under the role that asked it."""

import json
from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

from app.core.db import Database, SessionContext
from tests.architecture.schema import plan_nodes
from tests.conftest import TEST_LOGINS


def plan_faults(
    database: Database,
    context: SessionContext,
    ask: Callable[[Session], object],
    *,
    big: Collection[str],
    most: int,
) -> list[str]:
    """
    Do something, then explain what it sent, in the same role; return what reads a big table badly.

    :param big: tables that are never read whole.
    :param most: rows that one step of a plan may touch in them.
    """
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "set_config" not in statement:
            sent.append((statement, parameters))

    engine = database.engine(TEST_LOGINS[context.role])
    found = []
    with database.session(context) as session:
        event.listen(engine, "before_cursor_execute", note)
        ask(session)
        event.remove(engine, "before_cursor_execute", note)
        assert sent, "nothing went to the database"
        for statement, parameters in sent:
            row = session.connection().exec_driver_sql(
                f"explain (analyze, format json) {statement}", parameters
            )
            plan = row.scalar_one()
            for node in plan_nodes(plan if isinstance(plan, list) else json.loads(plan)):
                table, read = node.get("Relation Name"), int(node["Actual Rows"])  # type: ignore[call-overload]
                read += int(node.get("Rows Removed by Filter", 0))  # type: ignore[call-overload]
                if table in big and (node["Node Type"] == "Seq Scan" or read > most):
                    found.append(f"{node['Node Type']} reads {read} rows of {table}: {statement}")
    return found
