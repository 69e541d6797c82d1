"""The checks that find a leak between two stores. They answer what they found, so that a test can also show that
they would find one."""

import json
from collections.abc import Iterable
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from litestar import Litestar
from sqlalchemy import event

from baas.core.db import Database
from baas.core.db.orm import SyncStoreSession, _filter_by_store
from baas.core.scope import StoreScope
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.openapi.endpoints import Endpoint, endpoints
from tests.tenancy.test_metadata import OWNED
from tests.tenancy.world import World, bodies

NAMES = {"provider", "key"}
"""Path parameters that name no object: every store may have its own by the same name."""

WORDS_OF_THE_CALLER = {"about", "subject", "reference", "metadata", "data"}
"""Fields that are stored as they are said and looked up nowhere: an id in them refers to nothing."""


@contextmanager
def no_orm_criteria() -> Any:
    """Take away the ORM's own filter, and see what is left."""
    event.remove(SyncStoreSession, "do_orm_execute", _filter_by_store)
    try:
        yield
    finally:
        event.listen(SyncStoreSession, "do_orm_execute", _filter_by_store)


class Rows:
    """What a store has in all tables, seen by a superuser."""

    def __init__(self, admin_url: str, store_id: UUID) -> None:
        self._admin_url = admin_url
        self._store_id = store_id

    async def checksum(self) -> dict[str, str]:
        """table -> a checksum of the store's rows. When a key was last used is nobody's change."""
        selects = [
            f"select '{name}' as name, md5(coalesce(string_agg(r::text, '|' order by r::text), '')) as sum from"
            f" (select to_jsonb(t) - 'last_used_at' as r from \"{name}\" t where {key} = $1) rows"
            for name, key in (("stores", "id"), *((table.name, "store_id") for table in OWNED))
        ]
        connection = await asyncpg.connect(self._admin_url)
        try:
            rows = await connection.fetch(" union all ".join(selects), self._store_id)
        finally:
            await connection.close()
        return {row["name"]: row["sum"] for row in rows}

    async def suffixes(self) -> set[str]:
        """The part after the prefix of the public id of every row."""
        connection = await asyncpg.connect(self._admin_url)
        try:
            found = {self._store_id}
            for table in OWNED:
                if "id" in table.columns:
                    rows = await connection.fetch(
                        f'select id from "{table.name}" where store_id = $1', self._store_id
                    )
                    found.update(row["id"] for row in rows)
        finally:
            await connection.close()
        return {ids.encode(Kind.REQUEST, identity).partition("_")[2] for identity in found}


def of_a_store(app: Litestar) -> list[Endpoint]:
    """The operations that a store's key opens."""
    return [
        operation for operation in endpoints(app) if not operation.is_public and not operation.is_operator
    ]


def with_objects(app: Litestar) -> list[Endpoint]:
    """Those that name an object in their path."""
    return [operation for operation in of_a_store(app) if "{" in operation.path]


async def send(
    http: httpx.AsyncClient, key: str, operation: Endpoint, path: str, body: Any, *, dry_run: bool = False
) -> httpx.Response:
    """One request."""
    headers = {"X-API-KEY": key, **({"Prefer": "dry-run"} if dry_run else {})}
    return await http.request(operation.method, path, headers=headers, json=body)


async def crawl(
    app: Litestar, http: httpx.AsyncClient, theirs: World, caller: World, rows: Rows
) -> list[str]:
    """Call every route for objects of `theirs` with the keys of `caller`; answer what was wrong."""
    examples = bodies(app)
    problems = []
    before = await rows.checksum()
    for operation in with_objects(app):
        shared = any(f"{{{name}}}" in operation.path for name in NAMES)
        body = theirs.localised(examples[operation.id]) if operation.id in examples else None
        keys = [caller.shop.secret_key]
        if operation.need == "storefront":
            keys.append(caller.shop.publishable_key)
        for key in keys:
            response = await send(http, key, operation, theirs.path_of(operation), body)
            name = f"{operation.method} {operation.path}"
            if response.status_code != 404 and not (shared and not _shows(response, theirs)):
                problems.append(f"{name}: {response.status_code} {response.text[:200]}")
        after = await rows.checksum() if operation.is_write else before
        changed = [table for table in before if before[table] != after[table]]
        if changed:
            problems.append(f"{operation.method} {operation.path}: changed {', '.join(changed)}")
            before = after
    return problems


