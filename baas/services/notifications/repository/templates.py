"""Versions of templates."""

from typing import Any, Final
from uuid import UUID

from baas.core.db import StoreWork

_COLUMNS: Final = "id, key, channel, locale, version, active, subject, html, body, provider_template, created_by, created_at"
_ACTIVE: Final = f"""
select {_COLUMNS} from notification_templates
where store_id = $1 and key = $2 and channel = $3 and active
order by coalesce(array_position($4::text[], locale), 1000), locale limit 1
"""


async def active(
    work: StoreWork, key: str, channel: str, locales: list[str], *, any_locale: bool
) -> Any | None:
    """The version in use for the first of the locales that has one; with `any_locale`, for any."""
    row = await work.fetchrow(_ACTIVE, work.scope.store_id, key, channel, locales)
    return row if row is not None and (any_locale or row["locale"] in locales) else None


async def version(work: StoreWork, key: str, channel: str, locale: str, number: int) -> Any | None:
    """One version."""
    return await work.fetchrow(
        f"select {_COLUMNS} from notification_templates"
        " where store_id = $1 and key = $2 and channel = $3 and locale = $4 and version = $5",
        work.scope.store_id,
        key,
        channel,
        locale,
        number,
    )


async def all_active(work: StoreWork) -> list[Any]:
    """Every version in use, without its text."""
    return await work.fetch(
        "select key, channel, locale, version from notification_templates where store_id = $1 and active"
        " order by key, channel, locale",
        work.scope.store_id,
    )


async def versions(
    work: StoreWork, key: str, *, channel: str, locale: str | None, before: UUID | None, limit: int
) -> list[Any]:
    """Versions of a key, the newest first; `before` is a position of the page before."""
    arguments: list[Any] = [work.scope.store_id, key, channel]
    conditions = ""
    for condition, value in (("locale = ${}", locale), ("id < ${}", before)):
        if value is not None:
            arguments.append(value)
            conditions += f" and {condition.format(len(arguments))}"
    arguments.append(limit)
    return await work.fetch(
        f"select {_COLUMNS} from notification_templates where store_id = $1 and key = $2 and channel = $3{conditions}"
        f" order by id desc limit ${len(arguments)}",
        *arguments,
    )


async def count(work: StoreWork) -> int:
    """How many versions the store has."""
    return int(
        await work.fetchval(
            "select count(*) from notification_templates where store_id = $1", work.scope.store_id
        )
    )


async def lock(work: StoreWork, key: str, channel: str, locale: str) -> None:
    """Let nobody else change the versions of this template until the transaction ends."""
    name = work.scope.key("notification_template", key, channel, locale)
    await work.execute("select pg_advisory_xact_lock(hashtextextended($1, 7239))", name)


async def last_version(work: StoreWork, key: str, channel: str, locale: str) -> int:
    """The highest number; 0 when there is none."""
    return int(
        await work.fetchval(
            "select coalesce(max(version), 0) from notification_templates"
            " where store_id = $1 and key = $2 and channel = $3 and locale = $4",
            work.scope.store_id,
            key,
            channel,
            locale,
        )
    )


async def deactivate(work: StoreWork, key: str, channel: str, locale: str) -> int | None:
    """Take the version in use out of use; answers its number."""
    found = await work.fetchval(
        "update notification_templates set active = false"
        " where store_id = $1 and key = $2 and channel = $3 and locale = $4 and active returning version",
        work.scope.store_id,
        key,
        channel,
        locale,
    )
    return None if found is None else int(found)


async def activate(work: StoreWork, template_id: UUID) -> None:
    """Take a version into use; the one before must be out of use."""
    await work.execute(
        "update notification_templates set active = true where store_id = $1 and id = $2",
        work.scope.store_id,
        template_id,
    )


async def insert(work: StoreWork, values: dict[str, Any]) -> Any:
    """A new version."""
    places = ", ".join(f"${number}" for number in range(2, len(values) + 2))
    return await work.fetchrow(
        f"insert into notification_templates (store_id, {', '.join(values)}) values ($1, {places})"
        f" returning {_COLUMNS}",
        work.scope.store_id,
        *values.values(),
    )
