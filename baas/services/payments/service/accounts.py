"""The stores' accounts with providers: credentials go in, are encrypted, and never come out again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
import structlog

from baas.core.crypto import KeyRing
from baas.core.db import Database, StoreWork
from baas.core.errors import NotFound, ValidationFailed
from baas.core.scope import Mode, StoreScope
from baas.core.values import clock
from baas.services.payments import repository
from baas.services.payments.errors import PaymentProviderError
from baas.services.payments.providers import Providers
from baas.services.payments.providers.base import Account, ProviderKind, ProviderRefused, ProviderUnavailable
from baas.services.payments.providers.base import PaymentProvider as AskedProvider
from baas.services.payments.providers.stripe import Stripe
from baas.services.payments.rows import ListedAccountRow
from baas.services.payments.schemas import PaymentProvider, PutPaymentProvider
from baas.services.payments.service.settling import usable
from baas.tenants import audit

log = structlog.get_logger(__name__)

FIRST_RECONCILIATION: Final = timedelta(minutes=5)


async def listed(work: StoreWork, providers: Providers) -> list[PaymentProvider]:
    """Every provider that this store could use, and how it stands with it."""
    rows = {row.provider: row for row in await repository.accounts.listed(work)}
    return [_shape(kind, rows.get(kind.name)) for kind in providers.all() if work.scope.mode in kind.modes]


async def get(work: StoreWork, providers: Providers, name: str) -> PaymentProvider:
    """One of them. Raises NotFound for a provider that this deployment does not have."""
    kind = _known(providers, name)
    rows = {row.provider: row for row in await repository.accounts.listed(work)}
    return _shape(kind, rows.get(name), mode=work.scope.mode)


class Proven(msgspec.Struct, frozen=True):
    """Credentials as the provider has confirmed them, and what it told."""

    credentials: dict[str, str]
    account_id: str
    is_test: bool | None
    webhook_secret: str | None
    """Of an endpoint that was made on the way."""
    is_other: bool
    """It is another account than the one before: what that one's endpoint signs with proves nothing of this one."""

    def __repr__(self) -> str:
        return "Proven(***)"


async def prove(
    database: Database,
    scope: StoreScope,
    providers: Providers,
    ring: KeyRing,
    name: str,
    data: PutPaymentProvider,
    *,
    notify: str | None,
) -> Proven | None:
    """Ask the provider whose credentials these are, outside of any transaction; None when there is nothing to ask.

    `notify` is the address to have it notify when nobody gave a secret. Raises ValidationFailed when the
    provider does not know the credentials, or when they are live ones of a test store or the other way
    round, and PaymentProviderError when it does not answer.
    """
    kind = _known(providers, name)
    async with database.fast(scope) as work:
        usable(work, providers, name)
        before = await opened(work, ring, name, even_disabled=True)
        row = await repository.accounts.get(work, name)
    if kind.in_process or data.credentials is None:
        return None
    given = dict(data.credentials)
    check_names(kind, given)
    secret = data.webhook_secret or (before.webhook_secret if before is not None else None)
    is_test = scope.mode is Mode.TEST
    try:
        provider = kind.connect(None, Account(given, secret, is_test))
        renewed = await provider.renew()
        if renewed is not None:
            given = dict(renewed)
            provider = kind.connect(None, Account(given, secret, is_test))
        found = await provider.check()
        if found.is_test is not None and found.is_test != is_test:
            raise ValidationFailed.field(
                "credentials",
                f"are for {'test' if found.is_test else 'live'} money, and this is a {scope.mode.value} store",
            )
        is_other = row is not None and row.account_id not in {None, found.account_id}
        wants = notify is not None and (secret is None or (is_other and data.webhook_secret is None))
        made = await _subscribed(provider, notify) if wants and notify is not None else None
    except ProviderRefused as refusal:
        raise ValidationFailed.field("credentials", f"{name} does not take them: {refusal}") from refusal
    except ProviderUnavailable as problem:
        raise PaymentProviderError(provider=name, provider_message=str(problem)) from problem
    return Proven(given, found.account_id, found.is_test, made, is_other)


async def _subscribed(provider: AskedProvider, address: str) -> str | None:
    """The secret of an endpoint made on the way; None where the provider takes no address like ours (no TLS)."""
    try:
        return await provider.subscribe(address)
    except ProviderRefused as refusal:
        log.warning("payment.endpoint_refused", reason=str(refusal))
        return None


def check_names(kind: ProviderKind, given: Mapping[str, str]) -> None:
    """Raise ValidationFailed unless credentials have the names that the provider wants."""
    unknown = set(given) - kind.credentials - kind.optional_credentials
    if kind.missing(given) or unknown:
        wanted = f"{kind.name} takes exactly: {', '.join(sorted(kind.credentials)) or 'none'}"
        if kind.optional_credentials:
            wanted += f"; and, if wanted: {', '.join(sorted(kind.optional_credentials))}"
        raise ValidationFailed.field("credentials", wanted)


