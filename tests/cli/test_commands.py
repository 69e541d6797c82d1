"""The operator's commands: what they print, what they refuse, and with which exit code."""

import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from baas.cli.main import main
from baas.core.settings import Settings
from tests import deployment

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, owner_url: str) -> Run:
    """Run a command against the test deployment."""
    environment = deployment.environment(settings, BAAS_DATABASE_OWNER_URL=owner_url)

    def invoke(*arguments: str, expect: int = 0, **extra: str) -> Result:
        result = CliRunner().invoke(main, list(arguments), env={**environment, **extra})
        assert result.exit_code == expect, (result.exit_code, result.output, result.stderr, result.exception)
        return result

    return invoke


@pytest.fixture
def store(run: Run) -> dict[str, Any]:
    """A store made on the command line."""
    slug = f"cli-{secrets.token_hex(5)}"
    result = run(
        "store", "create", "Casa Mate", "--slug", slug, "--domain", "casamate.example", "--plan", "free",
        "--currency", "ARS", "--country", "AR", "--mode", "test", "--json",
    )  # fmt: skip
    created: dict[str, Any] = json.loads(result.stdout)
    return created


def test_a_store_is_created_with_both_keys(store: dict[str, Any]) -> None:
    """The JSON has the store and its keys, which work for their kinds."""
    assert store["store"]["plan"] == "free"
    assert store["store"]["mode"] == "test"
    assert store["secret_key"].startswith("sk_test_")
    assert store["publishable_key"].startswith("pk_test_")


def test_lists_and_shows_find_a_store_by_id_and_slug(run: Run, store: dict[str, Any]) -> None:
    """Both names lead to the same store, and the list has it."""
    by_slug = json.loads(run("store", "show", store["store"]["slug"], "--json").stdout)
    by_id = json.loads(run("store", "show", store["store"]["id"], "--json").stdout)
    assert by_slug == by_id
    listed = json.loads(run("store", "list", "--limit", "1000", "--json").stdout)
    assert store["store"]["id"] in {item["id"] for item in listed}
    assert "casamate.example" in run("store", "show", store["store"]["slug"]).stdout


def test_what_is_not_there_has_its_own_exit_code(run: Run) -> None:
    """3, and the reason on standard error, as JSON when asked for."""
    assert "no such" in run("store", "show", "never-was", expect=3).stderr
    assert (
        json.loads(run("store", "show", "never-was", "--json", expect=3).stderr)["error"]["code"]
        == "not_found"
    )


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
    assert word in run(*arguments, expect=1).stderr


def test_a_taken_slug_is_refused(run: Run, store: dict[str, Any]) -> None:
    """Two stores cannot share a slug."""
    result = run(
        "store", "create", "Twin", "--slug", store["store"]["slug"], "--currency", "ARS", "--country", "AR", "--json",
        expect=1,
    )  # fmt: skip
    assert json.loads(result.stderr)["error"]["code"] == "conflict"


def test_nothing_is_destroyed_without_a_yes(run: Run, store: dict[str, Any]) -> None:
    """From a script, a command that destroys wants --yes, and does nothing without."""
    slug = store["store"]["slug"]
    run("store", "deactivate", slug, expect=2)
    assert json.loads(run("store", "show", slug, "--json").stdout)["is_active"] is True
    assert json.loads(run("store", "deactivate", slug, "--yes", "--json").stdout)["is_active"] is False
    assert json.loads(run("store", "activate", slug, "--json").stdout)["is_active"] is True


def test_keys_are_made_rotated_and_revoked(run: Run, store: dict[str, Any]) -> None:
    """A rotated key keeps its rights; a revoked one cannot be rotated."""
    slug = store["store"]["slug"]
    made = json.loads(run("key", "create", slug, "--name", "ERP", "--scope", "orders:read", "--json").stdout)
    rotated = json.loads(run("key", "rotate", made["id"], "--grace", "24h", "--json").stdout)
    assert rotated["scopes"] == ["orders:read"]
    assert rotated["key"] != made["key"]
    listed = {key["id"]: key for key in json.loads(run("key", "list", slug, "--json").stdout)}
    assert listed[made["id"]]["expires_at"] is not None
    for grace in ("0", "0m", "00d"):
        run("key", "rotate", rotated["id"], "--grace", grace, expect=2)
    assert "24h" in run("key", "rotate", rotated["id"], "--grace", "soon", "--yes", expect=2).stderr
    run("key", "revoke", rotated["id"], expect=2)
    assert json.loads(run("key", "revoke", rotated["id"], "--yes", "--json").stdout)["revoked_at"] is not None
    run("key", "rotate", rotated["id"], "--yes", expect=1)
    assert made["key"] not in run("key", "list", slug).stdout


