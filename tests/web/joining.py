"""What tests of joining share: letters that wait to go out, and people who register themselves."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import psycopg
from psycopg.rows import dict_row

from app.core.db.cluster import PrivateCluster
from app.core.kit.ids import uuid7
from tests.conftest import clone
from tests.faults.people import House, Person, house_on

PASSWORD = "chín con ngựa trắng bên suối"
# No program listens there: letters are read from their table.
NOWHERE = "smtp://127.0.0.1:9"


@dataclass
class Town:
    """A house with a mail server, and a look into its letters."""

    house: House
    conninfo: str

    def letters(self, to: str) -> list[dict[str, Any]]:
        """Return the letters that wait for an address, the oldest first."""
        with psycopg.connect(self.conninfo, row_factory=dict_row) as connection:
            query = "select kind, params, language from notification_mail where address = %s order by id"
            return connection.execute(query, [to]).fetchall()

    def rows(self, query: str, *values: Any) -> list[Any]:
        """Read as superuser."""
        with psycopg.connect(self.conninfo) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[call-overload]

    def run(self, statement: str, *values: Any) -> None:
        """Write as superuser, to let time pass."""
        with psycopg.connect(self.conninfo) as connection:
            connection.execute(statement, values)  # type: ignore[call-overload]

    def registered(self, email: str, name: str = "Lê Thị Thử") -> Person:
        """Return somebody who registered and signed in."""
        person = self.house.visitor()
        begin(person, email, name)
        token = self.letters(email)[-1]["params"]["token"]
        assert person.post("/register/confirm", {"token": token, "password": PASSWORD}).status_code == 200
        assert person.sign_in(email, PASSWORD).status_code == 303
        return person


def begin(person: Person, email: str, name: str = "Lê Thị Thử", **more: str) -> Any:
    """Send the form of registration."""
    form = {"key": str(uuid7()), "full_name": name, "email": email, "password": PASSWORD, "again": PASSWORD}
    return person.post("/register", {**form, **more})


@contextmanager
def town_on(cluster: PrivateCluster, template: str, var: Path, **values: object) -> Iterator[Town]:
    """Run a house with a mail server on a copy of a template."""
    with (
        clone(cluster, template) as target,
        house_on(target, var, **{"smtp_url": NOWHERE, **values}) as house,
    ):
        yield Town(house, cluster.boot_conninfo(target.name))


def text_of(page: str) -> str:
    """Return a page without what differs in each rendering."""
    return re.sub(r'(value|href)="[^"]*"', "", page)


def small_pdf() -> bytes:
    """Return a PDF of one empty page."""
    target = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(target)
    return target.getvalue()
