"""Settings: read once, refused whole, and never shown."""

import base64
import re
from pathlib import Path

import msgspec
import pytest

from baas.core.settings import DEVELOPMENT_SECRET, Environment, Settings, SettingsError, load_settings

ROOT = Path(__file__).parents[2]
COMPLETE = {
    "BAAS_ENVIRONMENT": "production",
    "BAAS_DATABASE_URL": "postgresql://baas_app:geheim1@db/baas",
    "BAAS_DATABASE_RELAY_URL": "postgresql://baas_relay:geheim2@db/baas",
    "BAAS_DATABASE_AUTH_URL": "postgresql://baas_auth:geheim3@db/baas",
    "BAAS_DATABASE_OPERATOR_URL": "postgresql://baas_operator:geheim4@db/baas",
    "BAAS_REDIS_URL": "redis://redis/0",
    "BAAS_SECRET": "s" * 32,
    "BAAS_ENCRYPTION_KEYS": base64.b64encode(b"k" * 32).decode(),
    "BAAS_OPERATOR_KEY_HASH": "ab" * 32,
    "BAAS_BASE_URL": "https://api.example/",
}


def problems(**changes: str | None) -> list[str]:
    """The lines of the refusal of a production deployment with these changes."""
    environ = {name: value for name, value in {**COMPLETE, **changes}.items() if value is not None}
    with pytest.raises(SettingsError) as refused:
        load_settings(environ)
    return [line.strip() for line in str(refused.value).splitlines()[1:]]


def test_a_complete_deployment_starts() -> None:
    """And its values are there."""
    settings = load_settings(COMPLETE)
    assert settings.environment is Environment.PRODUCTION
    assert settings.base_url == "https://api.example"
    assert settings.encryption_keys == (b"k" * 32,)
    assert settings.operator_key_hash == b"\xab" * 32


@pytest.mark.parametrize(
    "name",
    sorted(name for name in COMPLETE if name not in {"BAAS_ENVIRONMENT", "BAAS_OPERATOR_KEY_HASH"}),
)
def test_production_refuses_to_start_without(name: str) -> None:
    """Each by its name."""
    assert any(line.startswith(f"{name}:") for line in problems(**{name: None}))


def test_everything_that_is_wrong_is_said_at_once() -> None:
    """One start, the whole list."""
    lines = problems(BAAS_REDIS_URL=None, BAAS_PORT="http", BAAS_WORKERS="0", BAAS_LOG_JSON="maybe")
    assert [line.partition(":")[0] for line in lines] == [
        "BAAS_REDIS_URL",
        "BAAS_PORT",
        "BAAS_WORKERS",
        "BAAS_LOG_JSON",
    ]


@pytest.mark.parametrize(
    "name,value",
    [
        ("BAAS_SECRET", "short"),
        ("BAAS_SECRET", DEVELOPMENT_SECRET),
        ("BAAS_SECRET", DEVELOPMENT_SECRET + "-longer"),
        ("BAAS_ENCRYPTION_KEYS", "not base64!"),
        ("BAAS_ENCRYPTION_KEYS", base64.b64encode(b"short").decode()),
        ("BAAS_OPERATOR_KEY_HASH", "no hex"),
        ("BAAS_OPERATOR_KEY_HASH", "ab"),
        ("BAAS_ENVIRONMENT", "staging"),
        ("BAAS_BASE_URL", "http://api.example"),
        ("BAAS_ALLOW_LOCAL_RECEIVERS", "true"),
        ("BAAS_POOL_SIZE", "-1"),
        ("BAAS_POOL_SIZE", "1.5"),
        ("BAAS_WEBHOOK_PORTS", "443,https"),
        ("BAAS_WEBHOOK_PORTS", ","),
        ("BAAS_WEBHOOK_PORTS", "70000"),
        ("BAAS_ENCRYPTION_KEYS", ","),
        ("BAAS_LOG_LEVEL", "LOUD"),
        ("BAAS_DATABASE_URL", "db/baas"),
        ("BAAS_DATABASE_AUTH_URL", "mysql://baas_auth:geheim3@db/baas"),
        ("BAAS_DATABASE_RELAY_URL", "postgresql://baas_relay:geheim2@db:port/baas"),
        ("BAAS_DATABASE_URL", "postgresql://baas_app:geheim1@/baas"),
        ("BAAS_DATABASE_URL", "postgresql://baas_app:geheim1@/baas?host=run"),
        ("BAAS_REDIS_URL", "redis"),
        ("BAAS_REDIS_URL", "redis:///0?host=/run/redis"),
    ],
)
def test_production_refuses(name: str, value: str) -> None:
    """Values of development, and values that are none; the value itself is not repeated."""
    lines = problems(**{name: value})
    assert any(line.startswith(f"{name}:") for line in lines)
    if name in {"BAAS_SECRET", "BAAS_ENCRYPTION_KEYS"} and len(value) > 1:
        assert value not in "\n".join(lines)
    assert "geheim" not in "\n".join(lines)


