"""Settings of an installation, read once from the environment (prefix ``FTZ_``)."""

import json
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import URL, make_url

ROOT = Path(__file__).resolve().parents[3]


class UnsafeSettings(ValueError):
    """A production installation was asked to start with a setting fit for development only."""


class Settings(BaseSettings):
    """
    Everything an installation may decide.

    Defaults serve ``make run`` on one machine. With ``FTZ_ENV=production`` unsafe defaults refuse to start.
    """

    model_config = SettingsConfigDict(env_prefix="FTZ_", extra="ignore")

    env: Literal["development", "production"] = "development"
    host: str = Field(default="127.0.0.1", description="Address the web process listens on.")
    port: int = Field(default=8000, ge=1, le=65535)
    var: Path = Field(default=ROOT / "var", description="Directory of all state that is not in the database.")
    demo: bool = Field(default=True, description="Fill a new installation with the fictitious demo zone.")
    public_url: str = Field(
        default="", description="Origin people type, e.g. https://host; empty = host:port."
    )
    zone_file: Path = Field(
        default=ROOT / "app/core/settings/zone.yaml",
        description="Names of the zone, its authority, divisions and calendar overrides.",
    )
    zone_map_file: Path = Field(
        default=ROOT / "app/core/settings/zone.geojson",
        description="Sites and functional areas of the zone as GeoJSON, with its source and status.",
    )
    database_url: SecretStr | None = Field(
        default=None, description="Server and database of a foreign cluster; empty = a private cluster."
    )
    database_owner_url: SecretStr | None = Field(
        default=None, description="Login that owns the schema, used by migrations on a foreign server."
    )
    database_passwords_file: Path | None = Field(
        default=None, description="JSON file login -> password, default <var>/secrets/database.json."
    )
    pool_size: int = Field(default=10, ge=2, description="Connections of each web login's pool.")
    threads: int = Field(
        default=20, ge=2, description="Request threads of a web process; gate and pools follow it."
    )
    smtp_url: SecretStr | None = Field(
        default=None,
        description="Mail server: smtp://host:port, smtp+starttls://user:password@host or smtps://; empty = no e-mail.",
    )
    mail_from: str = Field(default="no-reply@localhost", description="Sender's address of e-mails.")
    sms_url: SecretStr | None = Field(
        default=None, description="HTTP gateway that takes SMS as JSON; empty = no SMS."
    )
    zalo_url: SecretStr | None = Field(
        default=None, description="HTTP gateway that takes Zalo messages as JSON; empty = no Zalo."
    )
    investment_registry_url: SecretStr | None = Field(
        default=None,
        description="National investment registry, https://host/path; empty = certificates wait for their code.",
    )
    investment_registry_token: SecretStr | None = Field(
        default=None, description="Bearer token that the national investment registry gave to this authority."
    )
    investment_registry_simulated: bool = Field(
        default=False, description="The registry at that address is a simulator; the screens say so."
    )
    customs_gateway_url: SecretStr | None = Field(
        default=None,
        description="Gateway of the customs authority, https://host/path; empty = declarations wait to be sent.",
    )
    customs_gateway_token: SecretStr | None = Field(
        default=None, description="Bearer token that the customs authority gave to this installation."
    )
    customs_gateway_simulated: bool = Field(
        default=False, description="The gateway at that address is a simulator; never in production."
    )
    customs_gateway_timeout_s: float = Field(
        default=15.0,
        gt=0,
        le=50,
        description="Seconds after which a call to the gateway of customs is given up.",
    )
    customs_gateway_retry_first_s: int = Field(
        default=3,
        ge=1,
        le=300,
        description="Seconds until a silent gateway is tried again; each time twice as long.",
    )
    customs_gateway_retry_longest_s: int = Field(
        default=300,
        ge=1,
        le=3600,
        description="Longest time in seconds between two tries of a silent gateway.",
    )
    officer_totp: Literal["auto", "required", "offered"] = Field(
        default="auto",
        description="Whether officers must have a second factor; auto = in production they must.",
    )
    metrics_token: SecretStr | None = Field(
        default=None,
        description="Token that opens /metrics; empty = in development to the machine itself only.",
    )
    slow_query_ms: int = Field(
        default=500, ge=-1, description="Statements that take so many milliseconds are logged; -1 = none."
    )
    oidc_issuer: str = Field(
        default="",
        description="Identity provider (OpenID Connect), https://host; empty = sign-in by password only.",
    )
    oidc_client_id: str = Field(
        default="ftz", description="Name under which the provider knows this installation."
    )
    oidc_client_secret: SecretStr = Field(default=SecretStr(""), description="Secret that the provider gave.")
    oidc_name: str = Field(default="VNeID", description="Name of the provider on the sign-in page.")
    oidc_simulated: bool = Field(
        default=False, description="The provider at that address is a simulator; the screens say so."
    )
    bank_url: SecretStr | None = Field(
        default=None,
        description="The collecting bank, https://host/path; empty = no statements and no refunds by machine.",
    )
    bank_token: SecretStr | None = Field(
        default=None, description="Bearer token that the bank gave to this authority."
    )
    bank_callback_keys: SecretStr = Field(
        default=SecretStr(""),
        description="Keys of the bank's signed callbacks, name=whsec_…, parted by spaces; empty = none is accepted.",
    )
    bank_pay_url: str = Field(
        default="", description="The bank's page for paying at once; empty = people transfer by themselves."
    )
    bank_order_key: SecretStr = Field(
        default=SecretStr(""), description="Key that signs the way to the bank's page."
    )
    bank_account: str = Field(default="", description="Account on which slips are paid, as people type it.")
    bank_name: str = Field(default="", description="Name of the bank that keeps this account.")
    bank_bin: str = Field(
        default="", description="Number of the bank in payment QR codes, six digits; empty = no such code."
    )
    bank_simulated: bool = Field(
        default=False, description="The bank at that address is a simulator; the screens say so."
    )
    log_json: bool = Field(default=False, description="Machine-readable log lines instead of coloured ones.")

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> "Settings":
        if self.env == "production":
            if self.demo:
                raise UnsafeSettings(
                    "FTZ_DEMO must be 0 when FTZ_ENV=production: demo accounts have known passwords."
                )
            if not self.public_url.startswith("https://"):
                raise UnsafeSettings("FTZ_PUBLIC_URL must be an https:// origin when FTZ_ENV=production.")
            if self.oidc_simulated or (self.oidc_issuer and not self.oidc_issuer.startswith("https://")):
                raise UnsafeSettings(
                    "FTZ_OIDC_ISSUER must be an https:// address of a real provider when FTZ_ENV=production."
                )
            self._refuse_unsafe_stand_in(
                "FTZ_INVESTMENT_REGISTRY_URL",
                self.investment_registry_url,
                self.investment_registry_simulated,
            )
            self._refuse_unsafe_stand_in(
                "FTZ_CUSTOMS_GATEWAY_URL", self.customs_gateway_url, self.customs_gateway_simulated
            )
            self._refuse_unsafe_stand_in("FTZ_BANK_URL", self.bank_url, self.bank_simulated)
            self._refuse_unsafe_stand_in(
                "FTZ_BANK_PAY_URL", SecretStr(self.bank_pay_url), self.bank_simulated
            )
        return self

    @staticmethod
    def _refuse_unsafe_stand_in(name: str, url: SecretStr | None, simulated: bool) -> None:
        if simulated or (
            url and url.get_secret_value() and not url.get_secret_value().startswith("https://")
        ):
            raise UnsafeSettings(
                f"{name} must be an https:// address of the real system when FTZ_ENV=production."
            )

    @property
    def origin(self) -> str:
        """Return the origin of the installation as browsers send it."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def officers_need_totp(self) -> bool:
        """Tell whether officers cannot work without a second factor."""
        return self.officer_totp == "required" or (self.officer_totp == "auto" and self.env == "production")

    @property
    def secrets_dir(self) -> Path:
        """Return the directory (mode 0700) of generated secrets and keys."""
        return self.var / "secrets"

    @cached_property
    def database(self) -> "DatabaseTarget":
        """Return where the database is and how each login reaches it."""
        path = self.database_passwords_file or self.secrets_dir / "database.json"
        stored = json.loads(path.read_text()) if path.exists() else {}
        if self.database_url is not None:
            server = make_url(self.database_url.get_secret_value())
        elif "url" in stored:
            server = make_url(stored["url"])
        else:
            raise UnsafeSettings(
                f"No database is set up: run `make run`, or set FTZ_DATABASE_URL ({path} is missing)."
            )
        owner = self.database_owner_url
        return DatabaseTarget(
            server=server,
            passwords={name: SecretStr(value) for name, value in stored.get("passwords", {}).items()},
            owner_url=make_url(owner.get_secret_value()) if owner else None,
        )


class DatabaseTarget:
    """One database and the passwords of its logins; turns a login name into a URL."""

    def __init__(self, *, server: URL, passwords: dict[str, SecretStr], owner_url: URL | None = None) -> None:
        self._server = server
        self._passwords = passwords
        self._owner_url = owner_url

    def url(self, login: str) -> URL:
        """Return the SQLAlchemy URL for a login (driver psycopg 3)."""
        if login == "ftz_owner" and self._owner_url is not None:
            return self._owner_url.set(drivername="postgresql+psycopg")
        password = self._passwords.get(login)
        return self._server.set(
            drivername="postgresql+psycopg",
            username=login,
            password=password.get_secret_value() if password else None,
        )

    def conninfo(self, login: str) -> str:
        """Return a libpq connection URI for a login, for programs that do not speak SQLAlchemy."""
        url = self.url(login)
        userinfo = quote(url.username or "", safe="")
        if url.password:
            userinfo += ":" + quote(str(url.password), safe="")
        query = "&".join(f"{key}={quote(str(value), safe='')}" for key, value in url.query.items())
        host = (url.host or "") + (f":{url.port}" if url.port else "")
        return f"postgresql://{userinfo}@{host}/{url.database}" + (f"?{query}" if query else "")

    def for_database(self, name: str) -> "DatabaseTarget":
        """Return the same server and logins with another database name (tests clone a template)."""
        target = DatabaseTarget(server=self._server.set(database=name), passwords=self._passwords)
        target._owner_url = self._owner_url.set(database=name) if self._owner_url is not None else None
        return target

    @property
    def name(self) -> str:
        """Return the name of the database."""
        return self._server.database or ""

    def __repr__(self) -> str:
        return f"DatabaseTarget({self._server.render_as_string(hide_password=True)})"
