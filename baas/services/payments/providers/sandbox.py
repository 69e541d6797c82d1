"""The sandbox: a payment provider for test stores that needs nobody else.

It has a hosted page, decisions by amount or by token for scripts, refunds, notifications and a list, and
keeps its own state in its own table, so that everything above it works as with a real provider: `fetch`
asks it for the payment as it is now. It lives in our database, so asking it is part of the transaction.

What decides an attempt when it is opened: the token `approved`, `rejected` or `pending`; without one, the
last two digits of the amount in minor units (01 rejected, 02 kept in review, 03 approved); otherwise the
page, which stays usable after a rejection, as a real one does.
"""

import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.db.rows import Row, call_sql, columns, optional_row, row_of, rows_of
from baas.core.scope import Mode
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.services.payments.providers.base import (
    Account,
    AccountCheck,
    Handle,
    Inbound,
    NewAttempt,
    Notification,
    NotificationRefused,
    Opened,
    ProviderRefused,
    RefundAsked,
    RefundSnapshot,
    SearchPage,
    Snapshot,
)
from baas.services.payments.schemas import PaymentStatus, Redirect, RefundStatus, SandboxToken

OUTCOMES: Final = {"approved": "approved", "rejected": "rejected", "pending": "in_review"}
"""What a person or a script may decide, and the sandbox's word for it."""
_BY_DIGITS: Final = {1: "rejected", 2: "in_review", 3: "approved"}
_STATUS: Final = {
    "created": PaymentStatus.PENDING,
    "in_review": PaymentStatus.PENDING,
    "approved": PaymentStatus.PAID,
    "rejected": PaymentStatus.FAILED,
}
_SEARCH_PAGE: Final = 100


class SandboxRefund(msgspec.Struct, frozen=True):
    """A refund as the sandbox keeps it."""

    id: str
    key: str
    """The idempotency key by which it was asked for."""
    amount: int


class SandboxRow(Row, frozen=True):
    """A payment in the sandbox's own books."""

    __table__ = "sandbox_payments"

    id: UUID
    token: str
    status: str
    amount: int
    currency: str
    amount_refunded: int
    refunds: list[SandboxRefund]
    description: str | None
    return_url: str | None
    version: int
    updated_at: datetime


_COLUMNS: Final = columns(SandboxRow)
_CREATE: Final = call_sql(
    "sandbox_open",
    ("store", "id", "token", "status", "amount", "currency", "description", "return_url", "now"),
)
_FETCH: Final = f"select {_COLUMNS} from sandbox_payments where store_id = $1 and id = $2"
_DECIDE: Final = f"""
update sandbox_payments set status = $4, version = version + 1, updated_at = $5
where store_id = $1 and id = $2 and token = $3 and status not in ('approved', $4)
returning {_COLUMNS}
"""
_REFUND: Final = f"""
update sandbox_payments
set amount_refunded = amount_refunded + $3, refunds = refunds || $4::jsonb, version = version + 1, updated_at = $5
where store_id = $1 and id = $2 and status = 'approved' and amount_refunded + $3 <= amount
returning {_COLUMNS}
"""
_SEARCH: Final = f"""
select {_COLUMNS} from sandbox_payments
where store_id = $1 and updated_at >= $2 and updated_at < $3 and (updated_at, id) > ($4, $5)
order by updated_at, id limit $6
"""


class Page(msgspec.Struct, frozen=True):
    """What the hosted page shows."""

    payment_id: UUID
    status: str
    amount: int
    currency: str
    description: str | None
    return_url: str | None


class SandboxOptions(msgspec.Struct, frozen=True):
    """What only the sandbox understands of an attempt."""

    sandbox_token: SandboxToken | None = None


