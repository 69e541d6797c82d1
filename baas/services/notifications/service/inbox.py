"""What the inbox viewer of a development machine shows: each store's mails, read in each store's own session."""

import email
import email.policy
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from baas.core.db import Database
from baas.core.errors import NotFound
from baas.core.scope import Caller as ScopeCaller
from baas.core.scope import CallerKind, StoreScope
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.services.notifications.channels import mime
from baas.services.notifications.channels.base import Message, SendFailed
from baas.services.notifications.repository import messages
from baas.services.notifications.repository import settings as settings_rows
from baas.services.notifications.schemas import Channel
from baas.services.notifications.senders import Senders
from baas.tenants import operators
from baas.tenants.door.keys import KeyTable

STORES: Final = 50
SHOWN: Final = 100


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A mail in the list."""

    store_id: str
    store_name: str
    id: str
    to: str
    subject: str
    status: str
    provider: str | None
    template_key: str | None
    created_at: datetime


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail to read."""

    line: Line
    headers: list[tuple[str, str]]
    html: str | None
    body: str


async def scopes(database: Database, table: KeyTable, request_id: str) -> list[StoreScope]:
    """The newest stores of this deployment."""
    caller = ScopeCaller(CallerKind.OPERATOR, "inbox-viewer")
    async with database.operator(reason="inbox viewer: which stores there are") as system:
        operator = operators.Operator(system, table, caller, request_id)
        found = await operators.list_stores(operator, limit=STORES)
    return [await table.scope_for_job(ids.decode(Kind.STORE, store.id), request_id) for store in found]


async def newest(database: Database, found: list[StoreScope]) -> list[Line]:
    """Their newest mails together."""
    lines: list[Line] = []
    for scope in found:
        async with database.fast(scope) as work:
            rows = await messages.mails(work, limit=SHOWN)
        lines += [
            Line(
                store_id=ids.encode(Kind.STORE, scope.store_id),
                store_name=scope.store.name,
                id=ids.encode(Kind.NOTIFICATION, row["id"]),
                to=row["recipient"],
                subject=row["subject"],
                status=row["status"],
                provider=row["provider"],
                template_key=row["template_key"],
                created_at=row["created_at"],
            )
            for row in rows
        ]
    return sorted(lines, key=lambda line: line.id, reverse=True)[:SHOWN]


async def mail(database: Database, scope: StoreScope, senders: Senders, notification_id: UUID) -> Mail:
    """One mail with its headers as they go over the wire. Raises NotFound."""
    async with database.fast(scope) as work:
        row = await messages.find(work, notification_id)
        content = await messages.content(work, notification_id)
        settings = await settings_rows.find(work)
    if row is None or content is None or row["channel"] != Channel.EMAIL:
        raise NotFound
    try:
        sender = senders.of(scope, settings, Channel.EMAIL)
        name, address, reply_to = sender.name, sender.email, sender.reply_to
    except SendFailed:
        name, address, reply_to = scope.store.name, "nobody@localhost", None
    message = Message(
        id=ids.encode(Kind.NOTIFICATION, row["id"]),
        round=0,
        to=row["recipient"],
        subject=content["subject"],
        html=content["html"],
        body=content["body"],
        sender_name=name,
        sender_email=address,
        reply_to=reply_to,
        created_at=row["created_at"].timestamp(),
    )
    try:
        built = email.message_from_bytes(mime.build(message), policy=email.policy.default)
        headers = [(key, str(value)) for key, value in built.items()]
    except SendFailed as error:
        headers = [("Problem", str(error))]
    return Mail(
        line=Line(
            store_id=ids.encode(Kind.STORE, scope.store_id),
            store_name=scope.store.name,
            id=message.id,
            to=row["recipient"],
            subject=content["subject"],
            status=row["status"],
            provider=row["provider"],
            template_key=row["template_key"],
            created_at=row["created_at"],
        ),
        headers=headers,
        html=content["html"],
        body=content["body"],
    )
