"""Every setting, read once from the environment into frozen structs. `.env.example` shows them all.

Nothing else reads the environment. Secrets have no default outside development, and a production
deployment refuses to start on a missing one or on a development value.
"""

import base64
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

DEVELOPMENT_SECRET: Final = "development-only-not-for-production"  # noqa: S105  refused in production


_Choice = TypeVar("_Choice", bound=StrEnum)


class SettingsError(ValueError):
    """The environment does not describe a deployment that may start. The text says what to set."""


class Environment(StrEnum):
    """Where this runs: `development` prints and forgives, `production` refuses."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogLevel(StrEnum):
    """From which weight on lines are written."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


class DatabaseUrls(msgspec.Struct, frozen=True):
    """Where the database is, once for each role (`postgresql://role:password@host:port/name`)."""

    app: str
    relay: str
    auth: str
    operator: str

    def __repr__(self) -> str:
        return "DatabaseUrls(***)"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment. The names of the variables are the names here, upper case, with `BAAS_` before."""

    environment: Environment
    database: DatabaseUrls
    redis_url: str
    """`redis://host:port/0`. Redis holds nothing that cannot be lost."""
    secret: str
    """At least 32 characters: keys, cursors and tokens are hashed and signed under it."""
    encryption_keys: tuple[bytes, ...]
    """32 bytes each; the first encrypts, all decrypt, so that a key can be rotated."""
    operator_key_hash: bytes | None
    """HMAC of the operator key under `secret`; None closes the operator endpoints."""
    base_url: str
    """The public address of the API, without a slash at the end."""
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    """API processes."""
    # D-050: measured at 3, 5, 6, 8 and 16.
    pool_size: int = 6
    """Connections of the app role in each process; more than 16 slow a hot row down."""
    log_level: str = "INFO"
    log_json: bool = True
    sentry_dsn: str | None = None
    metrics_token: str | None = None
    """When set, `GET /metrics` wants it as a bearer token."""
    worker_metrics_port: int | None = None
    """Where a worker answers `GET /metrics`, on `host`; without one it does not."""
    allow_local_receivers: bool = False
    """Test stores may register receivers on loopback over plain HTTP (development)."""
    webhook_ports: tuple[int, ...] = (443,)
    """Ports that a webhook endpoint may name."""
    forwarded_hops: int = 0
    """How many proxies in front of the API append to X-Forwarded-For; 0 trusts none."""
    cache_bytes: int = 64 * 1024 * 1024
    """Memory of each process for ready answers."""
    max_body_bytes: int = 1024 * 1024
    """The largest JSON body."""
    max_upload_bytes: int = 20 * 1024 * 1024
    """The largest file of an import."""
    smtp_url: str | None = None
    """The deployment's own mail server, for stores that bring none: `smtp://user:password@host:587` upgrades
    with STARTTLS (and refuses a server that does not, unless it is on loopback), `smtps://…:465` begins
    with TLS. Without it, mail goes to the inbox viewer in development and waits for a sender in production."""
    mail_from: str = "no-reply@localhost"
    """The address that mail comes from unless a store sends with a provider of its own."""
    resend_url: str = "https://api.resend.com"
    sendgrid_url: str = "https://api.sendgrid.com"
    """`https://api.eu.sendgrid.com` for accounts in Europe."""
    whatsapp_url: str = "https://graph.facebook.com/v23.0"
    """The Cloud API with the version in use; Meta retires versions after two years."""

    mercadopago_url: str = "https://api.mercadopago.com"
    """Another address only in development: `baas dev` puts its simulators here."""
    stripe_url: str = "https://api.stripe.com"
    stripe_platform_secrets: tuple[str, ...] = ()
    """What the one endpoint of a Stripe Connect platform signs with, for all connected accounts: its test and
    its live secret, or an old and a new one. Without any there is no such address."""

    def __repr__(self) -> str:
        return f"Settings(environment={self.environment.value}, base_url={self.base_url!r}, …)"


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a deployment.

    Raises SettingsError with one line for every variable that is missing or wrong.
    """
    reader = _Reader(environ)
    environment = reader.choice("BAAS_ENVIRONMENT", Environment, Environment.PRODUCTION)
    production = environment is Environment.PRODUCTION
    settings = Settings(
        environment=environment,
        database=DatabaseUrls(
            app=reader.place("BAAS_DATABASE_URL", "postgresql", "postgres"),
            relay=reader.place("BAAS_DATABASE_RELAY_URL", "postgresql", "postgres"),
            auth=reader.place("BAAS_DATABASE_AUTH_URL", "postgresql", "postgres"),
            operator=reader.place("BAAS_DATABASE_OPERATOR_URL", "postgresql", "postgres"),
        ),
        redis_url=reader.place("BAAS_REDIS_URL", "redis", "rediss"),
        secret=reader.secret("BAAS_SECRET", production=production),
        encryption_keys=reader.keys("BAAS_ENCRYPTION_KEYS"),
        operator_key_hash=reader.hexadecimal("BAAS_OPERATOR_KEY_HASH"),
        base_url=reader.text("BAAS_BASE_URL", "http://127.0.0.1:8000").rstrip("/"),
        host=reader.text("BAAS_HOST", "127.0.0.1"),
        port=reader.integer("BAAS_PORT", 8000, 0, 65535),
        workers=reader.integer("BAAS_WORKERS", 1, 1, 256),
        pool_size=reader.integer("BAAS_POOL_SIZE", 6, 2, 200),
        log_level=reader.choice("BAAS_LOG_LEVEL", LogLevel, LogLevel.INFO).value,
        log_json=reader.boolean("BAAS_LOG_JSON", default=True),
        sentry_dsn=reader.optional("BAAS_SENTRY_DSN"),
        metrics_token=reader.optional("BAAS_METRICS_TOKEN"),
        worker_metrics_port=reader.integer("BAAS_WORKER_METRICS_PORT", 0, 0, 65535) or None,
        allow_local_receivers=reader.boolean("BAAS_ALLOW_LOCAL_RECEIVERS", default=False),
        webhook_ports=reader.ports("BAAS_WEBHOOK_PORTS", (443,)),
        forwarded_hops=reader.integer("BAAS_FORWARDED_HOPS", 0, 0, 10),
        cache_bytes=reader.integer("BAAS_CACHE_BYTES", 64 * 1024 * 1024, 0, 2**34),
        max_body_bytes=reader.integer("BAAS_MAX_BODY_BYTES", 1024 * 1024, 1024, 2**26),
        max_upload_bytes=reader.integer("BAAS_MAX_UPLOAD_BYTES", 20 * 1024 * 1024, 1024, 2**28),
        smtp_url=reader.url("BAAS_SMTP_URL", None, "smtp", "smtps"),
        mail_from=reader.text("BAAS_MAIL_FROM", "no-reply@localhost"),
        resend_url=reader.service("BAAS_RESEND_URL", "https://api.resend.com", production=production),
        sendgrid_url=reader.service("BAAS_SENDGRID_URL", "https://api.sendgrid.com", production=production),
        whatsapp_url=reader.service(
            "BAAS_WHATSAPP_URL", "https://graph.facebook.com/v23.0", production=production
        ),
        mercadopago_url=reader.service(
            "BAAS_MERCADOPAGO_URL", "https://api.mercadopago.com", production=production
        ),
        stripe_url=reader.service("BAAS_STRIPE_URL", "https://api.stripe.com", production=production),
        stripe_platform_secrets=reader.secrets("BAAS_STRIPE_PLATFORM_SECRETS"),
    )
    if production and settings.allow_local_receivers:
        reader.problems.append("BAAS_ALLOW_LOCAL_RECEIVERS: is for development only; remove it.")
    if production and not settings.base_url.startswith("https://"):
        reader.problems.append("BAAS_BASE_URL: must begin with https:// in production.")
    if settings.smtp_url is not None and settings.mail_from == "no-reply@localhost":
        reader.problems.append("BAAS_MAIL_FROM: is missing; mail needs an address to come from.")
    if reader.problems:
        raise SettingsError(
            "The settings are not complete:\n" + "\n".join(f"  {line}" for line in reader.problems)
        )
    return settings