class Sandbox:
    """The kind: for test stores, in process, without credentials."""

    name: Final = "sandbox"
    in_process: Final = True
    modes: Final = frozenset({Mode.TEST})
    credentials: Final[frozenset[str]] = frozenset()
    optional_credentials: Final[frozenset[str]] = frozenset()
    options: Final = SandboxOptions
    url: Final = None
    panel: Final = None
    platform_secrets: Final = ()

    def __init__(self, base_url: str) -> None:
        """`base_url` is the public address of the API, where the page is."""
        self._base_url = base_url

    def missing(self, names: Collection[str]) -> frozenset[str]:
        """Nothing is needed."""
        return self.credentials - frozenset(names)

    def objection(self, attempt: NewAttempt) -> None:
        """The sandbox takes everything."""

    def is_of_platform(self, credentials: Collection[str]) -> bool:
        """There is no platform."""
        return False

    def addressed(self, inbound: Inbound) -> None:
        """Nobody notifies of the sandbox but its own page."""

    def connect(self, work: StoreWork | None, account: Account | None) -> "SandboxProvider":
        """The sandbox of the transaction's store."""
        if work is None:
            raise TypeError("The sandbox lives in the store's own transaction.")
        return SandboxProvider(work, self._base_url)


class SandboxProvider:
    """The sandbox as one store sees it."""

    def __init__(self, work: StoreWork, base_url: str) -> None:
        self._work = work
        self._store_id = work.scope.store_id
        self._base_url = base_url

    async def check(self) -> AccountCheck:
        """Every test store has an account."""
        return AccountCheck(account_id=ids.encode(Kind.STORE, self._store_id), is_test=True)

    async def create(self, attempt: NewAttempt) -> Opened:
        """Open an attempt. Asked again for the same payment, the database refuses it: in one transaction no answer is lost."""
        now = self._now()
        row = SandboxRow(
            id=attempt.payment_id,
            token=secrets.token_urlsafe(24),
            status=_first_status(attempt),
            amount=attempt.amount,
            currency=attempt.currency,
            amount_refunded=0,
            refunds=[],
            description=attempt.description,
            return_url=attempt.return_url,
            version=1,
            updated_at=now,
        )
        await self._work.later(
            _CREATE,
            self._store_id,
            row.id,
            row.token,
            row.status,
            row.amount,
            row.currency,
            row.description,
            row.return_url,
            now,
        )
        public_id = ids.encode(Kind.PAYMENT, attempt.payment_id)
        store = ids.encode(Kind.STORE, self._store_id)
        url = f"{self._base_url}/api/v1/sandbox/{store}/{public_id}/{row.token}"
        return Opened(session=public_id, next_action=Redirect(url), snapshot=_snapshot(row))

    async def fetch(self, handle: Handle) -> Sequence[Snapshot]:
        """The payment as it is now, or nothing when there is none."""
        record = await self._work.fetchrow(_FETCH, self._store_id, handle.payment_id)
        return [] if record is None else [_snapshot(row_of(SandboxRow, record))]

    async def refund(self, asked: RefundAsked) -> RefundSnapshot:
        """Give back at once. Raises ProviderRefused for more than is left."""
        payment_id = asked.handle.payment_id
        record = await self._work.fetchrow(_FETCH + " for update", self._store_id, payment_id)
        if record is None:
            raise ProviderRefused("The sandbox does not know this payment.", code="not_found")
        for refund in row_of(SandboxRow, record).refunds:
            if refund.key == asked.idempotency_key:
                return _refund(refund)
        made = SandboxRefund(f"sbxre_{secrets.token_hex(8)}", asked.idempotency_key, asked.amount)
        if (
            await self._work.fetchrow(_REFUND, self._store_id, payment_id, asked.amount, [made], self._now())
            is None
        ):
            raise ProviderRefused("More than what is left of an approved payment.", code="amount_too_large")
        return _refund(made)

    async def receive(self, inbound: Inbound) -> Notification:
        """The page's form is the sandbox's notification: whoever has the page's token may decide.

        `query` holds `payment` and `token`; the body is a form or JSON with an `outcome`. Deciding again
        what is decided already changes nothing and is the same notification.
        """
        payment_id = ids.try_decode(Kind.PAYMENT, inbound.query.get("payment", ""))
        status = OUTCOMES.get(_outcome(inbound) or "")
        if payment_id is None or status is None:
            raise NotificationRefused("The outcome is approved, rejected or pending.")
        token = inbound.query.get("token", "")
        record = await self._work.fetchrow(_DECIDE, self._store_id, payment_id, token, status, self._now())
        row = optional_row(SandboxRow, record) or await self._opened(payment_id, token)
        handle = Handle(payment_id=row.id, session=None, provider_payment_id=_provider_id(row.id))
        return Notification(
            event_id=f"sbxevt_{row.id.hex}_{row.version}",
            event_type=f"payment.{row.status}",
            handle=handle,
        )

    async def page(self, payment_id: UUID, token: str) -> Page:
        """What the page shows. Raises NotificationRefused when the token is not this payment's."""
        row = await self._opened(payment_id, token)
        return Page(
            payment_id=payment_id,
            status="refunded" if row.amount_refunded else row.status,
            amount=row.amount,
            currency=row.currency,
            description=row.description,
            return_url=row.return_url,
        )

    async def subscribe(self, url: str) -> None:
        """Its notification is the form of its own page."""

    async def unsubscribe(self, url: str) -> None:
        """Nothing was subscribed."""

    async def renew(self) -> None:
        """Nothing here ends."""

    async def search(self, *, since: datetime, until: datetime, cursor: str | None) -> SearchPage:
        """What changed in a time, oldest first."""
        at, last = msgspec.json.decode(cursor, type=tuple[datetime, UUID]) if cursor else (since, UUID(int=0))
        records = await self._work.fetch(_SEARCH, self._store_id, since, until, at, last, _SEARCH_PAGE)
        rows = rows_of(SandboxRow, records)
        more = len(rows) == _SEARCH_PAGE
        return SearchPage(
            items=tuple(map(_snapshot, rows)),
            next_cursor=msgspec.json.encode((rows[-1].updated_at, rows[-1].id)).decode() if more else None,
        )

    async def _opened(self, payment_id: UUID, token: str) -> SandboxRow:
        record = await self._work.fetchrow(_FETCH, self._store_id, payment_id)
        row = optional_row(SandboxRow, record)
        if row is None or not secrets.compare_digest(row.token.encode(), token.encode()):
            raise NotificationRefused("There is no such payment page.")
        return row

    def _now(self) -> datetime:
        return clock.now(self._work.scope)