async def put(
    work: StoreWork,
    providers: Providers,
    ring: KeyRing,
    name: str,
    data: PutPaymentProvider,
    proven: Proven | None = None,
) -> PaymentProvider:
    """Make or change the account. Raises ValidationFailed when the credentials are not the provider's."""
    _known(providers, name)
    kind = usable(work, providers, name)
    before = await get(work, providers, name)
    given = data.credentials if proven is None else proven.credentials
    is_first = bool(kind.credentials) and not before.configured
    if proven is None and (given is not None or is_first):
        check_names(kind, given or {})
    secret = data.webhook_secret or (proven.webhook_secret if proven is not None else None)
    await repository.accounts.put(
        work,
        provider=name,
        credentials=ring.encrypt(msgspec.json.encode(given), context=_context(work, name, "credentials"))
        if given
        else None,
        webhook_secret=ring.encrypt(secret.encode(), context=_context(work, name, "webhook_secret"))
        if secret
        else None,
        is_test=work.scope.mode is Mode.TEST,
        enabled=data.enabled,
        now=clock.now(work.scope),
        account_id=proven.account_id if proven is not None else None,
        forget_secret=proven is not None and proven.is_other,
        reconcile_in=None if kind.in_process else FIRST_RECONCILIATION,
    )
    after = await get(work, providers, name)
    await audit.record(
        work,
        "payment_provider.configured",
        subject=name,
        old={"enabled": before.enabled, "configured": before.configured},
        new={"enabled": after.enabled, "configured": after.configured},
    )
    return after


async def renewed(
    work: StoreWork, ring: KeyRing, name: str, credentials: Mapping[str, str], *, of: datetime
) -> None:
    """Keep credentials that took the place of those `of` then, unless the shop gave others meanwhile."""
    row = await repository.accounts.get(work, name)
    if row is not None and row.updated_at == of:
        await repository.accounts.put(
            work,
            provider=name,
            credentials=ring.encrypt(
                msgspec.json.encode(dict(credentials)), context=_context(work, name, "credentials")
            ),
            webhook_secret=None,
            is_test=row.is_test,
            enabled=row.enabled,
            now=clock.now(work.scope),
        )
        await audit.record(work, "payment_provider.renewed", subject=name)


async def delete(work: StoreWork, providers: Providers, name: str) -> PaymentProvider:
    """Forget the account. Payments made with it stay; the sandbox falls back to being enabled."""
    _known(providers, name)
    if not await repository.accounts.delete(work, name):
        raise NotFound(provider=name)
    await audit.record(work, "payment_provider.deleted", subject=name)
    return await get(work, providers, name)


async def platform_endpoint(providers: Providers, secret_key: str, address: str) -> str:
    """Make the one endpoint of a Stripe Connect platform; answers the secret that it signs with.

    Raises ValidationFailed when Stripe does not take the key or the address, and PaymentProviderError when it does not
    answer.
    """
    kind = _known(providers, Stripe.name)
    assert isinstance(kind, Stripe)
    provider = kind.connect(None, Account({"secret_key": secret_key}, None, is_test=False))
    try:
        await provider.check()
        return await provider.subscribe_platform(address)
    except ProviderRefused as refusal:
        raise ValidationFailed.field("credentials", f"Stripe refused: {refusal}") from refusal
    except ProviderUnavailable as problem:
        raise PaymentProviderError(provider=kind.name, provider_message=str(problem)) from problem


async def unsubscribe(providers: Providers, name: str, account: Account, address: str) -> None:
    """Have the provider notify this address no more. It may be away, or not know the account any more: then it goes on."""
    kind = providers.get(name)
    if kind is None or kind.in_process or kind.missing(account.credentials):
        return
    try:
        await kind.connect(None, account).unsubscribe(address)
    except (ProviderRefused, ProviderUnavailable) as problem:
        log.warning("payment.endpoint_not_deleted", provider=name, reason=str(problem))


async def opened(work: StoreWork, ring: KeyRing, name: str, *, even_disabled: bool = False) -> Account | None:
    """The account with its secrets, for the moment of its use; None when it is missing or disabled."""
    row = await repository.accounts.get(work, name)
    if row is None or not (row.enabled or even_disabled):
        return None
    credentials, secret = row.credentials, row.webhook_secret
    return Account(
        credentials=msgspec.json.decode(
            ring.decrypt(credentials, context=_context(work, name, "credentials"))
        )
        if credentials is not None
        else {},
        webhook_secret=ring.decrypt(secret, context=_context(work, name, "webhook_secret")).decode()
        if secret is not None
        else None,
        is_test=row.is_test,
    )


async def renew_secrets(work: StoreWork, ring: KeyRing) -> int:
    """Encrypt with the present key what another one encrypted; answers how many secrets that were."""
    count = 0
    for row in await repository.accounts.lock_secrets(work):
        held = {"credentials": row.credentials, "webhook_secret": row.webhook_secret}
        fresh = ring.renew(
            {name: (token, _context(work, row.provider, name)) for name, token in held.items()}
        )
        if fresh:
            await repository.accounts.replace_secrets(work, row.provider, **held | fresh)
            count += len(fresh)
    return count


def _known(providers: Providers, name: str) -> ProviderKind:
    kind = providers.get(name)
    if kind is None:
        raise NotFound(provider=name[:40])
    return kind


def _context(work: StoreWork, name: str, column: str) -> bytes:
    return work.scope.key("payment_provider", name, column).encode()


def _shape(kind: ProviderKind, row: ListedAccountRow | None, *, mode: Mode | None = None) -> PaymentProvider:
    free = not kind.credentials and (mode is None or mode in kind.modes)
    return PaymentProvider(
        provider=kind.name,
        configured=row is not None or free,
        enabled=row.enabled if row is not None else free,
        is_test=row.is_test if row is not None else (True if free else None),
        needs_credentials=sorted(kind.credentials),
        takes_credentials=sorted(kind.optional_credentials),
        has_webhook_secret=row.has_webhook_secret if row is not None else False,
        updated_at=row.updated_at if row is not None else None,
    )