def value_of(environ: Mapping[str, str], name: str) -> str | None:
    """One variable, or what is in the file that its `…_FILE` names; None when it is empty or missing.

    Raises SettingsError for a file that cannot be read.
    """
    path = environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise SettingsError(f"{name}_FILE: cannot be read ({reason}).") from error
    return environ.get(name, "").strip() or None


class _Reader:
    """Reads variables and collects what is wrong, so that one start shows all of it."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def optional(self, name: str) -> str | None:
        try:
            return value_of(self._environ, name)
        except SettingsError as error:
            self.problems.append(str(error))
            return None

    def text(self, name: str, default: str) -> str:
        return self.optional(name) or default

    def url(self, name: str, default: str | None, *schemes: str) -> str | None:
        value = self.optional(name)
        if value is None:
            return default
        try:
            parts = urlsplit(value)
            # PostgreSQL may be named by the folder of its Unix socket: postgresql://role:password@/db?host=/folder
            sockets = parse_qs(parts.query).get("host", []) if "postgresql" in schemes else []
            place = parts.hostname or next((one for one in sockets if one.startswith("/")), None)
            good = parts.scheme in schemes and place is not None and parts.port != 0
        except ValueError:  # a port that is no number, half of an IPv6 address
            good = False
        if not good:
            self.problems.append(
                f"{name}: is a URL that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}."
            )
        return value.rstrip("/")

    def service(self, name: str, default: str, *, production: bool) -> str:
        """The address of somebody else's service, which only a simulator in development answers without TLS."""
        value = self.url(name, default, "https", "http") or default
        if production and not value.startswith("https://"):
            self.problems.append(f"{name}: must begin with https:// in production.")
        return value

    def required(self, name: str) -> str:
        value = self.optional(name)
        if value is None:
            self.problems.append(f"{name}: is missing.")
        return value or ""

    def place(self, name: str, *schemes: str) -> str:
        """A server that there must be; the URL is kept as it is, for it may hold a password."""
        value = self.required(name)
        if value:
            self.url(name, None, *schemes)
        return value

    def secret(self, name: str, *, production: bool) -> str:
        value = self.required(name)
        if value and len(value) < 32:
            self.problems.append(f"{name}: needs at least 32 characters.")
        if production and value.startswith(DEVELOPMENT_SECRET):
            self.problems.append(f"{name}: is the development value; make a random one.")
        return value

    def secrets(self, name: str) -> tuple[str, ...]:
        """Secrets of somebody else's making, separated by commas."""
        parts = tuple((self.optional(name) or "").replace(",", " ").split())
        if any(len(part) < 16 or not part.isascii() for part in parts):
            self.problems.append(f"{name}: each secret has at least 16 characters.")
        return parts

    def keys(self, name: str) -> tuple[bytes, ...]:
        keys = []
        value = self.required(name)
        parts = value.replace(",", " ").split()
        if value and not parts:
            self.problems.append(f"{name}: is missing.")
        for part in parts:
            try:
                key = base64.b64decode(part, validate=True)
            except ValueError:
                key = b""
            if len(key) != 32:
                self.problems.append(f"{name}: each key is 32 bytes in base64.")
            keys.append(key)
        return tuple(keys)

    def hexadecimal(self, name: str) -> bytes | None:
        value = self.optional(name)
        if value is None:
            return None
        try:
            found = bytes.fromhex(value)
        except ValueError:
            found = b""
        if len(found) != 32:
            self.problems.append(f"{name}: is the hexadecimal line that `baas operator-key` prints.")
            return None
        return found

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self.optional(name)
        if value is None:
            return default
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            self.problems.append(f"{name}: is a whole number from {low} to {high}.")
            return default
        return int(value)

    def ports(self, name: str, default: tuple[int, ...]) -> tuple[int, ...]:
        value = self.optional(name)
        if value is None:
            return default
        parts = value.replace(",", " ").split()
        if not parts or not all(
            part.isascii() and part.isdigit() and 0 < int(part) < 65536 for part in parts
        ):
            self.problems.append(f"{name}: is a list of port numbers.")
            return default
        return tuple(int(part) for part in parts)

    def boolean(self, name: str, *, default: bool) -> bool:
        value = self.optional(name)
        if value is None:
            return default
        if value.lower() not in {"1", "0", "true", "false", "yes", "no"}:
            self.problems.append(f"{name}: is true or false.")
        return value.lower() in {"1", "true", "yes"}

    def choice(self, name: str, kind: type[_Choice], default: _Choice) -> _Choice:
        value = self.text(name, default.value)
        try:
            return kind(value.upper() if default.value.isupper() else value)
        except ValueError:
            self.problems.append(f"{name}: is one of {', '.join(kind)}.")
            return default
