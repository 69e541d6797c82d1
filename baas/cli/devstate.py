"""What a running `baas dev` tells the other commands: the file dev.json in its data folder, for its owner's eyes."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from baas.core.embedded import ProcessMark

FILE = "dev.json"


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What the preparation of a data folder (roles, migrations, demo store) hands to `baas dev`."""

    environment: dict[str, str]
    """The variables that the API, the worker and every other command need; no others reach them from here."""
    database_url: str
    """What `baas dev --json` names as the database."""
    store_id: str
    secret_key: str
    publishable_key: str
    operator_key: str

    def over(self, environ: Mapping[str, str]) -> dict[str, str]:
        """An environment with the variables of this one in it; files that name the same ones are left out."""
        files = {f"{name}_FILE" for name in self.environment}
        return {name: value for name, value in environ.items() if name not in files} | self.environment


@dataclass(kw_only=True)
class DevState:
    """One `baas dev`: who it is, what it runs, and how to reach it."""

    supervisor: ProcessMark
    base_url: str
    data_dir: str
    redis_url: str
    prepared: Prepared
    processes: dict[str, ProcessMark] = field(default_factory=dict)
    """api and worker by name."""

    def write(self) -> None:
        """Replace the file in one step, readable by its owner alone."""
        path = Path(self.data_dir) / FILE
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file, indent=2)
        fresh.replace(path)

    def ready_line(self) -> dict[str, object]:
        """What `baas dev --json` prints when everything answers."""
        return {
            "ready": True,
            "base_url": self.base_url,
            "store_id": self.prepared.store_id,
            "secret_key": self.prepared.secret_key,
            "publishable_key": self.prepared.publishable_key,
            "operator_key": self.prepared.operator_key,
            # D-013: the app's own role, so whoever looks with it sees what the application sees.
            "database_url": self.prepared.database_url,
            "redis_url": self.redis_url,
            "data_dir": self.data_dir,
        }


def read(data_dir: Path) -> DevState | None:
    """What the last `baas dev` on this folder wrote, whether it still runs or not; None when there is nothing."""
    try:
        raw = json.loads((data_dir / FILE).read_text(encoding="utf-8"))
        return DevState(
            supervisor=ProcessMark(*raw["supervisor"]),
            base_url=raw["base_url"],
            data_dir=raw["data_dir"],
            redis_url=raw["redis_url"],
            prepared=Prepared(**raw["prepared"]),
            processes={name: ProcessMark(*mark) for name, mark in raw["processes"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def find(data_dir: Path) -> DevState | None:
    """The `baas dev` that runs on this folder now; None when none does."""
    state = read(data_dir)
    return state if state is not None and state.supervisor.alive() else None


def find_for(environ: Mapping[str, str]) -> DevState | None:
    """The `baas dev` that an environment means, by BAAS_DATA_DIR or in the working folder."""
    return find(Path(environ.get("BAAS_DATA_DIR") or ".baas").absolute())
