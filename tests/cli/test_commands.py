"""The operator's commands: what they print, what they refuse, and with which exit code."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from baas.cli.main import main
from baas.core.settings import Settings
from tests import commandline, deployment
from tests.commandline import Ran

Run = Callable[..., Ran]


@pytest.fixture
def run(settings: Settings, owner_url: str) -> Run:
    """Run a command against the test deployment."""
    environment = deployment.environment(settings, BAAS_DATABASE_OWNER_URL=owner_url)

    def on_deployment(*arguments: str, expect: int = 0, **extra: str) -> Ran:
        return commandline.run(*arguments, environment={**environment, **extra}, expect=expect)

    return on_deployment


@pytest.fixture
def store(run: Run) -> dict[str, Any]:
    """A store made on the command line."""
    slug = f"cli-{secrets.token_hex(5)}"
    result = run(
        "store", "create", "Casa Mate", "--slug", slug, "--domain", "casamate.example", "--plan", "free",
        "--currency", "ARS", "--country", "AR", "--mode", "test", "--json",
    )  # fmt: skip
    created: dict[str, Any] = result.json
    return created


def test_a_store_is_created_with_both_keys(store: dict[str, Any]) -> None:
    """The JSON has the store and its keys, which work for their kinds."""
    assert store["store"]["plan"] == "free"
    assert store["store"]["mode"] == "test"
    assert store["secret_key"].startswith("sk_test_")
    assert store["publishable_key"].startswith("pk_test_")


def test_lists_and_shows_find_a_store_by_id_and_slug(run: Run, store: dict[str, Any]) -> None:
    """Both names lead to the same store, and the list has it."""
    by_slug = run("store", "show", store["store"]["slug"], "--json").json
    by_id = run("store", "show", store["store"]["id"], "--json").json
    assert by_slug == by_id
    listed = run("store", "list", "--limit", "1000", "--json").json
    assert store["store"]["id"] in {item["id"] for item in listed}
    assert "casamate.example" in run("store", "show", store["store"]["slug"]).out


def test_what_is_not_there_has_its_own_exit_code(run: Run) -> None:
    """3, and the reason on standard error, as JSON when asked for."""
    assert "no such" in run("store", "show", "never-was", expect=3).err
    assert run("store", "show", "never-was", "--json", expect=3).json["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "arguments, word",
    [
        (("store", "create", "X", "--currency", "XXQ", "--country", "AR"), "currency"),
        (("store", "create", "X", "--currency", "ARS", "--country", "Argentina"), "country"),
        (("store", "create", "X", "--currency", "ARS", "--country", "AR", "--plan", "gold"), "plan"),
        (
            ("store", "create", "X", "--currency", "ARS", "--country", "AR", "--origin", "shop"),
            "allowed_origins",
        ),
    ],
)
def test_bad_input_is_refused_by_name(run: Run, arguments: tuple[str, ...], word: str) -> None:
    """1, and the message names what is wrong."""
    assert word in run(*arguments, expect=1).err


def test_a_taken_slug_is_refused(run: Run, store: dict[str, Any]) -> None:
    """Two stores cannot share a slug."""
    result = run(
        "store", "create", "Twin", "--slug", store["store"]["slug"], "--currency", "ARS", "--country", "AR", "--json",
        expect=1,
    )  # fmt: skip
    assert json.loads(result.err)["error"]["code"] == "conflict"


def test_nothing_is_destroyed_without_a_yes(run: Run, store: dict[str, Any]) -> None:
    """From a script, a command that destroys wants --yes, and does nothing without."""
    slug = store["store"]["slug"]
    run("store", "deactivate", slug, expect=2)
    assert run("store", "show", slug, "--json").json["is_active"] is True
    assert run("store", "deactivate", slug, "--yes", "--json").json["is_active"] is False
    assert run("store", "activate", slug, "--json").json["is_active"] is True


def test_keys_are_made_rotated_and_revoked(run: Run, store: dict[str, Any]) -> None:
    """A rotated key keeps its rights; a revoked one cannot be rotated."""
    slug = store["store"]["slug"]
    made = run("key", "create", slug, "--name", "ERP", "--scope", "orders:read", "--json").json
    rotated = run("key", "rotate", made["id"], "--grace", "24h", "--json").json
    assert rotated["scopes"] == ["orders:read"]
    assert rotated["key"] != made["key"]
    listed = {key["id"]: key for key in run("key", "list", slug, "--json").json}
    assert listed[made["id"]]["expires_at"] is not None
    for grace in ("0", "0m", "00d"):
        run("key", "rotate", rotated["id"], "--grace", grace, expect=2)
    assert "24h" in run("key", "rotate", rotated["id"], "--grace", "soon", "--yes", expect=2).err
    run("key", "revoke", rotated["id"], expect=2)
    assert run("key", "revoke", rotated["id"], "--yes", "--json").json["revoked_at"] is not None
    run("key", "rotate", rotated["id"], "--yes", expect=1)
    assert made["key"] not in run("key", "list", slug).out


def test_plans_and_flags(run: Run, store: dict[str, Any]) -> None:
    """A flag is on, off, or the plan's; a plan is one that exists."""
    slug = store["store"]["slug"]
    assert run("plan", "set", slug, "pro", "--json").json["plan"] == "pro"
    run("plan", "set", slug, "gold", expect=1)
    run("flag", "set", slug, "new-checkout", "--off")
    assert run("flag", "list", slug, "--json").json == [
        {"flag": "new-checkout", "enabled": False, "from": "store"}
    ]
    run("flag", "unset", slug, "new-checkout")
    assert run("flag", "list", slug, "--json").json == []
    run("flag", "set", slug, "Not A Flag", expect=1)