def _shows(response: httpx.Response, world: World) -> bool:
    return any(identity in response.text for identity in world.ids.values())


async def foreign_references(
    app: Litestar, http: httpx.AsyncClient, theirs: World, caller: World, rows: Rows
) -> list[str]:
    """Writes of a store on its own objects whose bodies name objects of another."""
    problems = []
    foreign = set(theirs.ids.values())
    before = await rows.checksum()
    for operation in of_a_store(app):
        example = bodies_of(app).get(operation.id)
        body = theirs.localised(example)
        if isinstance(body, dict):
            body = {name: value for name, value in body.items() if name not in WORDS_OF_THE_CALLER}
        named = [identity for identity in foreign if identity in json.dumps(body)]
        if example is None or not named:
            continue
        response = await send(http, caller.shop.secret_key, operation, caller.path_of(operation), body)
        if response.status_code not in {404, 409, 422}:
            problems.append(
                f"{operation.method} {operation.path} took {named}: {response.status_code} {response.text[:200]}"
            )
    after = await rows.checksum()
    return [*problems, *(f"changed {table}" for table in before if before[table] != after[table])]


_BODIES: dict[int, dict[str, Any]] = {}


def bodies_of(app: Litestar) -> dict[str, Any]:
    """The examples of an application, made once."""
    if id(app) not in _BODIES:
        _BODIES[id(app)] = bodies(app)
    return _BODIES[id(app)]


def list_paths(app: Litestar) -> list[Endpoint]:
    """Every GET that answers more than one thing, or anything without naming an object."""
    return [operation for operation in of_a_store(app) if operation.method == "GET"]


async def lists(
    app: Litestar, http: httpx.AsyncClient, theirs: World, caller: World, rows: Rows
) -> list[str]:
    """Every list, search and filter of a store, looked through for any id of another."""
    suffixes = await rows.suffixes()
    problems = []
    for operation in list_paths(app):
        path = caller.path_of(operation)
        for query in ("", *_filters(operation, theirs)):
            response = await send(http, caller.shop.secret_key, operation, _joined(path, query), None)
            leaked = sorted(suffix for suffix in suffixes if suffix in response.text.replace(query, ""))
            if leaked:
                problems.append(f"{operation.path}?{query} shows {leaked[:3]}")
    return problems


def _filters(operation: Endpoint, theirs: World) -> Iterable[str]:
    """Query strings that ask for the other store's objects by name."""
    names = {parameter.name for parameter in operation.parameters if parameter.where == "query"}
    if "limit" in names:
        yield "limit=100" + ("&include=total" if "include" in names else "")
    for name in sorted(names & set(theirs.parameters)):
        yield f"{name}={theirs.parameters[name]}"
    if "subject" in names:
        yield f"subject={theirs.ids[Kind.ORDER]}"
    if "ids" in names:
        yield f"ids={theirs.ids[Kind.PRODUCT]}"
    if "category" in names:
        yield f"category={theirs.parameters['slug']}"
    if "q" in names:
        yield "q=mate"


def _joined(path: str, query: str) -> str:
    if not query:
        return path
    return f"{path}{'&' if '?' in path else '?'}{query}"


async def raw(database: Database, scope: StoreScope) -> list[str]:
    """Tables of which a session of a store sees rows of another, by SQL that says nothing of stores."""
    found = []
    for open_work in (database.fast, database.store):
        async with open_work(scope) as work:
            for table in OWNED:
                if not await work.fetchval("select has_table_privilege($1, 'select')", table.name):
                    continue
                count = await work.fetchval(
                    f'select count(*) from "{table.name}" where store_id is distinct from $1', scope.store_id
                )
                if count:
                    found.append(table.name)
    return sorted(set(found))