def _first_status(attempt: NewAttempt) -> str:
    token = msgspec.convert(attempt.options, SandboxOptions).sandbox_token
    if token is not None:
        return OUTCOMES.get(token, "created")
    return _BY_DIGITS.get(attempt.amount % 100, "created")


def _provider_id(payment_id: UUID) -> str:
    return f"sbx_{payment_id.hex}"


def _snapshot(row: SandboxRow) -> Snapshot:
    refunded = row.amount_refunded
    status = _STATUS[row.status]
    if refunded:
        status = PaymentStatus.REFUNDED if refunded == row.amount else PaymentStatus.PARTIALLY_REFUNDED
    return Snapshot(
        provider_payment_id=_provider_id(row.id),
        reference=ids.encode(Kind.PAYMENT, row.id),
        status=status,
        provider_status=row.status,
        amount=row.amount,
        currency=row.currency,
        amount_refunded=refunded,
        in_progress=row.status == "in_review",
        live_mode=False,
        failure_code="rejected_by_sandbox" if status is PaymentStatus.FAILED else None,
        updated_at=row.updated_at,
        refunds=tuple(map(_refund, row.refunds)),
    )


def _refund(refund: SandboxRefund) -> RefundSnapshot:
    return RefundSnapshot(refund.id, refund.amount, RefundStatus.SUCCEEDED)


def _outcome(inbound: Inbound) -> str | None:
    try:
        if inbound.headers.get("content-type", "").partition(";")[0].strip() == "application/json":
            body = msgspec.json.decode(inbound.body)
            value = body.get("outcome") if isinstance(body, dict) else None
            return value if isinstance(value, str) else None
        return parse_qs(inbound.body.decode(), max_num_fields=20).get("outcome", [None])[0]
    except (msgspec.DecodeError, ValueError):
        return None
