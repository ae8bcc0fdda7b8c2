"""An enterprise's software, as its programmers would write it from the page for developers, with Authlib."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from authlib.integrations.requests_client import OAuth2Session
from sqlalchemy import select

from app.core.auth.models import Party
from app.core.documents.signing import SignerIdentity, sign_pdf
from app.core.kit.time import utcnow
from app.core.workflow.papers.form import SIGNATURE_FIELD
from tests.core.documents import files
from tests.faults.people import OFFICER, House
from tests.investment.requests import investor, request
from tests.web.programs import Program

REPRESENTATIVE = "Yamada Hanako"


class Filer:
    """An enterprise's software, as its programmers would write it from the page for developers."""

    def __init__(self, origin: str, program: Program, *, method: str = "client_secret_basic") -> None:
        self.api = f"{origin}/api/v1"
        told = OAuth2Session().get(f"{origin}/.well-known/oauth-authorization-server", withhold_token=True)
        path = told.json()["token_endpoint"].split("/", 3)[3]
        self.http = OAuth2Session(
            program.client_id, program.secret, token_endpoint=f"{origin}/{path}",
            token_endpoint_auth_method=method, grant_type="client_credentials",
        )  # fmt: skip
        self.http.fetch_token()

    def call(self, method: str, path: str, *, status: int = 200, **options: Any) -> Any:
        answer = self.http.request(method, self.api + path, timeout=60, **options)
        assert answer.status_code == status, answer.text
        return answer

    def open(self, party_id: str) -> dict[str, Any]:
        body = {"procedure": "IRC", "party_id": party_id}
        made: dict[str, Any] = self.call(
            "POST", "/dossiers", status=201, json=body, headers={"Idempotency-Key": uuid4().hex}
        ).json()
        return made

    def answered(self, party_id: str) -> str:
        """Open a draft and answer everything; return its path."""
        base = f"/dossiers/{self.open(party_id)['id']}"
        answers = request(investors=[investor(representative=REPRESENTATIVE)], rate_on=today())
        self.call("PATCH", f"{base}/answers", json={"answers": answers})
        return base

    def attach(self, base: str, house: House) -> None:
        """Put a file into every component that must have one, signed where it must be."""
        for each in self.call("GET", f"{base}/components").json()["items"]:
            if each["mandatory"] and not each["from_form"]:
                body = files.pdf(A=f"({each['code']})")
                if each["signed"]:
                    body = signed_elsewhere(house, body, REPRESENTATIVE)
                upload = {"files": (f"{each['code']}.pdf", body, "application/pdf")}
                self.call("POST", f"{base}/components/{each['code']}/files", files=upload)

    def signed(self, base: str, house: House) -> bytes:
        """Have the print of the present answers signed elsewhere; return it."""
        printed = self.call("POST", f"{base}/form/print").content
        return signed_elsewhere(house, printed, REPRESENTATIVE)


def signed_elsewhere(house: House, pdf: bytes, name: str) -> bytes:
    """Sign as a person would with a certificate of the development authority in another program."""
    kernel = house.app.state.kernel
    with house.database.session(OFFICER) as session:
        firm = session.scalars(select(Party.name)).first() or ""
    key = kernel.signing.issue(SignerIdentity(f"x-{name}", name, "Giám đốc", firm), now=utcnow())
    return sign_pdf(pdf, key=key, field=SIGNATURE_FIELD, at=utcnow())


def today() -> str:
    return datetime.now(UTC).date().isoformat()
