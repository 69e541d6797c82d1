"""Which deployment a command works on: its own environment's, or that of a running `baas dev`."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from baas.cli import serve
from baas.cli.common import environment
from baas.cli.devstate import DevState, Prepared
from baas.core.embedded import ProcessMark
from baas.core.settings import Settings, load_settings
from tests import commandline

SERVER = "127.0.0.1:5499"
DEV = {
    "BAAS_ENVIRONMENT": "development",
    "BAAS_DATABASE_URL": f"postgresql://baas_app:x@{SERVER}/baas_dev",
    "BAAS_DATABASE_RELAY_URL": f"postgresql://baas_relay:x@{SERVER}/baas_dev",
    "BAAS_DATABASE_AUTH_URL": f"postgresql://baas_auth:x@{SERVER}/baas_dev",
    "BAAS_DATABASE_OPERATOR_URL": f"postgresql://baas_operator:x@{SERVER}/baas_dev",
    "BAAS_REDIS_URL": "redis://127.0.0.1:6399/0",
    "BAAS_SECRET": "x" * 40,
    "BAAS_ENCRYPTION_KEYS": base64.b64encode(b"x" * 32).decode(),
}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The folder of a `baas dev` that runs: this process stands for it."""
    own = ProcessMark.of(os.getpid())
    assert own is not None
    prepared = Prepared(
        environment=DEV,
        database_url=DEV["BAAS_DATABASE_URL"],
        store_id="store_1",
        secret_key="sk_test_1",
        publishable_key="pk_test_1",
        operator_key="op_1",
    )
    DevState(
        supervisor=own, base_url="http://127.0.0.1:1", data_dir=str(tmp_path), redis_url="", prepared=prepared
    ).write()
    return tmp_path


def test_a_running_dev_is_found_by_its_folder(data_dir: Path) -> None:
    """With nothing else set, and with the server that it was given to work on."""
    given = f"postgresql://postgres:secret@{SERVER}/postgres"
    for own in ({}, {"BAAS_DATABASE_URL": ""}, {"BAAS_DATABASE_URL": given}):
        found = environment({"BAAS_DATA_DIR": str(data_dir), **own})
        assert {name: found[name] for name in DEV} == DEV
    old = environment({"BAAS_DATA_DIR": str(data_dir), "BAAS_SECRET_FILE": "/run/secrets/another"})
    assert "BAAS_SECRET_FILE" not in old
    assert "BAAS_DATABASE_URL" not in environment({"BAAS_DATA_DIR": str(data_dir / "elsewhere")})


def test_whoever_names_a_deployment_means_that_one(data_dir: Path) -> None:
    """Whatever runs beside it; nor is another server's deployment completed with a developer's roles."""
    complete = {name: value.replace(SERVER, "db.example") for name, value in DEV.items()}
    assert (
        environment({"BAAS_DATA_DIR": str(data_dir), **complete})["BAAS_DATABASE_URL"]
        == complete["BAAS_DATABASE_URL"]
    )
    files = {"BAAS_DATA_DIR": str(data_dir)} | {f"{name}_FILE": f"/run/secrets/{name}" for name in DEV}
    assert environment(files) == files
    part = {"BAAS_DATA_DIR": str(data_dir), "BAAS_DATABASE_URL": complete["BAAS_DATABASE_URL"]}
    assert environment(part) == part


@pytest.mark.usefixtures("restored")
def test_a_deployment_may_be_given_by_files_alone(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As orchestrators mount secrets."""
    for name in [name for name in os.environ if name.startswith("BAAS_")]:
        monkeypatch.delenv(name)
    for name, value in DEV.items():
        (data_dir / name).write_text(value, encoding="utf-8")
        monkeypatch.setenv(f"{name}_FILE", str(data_dir / name))
    monkeypatch.setenv("BAAS_DATA_DIR", str(data_dir / "elsewhere"))
    commandline.run("store", "list", "--json", expect=4)
    monkeypatch.setenv("BAAS_SECRET_FILE", str(data_dir / "never-was"))
    assert "BAAS_SECRET_FILE" in commandline.run("store", "list", expect=None).err


@pytest.fixture
def restored() -> Iterator[None]:
    """The environment of this process, as it was."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.mark.usefixtures("restored")
def test_the_processes_of_the_api_read_what_its_command_was_told(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They begin with nothing but the environment."""
    told: list[Settings] = []

    def note(settings: Settings) -> None:
        told.extend((settings, load_settings(os.environ)))

    monkeypatch.setattr(serve, "serve", note)
    for name in [name for name in os.environ if name.startswith("BAAS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("BAAS_DATA_DIR", str(data_dir))
    commandline.run("serve", "--port", "8123", "--workers", "3")
    shown: list[dict[str, Any]] = [msgspec.structs.asdict(settings) for settings in told]
    assert shown[0] == shown[1]
    assert (told[1].port, told[1].workers, told[1].database.app) == (8123, 3, DEV["BAAS_DATABASE_URL"])
