"""What a payment provider has to be able to say. One file for each speaks its protocol; this is the language.

A `ProviderKind` is what is known of a provider without an account; `connect` makes the `PaymentProvider`
that speaks with one store's account. Its answers are `Snapshot`s: the payment *as it is now*, in our words.
What a payment is, when it moves and who hears of it is decided above (`payments.service`).

Amounts are in our minor units on this side; each provider converts to and from its own.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec

from baas.core.db import StoreWork
from baas.core.scope import Mode
from baas.services.payments.schemas import NextAction, PaymentStatus, RefundStatus


class ProviderUnavailable(Exception):
    """No answer, or one that says "later": whether it was done is unknown, the same key may be sent again."""


class ProviderRefused(Exception):
    """The provider understood and said no. The text is its own, cut, without secrets."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class NotificationRefused(Exception):
    """A notification that is not proven to come from the provider. It moves nothing."""


class Account(msgspec.Struct, frozen=True):
    """A store's account with a provider, decrypted for the moment of its use."""

    credentials: dict[str, str]
    webhook_secret: str | None
    is_test: bool

    def __repr__(self) -> str:
        return "Account(***)"


class AccountCheck(msgspec.Struct, frozen=True):
    """What the provider says about credentials. `is_test` is None when it cannot be told apart."""

    account_id: str
    is_test: bool | None


class Handle(msgspec.Struct, frozen=True):
    """How to find an attempt of ours at the provider."""

    payment_id: UUID | None
    """Ours; sent as the provider's external reference. None when a notification names only theirs."""
    session: str | None
    """What `create` answered: a preference, a checkout session, a payment intent."""
    provider_payment_id: str | None
    chargeback_id: str | None = None
    """A charge-back that the provider names instead of its payments."""


class NewAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider is asked to collect. The same attempt, sent again, has the same key."""

    payment_id: UUID
    idempotency_key: str
    amount: int
    currency: str
    description: str | None
    payer_email: str | None
    return_url: str | None
    notification_url: str | None
    locale: str
    options: dict[str, Any] = {}
    """What only this provider understands, by name; the fields of its kind's `options`."""


class RefundAsked(msgspec.Struct, frozen=True, kw_only=True):
    """A refund that a provider is asked for; sent again it has the same key."""

    handle: Handle
    refund_id: UUID
    idempotency_key: str
    amount: int
    currency: str
    reason: str | None


class RefundSnapshot(msgspec.Struct, frozen=True):
    """A refund as the provider has it now."""

    provider_refund_id: str
    amount: int
    status: RefundStatus
    failure_code: str | None = None
    reference: str | None = None
    """The public id of our refund, where the provider keeps one for us."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One payment as the provider has it now."""

    provider_payment_id: str
    reference: str | None
    """The external reference that we gave; ours when it is the id of one of our payments."""
    status: PaymentStatus | None
    """None for a word that we do not know: the payment stays where it is, and a person looks."""
    provider_status: str
    """The provider's own word, with its detail."""
    amount: int
    currency: str
    amount_refunded: int = 0
    in_progress: bool = False
    """Pending, and the payer has done their part: it may still succeed without them."""
    live_mode: bool | None = None
    """Whether real money moved; None when the provider does not say."""
    failure_code: str | None = None
    updated_at: datetime | None = None
    """When the provider last changed it: an answer older than one we know is ignored."""
    refunds: tuple[RefundSnapshot, ...] = ()


class Opened(msgspec.Struct, frozen=True):
    """What `create` brought: where the payer goes, and the payment if there is one already."""

    session: str | None
    next_action: NextAction | None
    snapshot: Snapshot | None = None


class Inbound(msgspec.Struct, frozen=True):
    """A request that claims to come from a provider, as it arrived."""

    headers: Mapping[str, str]
    """Lower-case names."""
    query: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return "Inbound(***)"


class Notification(msgspec.Struct, frozen=True):
    """What a proven notification says: which of the provider's events it is, and what to ask about.

    Nothing else in it is believed; the inbox is unique by `event_id`.
    """

    event_id: str
    event_type: str
    handle: Handle | None
    """None when it is about nothing that we follow."""
    alarm: str | None = None
    """What a person has to know of it, when nothing else would tell."""


