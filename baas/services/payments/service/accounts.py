"""The stores' accounts with providers: credentials go in, are encrypted, and never come out again."""

from typing import Any

import msgspec

from baas.core import clock
from baas.core.crypto import KeyRing
from baas.core.db import StoreWork
from baas.core.errors import NotFound, ValidationFailed
from baas.core.scope import Mode
from baas.services.payments import repository
from baas.services.payments.providers import Providers
from baas.services.payments.providers.base import Account, ProviderKind
from baas.services.payments.schemas import PaymentProvider, PutPaymentProvider
from baas.services.payments.service.settling import usable
from baas.tenants import audit


async def listed(work: StoreWork, providers: Providers) -> list[PaymentProvider]:
    """Every provider that this store could use, and how it stands with it."""
    rows = {row["provider"]: row for row in await repository.accounts(work)}
    return [_shape(kind, rows.get(kind.name)) for kind in providers.all() if work.scope.mode in kind.modes]


async def get(work: StoreWork, providers: Providers, name: str) -> PaymentProvider:
    """One of them. Raises NotFound for a provider that this deployment does not have."""
    kind = _known(providers, name)
    rows = {row["provider"]: row for row in await repository.accounts(work)}
    return _shape(kind, rows.get(name), mode=work.scope.mode)


async def put(
    work: StoreWork, providers: Providers, ring: KeyRing, name: str, data: PutPaymentProvider
) -> PaymentProvider:
    """Make or change the account. Raises ValidationFailed when the credentials are not the provider's."""
    _known(providers, name)
    kind = usable(work, providers, name)
    before = await get(work, providers, name)
    given = data.credentials
    if given is not None or (kind.credentials and not before.configured):
        wrong = sorted(set(given or {}) ^ kind.credentials)
        if wrong:
            raise ValidationFailed.field(
                "credentials", f"{name} takes exactly: {', '.join(sorted(kind.credentials)) or 'none'}"
            )
    await repository.put_account(
        work,
        provider=name,
        credentials=ring.encrypt(msgspec.json.encode(given), context=_context(work, name, "credentials"))
        if given
        else None,
        webhook_secret=ring.encrypt(
            data.webhook_secret.encode(), context=_context(work, name, "webhook_secret")
        )
        if data.webhook_secret
        else None,
        is_test=work.scope.mode is Mode.TEST,
        enabled=data.enabled,
        now=clock.now(work.scope),
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


async def delete(work: StoreWork, providers: Providers, name: str) -> PaymentProvider:
    """Forget the account. Payments made with it stay; the sandbox falls back to being enabled."""
    _known(providers, name)
    if not await repository.delete_account(work, name):
        raise NotFound(provider=name)
    await audit.record(work, "payment_provider.deleted", subject=name)
    return await get(work, providers, name)


async def opened(work: StoreWork, ring: KeyRing, name: str) -> Account | None:
    """The account with its secrets, for the moment of its use; None when it is missing or disabled."""
    row = await repository.account(work, name)
    if row is None or not row["enabled"]:
        return None
    credentials, secret = row["credentials"], row["webhook_secret"]
    return Account(
        credentials=msgspec.json.decode(
            ring.decrypt(credentials, context=_context(work, name, "credentials"))
        )
        if credentials is not None
        else {},
        webhook_secret=ring.decrypt(secret, context=_context(work, name, "webhook_secret")).decode()
        if secret is not None
        else None,
        is_test=row["is_test"],
    )


def _known(providers: Providers, name: str) -> ProviderKind:
    kind = providers.get(name)
    if kind is None:
        raise NotFound(provider=name[:40])
    return kind


def _context(work: StoreWork, name: str, column: str) -> bytes:
    return work.scope.key("payment_provider", name, column).encode()


def _shape(kind: ProviderKind, row: Any | None, *, mode: Mode | None = None) -> PaymentProvider:
    free = not kind.credentials and (mode is None or mode in kind.modes)
    return PaymentProvider(
        provider=kind.name,
        configured=row is not None or free,
        enabled=row["enabled"] if row is not None else free,
        is_test=row["is_test"] if row is not None else (True if free else None),
        needs_credentials=sorted(kind.credentials),
        has_webhook_secret=row["has_webhook_secret"] if row is not None else False,
        updated_at=row["updated_at"] if row is not None else None,
    )