def test_plans_and_flags(run: Run, store: dict[str, Any]) -> None:
    """A flag is on, off, or the plan's; a plan is one that exists."""
    slug = store["store"]["slug"]
    assert json.loads(run("plan", "set", slug, "pro", "--json").stdout)["plan"] == "pro"
    run("plan", "set", slug, "gold", expect=1)
    run("flag", "set", slug, "new-checkout", "--off")
    assert json.loads(run("flag", "list", slug, "--json").stdout) == [
        {"flag": "new-checkout", "enabled": False, "from": "store"}
    ]
    run("flag", "unset", slug, "new-checkout")
    assert json.loads(run("flag", "list", slug, "--json").stdout) == []
    run("flag", "set", slug, "Not A Flag", expect=1)


def test_limits(run: Run, store: dict[str, Any]) -> None:
    """A limit is the store's own number, none at all, or the plan's."""
    slug = store["store"]["slug"]

    def listed() -> dict[str, tuple[int | None, str]]:
        rows = json.loads(run("limit", "list", slug, "--json").stdout)
        return {row["limit"]: (row["value"], row["from"]) for row in rows}

    assert listed()["products"] == (100, "plan")
    assert json.loads(run("limit", "set", slug, "products", "250", "--json").stdout)["limits"] == {
        "products": 250
    }
    run("limit", "set", slug, "webhook_endpoints", "unlimited")
    assert (listed()["products"], listed()["webhook_endpoints"]) == ((250, "store"), (None, "store"))
    assert "250" in run("limit", "list", slug).stdout
    run("limit", "unset", slug, "products")
    assert listed()["products"] == (100, "plan")
    assert "products" in run("limit", "set", slug, "unicorns", "3", expect=1).stderr
    for nonsense in ("-1", "many", "1e3", "99999999"):
        run("limit", "set", slug, "products", nonsense, expect=2)


def test_a_catalogue_is_imported_and_imported_again(run: Run, store: dict[str, Any], tmp_path: Path) -> None:
    """The report says what became of each product; a second time everything is skipped; bad files change nothing."""
    slug = store["store"]["slug"]
    file = tmp_path / "export.csv"
    file.write_text("Handle,Title,Variant Price\nmate,Mate,10.50\nyerba,Yerba,3.20\n", encoding="utf-8")
    first = json.loads(run("import", "shopify", str(file), "--store", slug, "--json").stdout)
    assert (first["created"], first["failed"]) == (2, 0)
    assert [product["outcome"] for product in first["products"]] == ["created", "created"]
    assert "2 skipped" in run("import", "shopify", str(file), "--store", slug).stdout
    file.write_bytes("Handle,Title,Variant Price\nnandu,Ñandú,1\n".encode("latin-1"))
    run("import", "shopify", str(file), "--store", slug, expect=1)


def test_doctor_is_content_with_roles_and_walls_and_misses_the_worker(run: Run) -> None:
    """The test deployment has no worker running: doctor says so, with what to do, and exits with 1."""
    findings = {item["check"]: item for item in json.loads(run("doctor", "--json", expect=1).stdout)}
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
        item["check"]: item
        for item in json.loads(run("doctor", "--json", expect=1, BAAS_DATABASE_URL=away).stdout)
    }
    assert not findings["connection baas_app"]["ok"]


def test_a_database_that_is_away_has_its_own_exit_code(run: Run) -> None:
    """4: nothing was refused, nobody answered."""
    run("store", "list", expect=4, BAAS_DATABASE_OPERATOR_URL="postgresql://baas_operator:x@127.0.0.1:1/none")


def test_without_a_deployment_the_command_says_how_to_get_one(tmp_path: Path) -> None:
    """2, and the two ways to name one."""
    result = CliRunner().invoke(
        main, ["store", "list"], env={"BAAS_DATABASE_URL": "", "BAAS_DATA_DIR": str(tmp_path)}
    )
    assert result.exit_code == 2
    assert "BAAS_DATA_DIR" in result.stderr


def test_every_command_has_help_with_an_example() -> None:
    """`--help` of every command shows an example and, where it prints, --json."""
    runner = CliRunner()

    def walk(command: Any, path: tuple[str, ...]) -> None:
        text = runner.invoke(main, [*path, "--help"]).output
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
    listed = run("store", "list").stdout
    assert "[/b] [red]" in listed
    shown = run("store", "show", slug).stdout
    assert "[/b] [red]\ufffd[2J\ufffdMate" in shown
    assert "\x1b" not in listed + shown


def test_the_schema_speaks_json_and_a_database_that_is_away_is_told(run: Run) -> None:
    """As every other command does."""
    assert set(json.loads(run("migrate", "--json").stdout)) == {"revision", "applied", "dropped", "left"}
    passwords = {f"BAAS_PASSWORD_{role}": "x" for role in ("OWNER", "APP", "RELAY", "AUTH", "OPERATOR")}
    away = {"BAAS_DATABASE_ADMIN_URL": "postgresql://a:b@127.0.0.1:1/x", **passwords}
    refused = run("roles", "--json", expect=4, **away)
    assert json.loads(refused.stderr)["error"]["code"] == "unreachable"
