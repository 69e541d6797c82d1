"""How connections are opened: the driver's own, and the ORM's engine over the same driver."""

from typing import Any, Final

import asyncpg
import msgspec
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from baas.core.db.pool import Connect

_encode_json: Final = msgspec.json.Encoder().encode
_decode_json: Final = msgspec.json.Decoder().decode


def connector(
    role: str, url: str, connection_class: type[asyncpg.Connection] = asyncpg.Connection
) -> Connect:
    """How a connection of a role is opened, of a class. Raises OSError or asyncpg's errors when the database does not answer."""

    async def connect() -> asyncpg.Connection:
        connection = await asyncpg.connect(
            url,
            connection_class=connection_class,
            command_timeout=60,
            server_settings={
                "application_name": f"baas-{role}",
                # Array parameters would otherwise be planned anew at each call.
                "plan_cache_mode": "force_generic_plan",
                "statement_timeout": "30s",
                "lock_timeout": "10s",
                "idle_in_transaction_session_timeout": "60s",
                "timezone": "UTC",
            },
        )
        try:
            await prepare_connection(connection)
        except BaseException:
            connection.terminate()
            raise
        return connection

    return connect


async def prepare_connection(connection: Any) -> None:
    """Let `jsonb` go in and come out as Python objects."""
    for name in ("jsonb", "json"):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            encoder=lambda value: _encode_json(value).decode(),
            decoder=_decode_json,
        )


def make_engine(url: str, pool_size: int) -> AsyncEngine:
    """The ORM's engine, whose connections read and write as the driver's own do."""
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        # Statements reach the log when they fail; what was in them must not.
        hide_parameters=True,
        # Both ways to the driver read and write jsonb as Python objects through the driver's codec.
        json_serializer=_identity,
        json_deserializer=_identity,
        connect_args={
            "server_settings": {
                "application_name": "baas-app-orm",
                "statement_timeout": "30s",
                "lock_timeout": "10s",
                "idle_in_transaction_session_timeout": "60s",
                "timezone": "UTC",
            }
        },
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(dbapi_connection: Any, _entry: ConnectionPoolEntry) -> None:
        dbapi_connection.run_async(prepare_connection)

    return engine


def _identity(value: Any) -> Any:
    return value