def test_a_database_may_be_named_by_its_socket() -> None:
    """As libpq and the driver write it."""
    url = "postgresql://baas_app:geheim1@/baas?host=/run/postgresql&port=5433"
    assert load_settings({**COMPLETE, "BAAS_DATABASE_URL": url}).database.app == url


def test_what_is_not_said_is_production() -> None:
    """Nobody slips into development by forgetting a line."""
    environ = {name: value for name, value in COMPLETE.items() if name != "BAAS_ENVIRONMENT"}
    assert load_settings(environ).environment is Environment.PRODUCTION


def test_development_forgives() -> None:
    """Plain HTTP, loopback receivers and the development secret."""
    settings = load_settings(
        {
            **COMPLETE,
            "BAAS_ENVIRONMENT": "development",
            "BAAS_BASE_URL": "http://127.0.0.1:8000",
            "BAAS_ALLOW_LOCAL_RECEIVERS": "yes",
            "BAAS_SECRET": DEVELOPMENT_SECRET,
        }
    )
    assert settings.allow_local_receivers


def test_a_secret_may_be_a_file(tmp_path: Path) -> None:
    """As orchestrators mount them; a line break at the end is the editor's."""
    (tmp_path / "secret").write_text("f" * 40 + "\n", encoding="utf-8")
    environ = {name: value for name, value in COMPLETE.items() if name != "BAAS_SECRET"}
    assert load_settings({**environ, "BAAS_SECRET_FILE": str(tmp_path / "secret")}).secret == "f" * 40
    assert any("BAAS_SECRET_FILE" in line for line in problems(BAAS_SECRET=None, BAAS_SECRET_FILE="/nowhere"))


def test_keys_rotate_in_one_variable() -> None:
    """The first encrypts, all decrypt."""
    keys = [base64.b64encode(letter * 32).decode() for letter in (b"n", b"o")]
    assert load_settings({**COMPLETE, "BAAS_ENCRYPTION_KEYS": ", ".join(keys)}).encryption_keys == (
        b"n" * 32,
        b"o" * 32,
    )


def test_settings_show_no_secret() -> None:
    """Not in a log line, not in a traceback's locals."""
    shown = repr(load_settings(COMPLETE)) + repr(load_settings(COMPLETE).database)
    for secret in ("geheim", "sss", "kkk", "abab"):
        assert secret not in shown


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    """`.env.example` shows all that the code reads, wherever it reads it, and nothing that it does not."""
    named = re.compile(r"(?<!\$)BAAS_[A-Z]+(?:_[A-Z]+)*")
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    shown = set(named.findall(example)) - {"BAAS_SECRET_FILE"}
    sources = [*(ROOT / "baas").rglob("*.py"), ROOT / "migrations/env.py", ROOT / "tests/servers.py"]
    read = {name for path in sources for name in named.findall(path.read_text(encoding="utf-8"))}
    assert len(read) >= len(msgspec.structs.fields(Settings)) - 5
    # The passwords of the roles are named by their role.
    assert 'f"BAAS_PASSWORD_{' in (ROOT / "baas/cli/schema.py").read_text(encoding="utf-8")
    assert read - {"BAAS_PASSWORD"} == shown


def test_a_level_of_the_log_may_be_small() -> None:
    """As people write it."""
    assert load_settings({**COMPLETE, "BAAS_LOG_LEVEL": "warning"}).log_level == "WARNING"
