"""What a process loads before it can work: each library that comes along unasked costs every start its time and memory."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NOWHERE = "postgresql://a:b@127.0.0.1:1/none"
_ENVIRONMENT = {
    "BAAS_ENVIRONMENT": "development",
    "BAAS_SECRET": "a secret of this test, and of nothing else",
    "BAAS_ENCRYPTION_KEYS": base64.b64encode(b"k" * 32).decode(),
    "BAAS_REDIS_URL": "redis://127.0.0.1:1/0",
    **dict.fromkeys(
        (
            *("BAAS_DATABASE_URL", "BAAS_DATABASE_RELAY_URL"),
            *("BAAS_DATABASE_AUTH_URL", "BAAS_DATABASE_OPERATOR_URL"),
        ),
        _NOWHERE,
    ),
}
_NEVER = {"alembic", "boto3", "fpdf", "liquid", "mercadopago", "pydantic", "stripe"}
"""What no process needs before somebody asks for its work."""


@pytest.mark.parametrize(
    "code, unwanted",
    [
        ("import baas.cli.main", {*_NEVER, "asyncpg", "litestar", "redis", "rich", "sqlalchemy"}),
        ("import baas.cli.bootstrap", {*_NEVER, "litestar", "redis", "rich", "sqlalchemy"}),
        ("from baas.cli.serve import application; application()", _NEVER),
        ("import baas.cli.work", {*_NEVER, "litestar"}),
        ("import baas.simulators.serve", {*_NEVER, "litestar", "sqlalchemy"}),
    ],
    ids=["the command line", "baas dev", "the API", "the worker", "the simulators"],
)
def test_a_process_loads_what_it_works_with(code: str, unwanted: set[str]) -> None:
    """And nothing else, before its first request or its first look at the database."""
    told = subprocess.run(
        [sys.executable, "-c", f"{code}; import json, sys; print(json.dumps(list(sys.modules)))"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("BAAS_")}
        | _ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert unwanted.isdisjoint(json.loads(told.stdout.splitlines()[-1]))