def test_limits(run: Run, store: dict[str, Any]) -> None:
    """A limit is the store's own number, none at all, or the plan's."""
    slug = store["store"]["slug"]

    def listed() -> dict[str, tuple[int | None, str]]:
        rows = run("limit", "list", slug, "--json").json
        return {row["limit"]: (row["value"], row["from"]) for row in rows}

    assert listed()["products"] == (100, "plan")
    assert run("limit", "set", slug, "products", "250", "--json").json["limits"] == {"products": 250}
    run("limit", "set", slug, "webhook_endpoints", "unlimited")
    assert (listed()["products"], listed()["webhook_endpoints"]) == ((250, "store"), (None, "store"))
    assert "250" in run("limit", "list", slug).out
    run("limit", "unset", slug, "products")
    assert listed()["products"] == (100, "plan")
    assert "products" in run("limit", "set", slug, "unicorns", "3", expect=1).err
    for nonsense in ("-1", "many", "1e3", "99999999"):
        run("limit", "set", slug, "products", nonsense, expect=2)


def test_a_catalogue_is_imported_and_imported_again(run: Run, store: dict[str, Any], tmp_path: Path) -> None:
    """The report says what became of each product; a second time everything is skipped; bad files change nothing."""
    slug = store["store"]["slug"]
    file = tmp_path / "export.csv"
    file.write_text("Handle,Title,Variant Price\nmate,Mate,10.50\nyerba,Yerba,3.20\n", encoding="utf-8")
    first = run("import", "shopify", str(file), "--store", slug, "--json").json
    assert (first["created"], first["failed"]) == (2, 0)
    assert [product["outcome"] for product in first["products"]] == ["created", "created"]
    assert "2 skipped" in run("import", "shopify", str(file), "--store", slug).out
    file.write_bytes("Handle,Title,Variant Price\nnandu,Ñandú,1\n".encode("latin-1"))
    run("import", "shopify", str(file), "--store", slug, expect=1)


def test_doctor_is_content_with_roles_and_walls_and_misses_the_worker(run: Run) -> None:
    """The test deployment has no worker running: doctor says so, with what to do, and exits with 1."""
    findings = {item["check"]: item for item in run("doctor", "--json", expect=1).json}
    for check in (
        "connection baas_app",
        "redis",
        "migrations",
        "role baas_app",
        "policies",
        "isolation",
        "clock skew",
    ):
        assert findings[check]["ok"], findings[check]
    assert not findings["worker"]["ok"]
    assert "baas worker" in findings["worker"]["todo"]


def test_doctor_names_a_database_that_is_away(run: Run) -> None:
    """A wrong port is a finding, not a traceback."""
    away = "postgresql://baas_app:x@127.0.0.1:1/none"
    findings = {
        item["check"]: item for item in run("doctor", "--json", expect=1, BAAS_DATABASE_URL=away).json
    }
    assert not findings["connection baas_app"]["ok"]


def test_a_database_that_is_away_has_its_own_exit_code(run: Run) -> None:
    """4: nothing was refused, nobody answered."""
    run("store", "list", expect=4, BAAS_DATABASE_OPERATOR_URL="postgresql://baas_operator:x@127.0.0.1:1/none")


def test_without_a_deployment_the_command_says_how_to_get_one(tmp_path: Path) -> None:
    """2, and the two ways to name one."""
    nowhere = {"BAAS_DATABASE_URL": "", "BAAS_DATA_DIR": str(tmp_path)}
    assert "BAAS_DATA_DIR" in commandline.run("store", "list", environment=nowhere, expect=2).err


def test_every_command_has_help_with_an_example() -> None:
    """`--help` of every command shows an example and, where it prints, --json."""

    def walk(command: Any, path: tuple[str, ...]) -> None:
        text = commandline.run(*path, "--help").out
        if hasattr(command, "commands"):
            for name, child in command.commands.items():
                walk(child, (*path, name))
        else:
            assert "Example:" in text, path
            if path[0] not in {"serve", "worker"} and path != ("webhook", "forward"):
                assert "--json" in text, path

    walk(main, ())


def test_a_name_from_a_store_is_shown_as_what_it_is(run: Run) -> None:
    """Square brackets are no markup, and what would steer the operator's terminal does not reach it."""
    slug = f"cli-{secrets.token_hex(5)}"
    place = ("--slug", slug, "--currency", "ARS", "--country", "AR")
    run("store", "create", "[/b] [red]\x1b[2J\u202eMate", *place)
    listed = run("store", "list").out
    assert "[/b] [red]" in listed
    shown = run("store", "show", slug).out
    assert "[/b] [red]\ufffd[2J\ufffdMate" in shown
    assert "\x1b" not in listed + shown


def test_the_schema_speaks_json_and_a_database_that_is_away_is_told(run: Run) -> None:
    """As every other command does."""
    assert set(run("migrate", "--json").json) == {"revision", "applied", "dropped", "left"}
    passwords = {f"BAAS_PASSWORD_{role}": "x" for role in ("OWNER", "APP", "RELAY", "AUTH", "OPERATOR")}
    away = {"BAAS_DATABASE_ADMIN_URL": "postgresql://a:b@127.0.0.1:1/x", **passwords}
    refused = run("roles", "--json", expect=4, **away)
    assert refused.json["error"]["code"] == "unreachable"