class Addressed(msgspec.Struct, frozen=True):
    """Whom a proven notification at the deployment's own address is for."""

    account_id: str
    """The account at the provider that it is about; empty when it says none."""
    is_test: bool
    secret: str
    """What proves it."""

    def __repr__(self) -> str:
        return f"Addressed({self.account_id!r}, ***)"


class SearchPage(msgspec.Struct, frozen=True):
    """A part of the provider's own list, for reconciliation."""

    items: tuple[Snapshot, ...]
    next_cursor: str | None


class PaymentProvider(Protocol):
    """One store's account with a provider.

    Every method may raise ProviderUnavailable and ProviderRefused. A provider that is not `in_process`
    is never called while a transaction is open.
    """

    async def check(self) -> AccountCheck:
        """Ask the provider who these credentials are."""
        ...

    async def create(self, attempt: NewAttempt) -> Opened:
        """Open an attempt. The same `idempotency_key` opens nothing twice and answers the same; one that is `in_process`
        is asked once, in the transaction that makes the payment, and may refuse to be asked again."""
        ...

    async def fetch(self, handle: Handle) -> Sequence[Snapshot]:
        """Every payment that exists for our attempt now: none yet, one, or several (rejected, then approved)."""
        ...

    async def refund(self, asked: RefundAsked) -> RefundSnapshot:
        """Give money back. The same `idempotency_key` gives back once."""
        ...

    async def receive(self, inbound: Inbound) -> Notification:
        """Verify a notification. Raises NotificationRefused."""
        ...

    async def subscribe(self, url: str) -> str | None:
        """Have the provider notify this address; answers the secret it signs with, None when only a person can."""
        ...

    async def unsubscribe(self, url: str) -> None:
        """Have the provider notify this address no more, if it was told to."""
        ...

    async def renew(self) -> Mapping[str, str] | None:
        """Credentials to keep instead of these, when there is a code to redeem or a token about to end."""
        ...

    async def search(self, *, since: datetime, until: datetime, cursor: str | None) -> SearchPage:
        """What the provider knows to have happened in a time, oldest first."""
        ...


class ProviderKind(Protocol):
    """What is known of a provider without an account."""

    @property
    def name(self) -> str:
        """The word in `payments.provider` and in addresses."""
        ...

    @property
    def in_process(self) -> bool:
        """Whether it lives in our own database, so that asking it is part of the transaction."""
        ...

    @property
    def modes(self) -> frozenset[Mode]:
        """The stores that may use it."""
        ...

    @property
    def credentials(self) -> frozenset[str]:
        """The names of what an account consists of; empty when it needs none."""
        ...

    @property
    def optional_credentials(self) -> frozenset[str]:
        """The names of what an account may have besides."""
        ...

    @property
    def options(self) -> type[msgspec.Struct]:
        """What it understands of an attempt beside what every provider does; all of it optional."""
        ...

    @property
    def url(self) -> str | None:
        """Where it is asked: its own host, or a simulator in development. None for one that is `in_process`."""
        ...

    @property
    def panel(self) -> str | None:
        """Where a person finds the secret of its notifications; None when it gives one to whoever subscribes."""
        ...

    @property
    def platform_secrets(self) -> tuple[str, ...]:
        """What proves notifications at the deployment's one address; empty when there is no such address."""
        ...

    def is_of_platform(self, credentials: Collection[str]) -> bool:
        """Whether an account with credentials of these names is notified of at the deployment's one address."""
        ...

    def missing(self, names: Collection[str]) -> frozenset[str]:
        """What credentials of these names lack."""
        ...

    def objection(self, attempt: NewAttempt) -> tuple[str, str] | None:
        """Why this attempt could never be opened: the field and the reason; None when it could."""
        ...

    def addressed(self, inbound: Inbound) -> Addressed | None:
        """Whom a notification is for that came to the deployment's one address; None when there is no such address.

        Raises NotificationRefused when it is not proven.
        """
        ...

    def connect(self, work: StoreWork | None, account: Account | None) -> PaymentProvider:
        """The provider as this account sees it. Only one that is `in_process` is given the transaction."""
        ...
