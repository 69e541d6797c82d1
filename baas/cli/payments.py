"""`baas payments`: give a store its account at a provider, play the provider, and compare the books."""

import asyncio
import random
import time
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import aiohttp
import click

from baas.cli import devstate
from baas.cli.common import REFUSED, USAGE, environment, fail, json_option, opened, run, show
from baas.cli.duration import seconds
from baas.cli.places import store_scope
from baas.core.runtime import Runtime
from baas.core.scope import Mode, StoreScope
from baas.core.serving.decoding import to_struct
from baas.core.serving.paging import Page
from baas.core.settings import Environment
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.services.payments import service
from baas.services.payments.providers import providers_of
from baas.services.payments.providers.base import ProviderKind
from baas.services.payments.schemas import CreatePayment, Payment, PaymentStatus, PutPaymentProvider
from baas.services.payments.service import accounts, network, reconciling
from baas.simulators.serve import KINDS as SIMULATORS

PROVIDERS: Final = tuple(sorted(SIMULATORS))
ACTIONS: Final = {
    "payment.approved": "approved",
    "payment.rejected": "rejected",
    "payment.pending": "pending",
    "payment.cancelled": "cancelled",
    "payment.refunded": "refunded",
    "payment.partially_refunded": "partially_refunded",
    "payment.charged_back": "charged_back",
    "payment.chargeback_won": "chargeback_won",
    "payment.chargeback_lost": "chargeback_lost",
    "payment.refund_failed": "refund_failed",
    "payment.expired": "expired",
    **{event: action for kind in SIMULATORS.values() for event, action in kind.events.items()},
}
"""What `trigger` takes, in the house's words and in the providers' own."""
_FITTING: Final[dict[str, tuple[PaymentStatus, ...]]] = {
    **dict.fromkeys(("approved", "rejected", "pending", "cancelled", "expired"), (PaymentStatus.PENDING,)),
    "partially_refunded": (PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED),
    "refund_failed": (PaymentStatus.REFUNDED, PaymentStatus.PARTIALLY_REFUNDED),
    "chargeback_won": (PaymentStatus.DISPUTED,),
    "chargeback_lost": (PaymentStatus.DISPUTED,),
}
"""The payments that something happens to, the likeliest first; to everything else those that were paid."""


@click.group("payments", short_help="Configure, trigger and reconcile payments.")
def payments() -> None:
    """The accounts of a store at its payment providers."""


@payments.command(
    "configure",
    epilog="Example: baas payments configure casa-mate stripe --set secret_key=sk_test_… · in `baas dev`: "
    "baas payments configure demo mercadopago --simulator",
)
@click.argument("reference", metavar="STORE")
@click.argument("provider", type=click.Choice(PROVIDERS))
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="NAME=VALUE",
    help="A credential; repeatable. Asked for when absent.",
)
@click.option("--webhook-secret", help="What the provider signs its notifications with.")
@click.option("--simulator", is_flag=True, help="Use an account of the simulator of `baas dev`.")
@json_option
def configure(
    reference: str,
    provider: str,
    pairs: tuple[str, ...],
    webhook_secret: str | None,
    simulator: bool,
    as_json: bool,
) -> None:
    """Store credentials, encrypted, after asking the provider whether it knows them. They are never shown again."""
    given = dict(_pair(text) for text in pairs)

    async def work() -> Any:
        async with opened() as (runtime, table):
            scope = await store_scope(runtime, table, _named(reference))
            credentials, secret = given, webhook_secret
            if simulator:
                credentials, secret = _simulated(runtime, scope, provider)
            elif not credentials:
                kind = _kind(runtime, provider)
                names = sorted(kind.credentials)
                credentials = {name: click.prompt(name, hide_input=True, err=True) for name in names}
                if secret is None and kind.panel is not None:
                    question = f"webhook secret, from {kind.panel} (empty: none yet)"
                    secret = click.prompt(question, default="", hide_input=True, show_default=False, err=True)
            if not as_json:
                desk = network.desk_of(runtime)
                url = network.notification_url(desk, scope, provider)
                if _kind(runtime, provider).is_of_platform(credentials):
                    url = network.platform_url(desk, provider)
                click.echo(f"Notifications of {provider} go to {url}", err=True)
            return await _configure(runtime, scope, provider, credentials, secret)

    show(run(work), as_json=as_json)


@payments.command(
    "platform-endpoint",
    epilog="Example: baas payments platform-endpoint --set secret_key=sk_live_… · and then "
    "BAAS_STRIPE_PLATFORM_SECRETS=whsec_…",
)
@click.option("--set", "pair", metavar="secret_key=VALUE", help="The platform's key. Asked for when absent.")
@json_option
def platform_endpoint(pair: str | None, as_json: bool) -> None:
    """Make the one endpoint of your Stripe Connect platform, for all connected accounts. Its secret is shown once."""
    name, key = _pair(pair) if pair is not None else ("secret_key", "")
    if name != "secret_key":
        fail(USAGE, "credential", "The platform's key is given as secret_key=VALUE.")

    async def work() -> dict[str, str]:
        async with opened() as (runtime, _):
            desk = network.desk_of(runtime)
            url = network.platform_url(desk, "stripe")
            given = key or click.prompt("secret_key", hide_input=True, err=True)
            return {"url": url, "secret": await accounts.platform_endpoint(desk.providers, given, url)}

    made = run(work)
    if as_json:
        show(made, as_json=True)
        return
    click.echo(f"Stripe notifies {made['url']} now. Give this to the API, and restart it:", err=True)
    click.echo(f"BAAS_STRIPE_PLATFORM_SECRETS={made['secret']}")


def _pair(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not value:
        fail(USAGE, "credential", "A credential is given as NAME=VALUE.")
    return name, value


async def _configure(
    runtime: Runtime, scope: StoreScope, provider: str, credentials: dict[str, str], secret: str | None
) -> Any:
    body = {"credentials": credentials} | ({"webhook_secret": secret} if secret else {})
    data = to_struct(body, PutPaymentProvider)
    desk, ring = network.desk_of(runtime), runtime.keyring
    proven = await accounts.prove(
        desk.database, scope, desk.providers, ring, provider, data,
        notify=network.notification_url(desk, scope, provider),
    )  # fmt: skip
    async with runtime.database.fast(scope) as work:
        return await accounts.put(work, desk.providers, ring, provider, data, proven)


def _simulated(runtime: Runtime, scope: StoreScope, provider: str) -> tuple[dict[str, str], str | None]:
    """An account of this store at the simulator, and the secret of its notifications where it has one already."""
    _address(runtime, scope, provider)
    return SIMULATORS[provider].account(scope.store_id.hex)


def _kind(runtime: Runtime, provider: str) -> ProviderKind:
    kind = providers_of(runtime).get(provider)
    assert kind is not None, "the command line offers no other"
    return kind


def _address(runtime: Runtime, scope: StoreScope, provider: str) -> str:
    """Where the simulator is; exits when the provider is the real one, or the store sells for real money."""
    url = _kind(runtime, provider).url
    development = runtime.settings.environment is Environment.DEVELOPMENT
    if not development or url is None or not url.startswith("http://"):
        fail(REFUSED, "no_simulator", "There is no simulator in this deployment; `baas dev` runs one.")
    if scope.mode is not Mode.TEST:
        fail(REFUSED, "live_store", "Only a test store can use a simulator.")
    return url


@payments.command(
    "trigger", epilog="Example: baas payments trigger mercadopago payment.approved --twice --store casa-mate"
)
@click.argument("provider", type=click.Choice(PROVIDERS))
@click.argument("event", type=click.Choice(list(ACTIONS)))
@click.option(
    "--store", "reference", help="A test store's id or slug; the demo store of `baas dev` unless given."
)
@click.option("--payment", "payment_id", help="pay_…; the latest that fits unless given, or a new one.")
@click.option(
    "--amount",
    type=click.IntRange(1),
    help="In the provider's units: of a partial refund, or a wrong amount.",
)
@click.option("--twice", is_flag=True, help="Send every notification twice.")
@click.option("--shuffle", is_flag=True, help="Send them in another order.")
@click.option("--late", help="As if it had happened so long ago: 40m, 2h.")
@click.option("--wrong-signature", is_flag=True, help="Sign with a secret of nobody.")
@click.option("--never", is_flag=True, help="It happens, and nobody is told.")
@json_option
def trigger(
    provider: str,
    event: str,
    reference: str | None,
    payment_id: str | None,
    amount: int | None,
    twice: bool,
    shuffle: bool,
    late: str | None,
    wrong_signature: bool,
    never: bool,
    as_json: bool,
) -> None:
    """Let something happen at the simulated provider, and send its signed notifications in the way you like."""

    async def work() -> Any:
        age = 0 if late is None else seconds(late)
        async with opened() as (runtime, table):
            scope = await store_scope(runtime, table, _named(reference or "demo"))
            url = _address(runtime, scope, provider)
            payment = await _payment(runtime, scope, provider, ACTIONS[event], payment_id)
            async with aiohttp.ClientSession(trust_env=False) as http:
                body = {"reference": payment.id, "action": ACTIONS[event], "notify": False}
                if amount is not None:
                    body["amount"] = amount
                async with http.post(f"{url}/_simulator/act", json=body) as answer:
                    if answer.status != 200:
                        fail(REFUSED, "simulator", (await answer.text())[:300])
                    notifications = (await answer.json())["notifications"]
                notifications *= 2 if twice else 1
                if shuffle:
                    random.shuffle(notifications)
                async with runtime.database.fast(scope) as db:
                    account = await accounts.opened(db, runtime.keyring, provider)
                desk = network.desk_of(runtime)
                own = account.webhook_secret if account is not None else None
                platform = _kind(runtime, provider).platform_secrets
                url, secret = network.notification_url(desk, scope, provider), own or ""
                if own is None and platform:
                    # A connected account: what happens there is told at the platform's one endpoint.
                    url, secret = network.platform_url(desk, provider), platform[0]
                sent = []
                for notification in () if never else notifications:
                    key = "a secret of nobody" if wrong_signature else secret
                    status = await _send(http, url, provider, notification, key, age)
                    kind = notification["body"].get("action") or notification["body"].get("type")
                    sent.append({"type": kind, "answer": status})
            return {"payment_id": payment.id, "sent": sent}

    done = run(work)
    if as_json:
        show(done, as_json=True)
        return
    click.echo(done["payment_id"])
    for row in done["sent"]:
        click.echo(f"  {row['type']:<40} {row['answer']}")


def _named(reference: str) -> str:
    """The store that is meant: `demo` is that of a running `baas dev`."""
    if reference != "demo":
        return reference
    state = devstate.find_for(environment())
    if state is None:
        fail(USAGE, "store", "Name the store; only `baas dev` has a demo store.")
    return state.prepared.store_id


async def _payment(
    runtime: Runtime, scope: StoreScope, provider: str, action: str, payment_id: str | None
) -> Payment:
    """The payment that is meant: the one named, the latest that fits, or a new one."""
    desk = network.desk_of(runtime)
    async with runtime.database.fast(scope) as work:
        if payment_id is not None:
            return await service.get(work, ids.decode(Kind.PAYMENT, payment_id))
        for wanted in _FITTING.get(action, (PaymentStatus.PAID,)):
            page = Page(1, None, False, lambda _values: "")
            found = await service.find(work, page, {"provider": provider, "status": wanted})
            if found.items:
                return found.items[0]
        known = await accounts.opened(work, runtime.keyring, provider)
    if known is None:
        await _configure(runtime, scope, provider, *_simulated(runtime, scope, provider))
    async with runtime.database.fast(scope) as work:
        asked = CreatePayment(
            provider=provider, amount=100_000, reference="trigger", return_url="https://shop.example/thanks"
        )
        made = await service.create(work, desk.providers, asked)
    identity: UUID = ids.decode(Kind.PAYMENT, made.id)
    return await network.open_attempt(desk, scope, identity)


async def _send(
    http: aiohttp.ClientSession,
    url: str,
    provider: str,
    notification: dict[str, Any],
    secret: str,
    age: float,
) -> str:
    raw, headers = SIMULATORS[provider].signed(secret, notification, time.time() - age)
    try:
        async with http.post(url + notification["query"], data=raw, headers=headers) as answer:
            return str(answer.status)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return f"{type(error).__name__}: {error}"[:120]


@payments.command("reconcile", epilog="Example: baas payments reconcile casa-mate --since 24h")
@click.argument("reference", metavar="STORE")
@click.option("--since", default="24h", show_default=True, help="How far back: 90m, 24h, 7d.")
@click.option(
    "--provider", type=click.Choice(PROVIDERS), help="Only this one; every configured one unless given."
)
@json_option
def reconcile(reference: str, since: str, provider: str | None, as_json: bool) -> None:
    """Compare a store's payments with its providers' own lists, and repair what a lost notification left behind."""

    async def work() -> list[Any]:
        async with opened() as (runtime, table):
            scope = await store_scope(runtime, table, _named(reference))
            desk = network.desk_of(runtime)
            start = clock.now() - timedelta(seconds=seconds(since))
            async with runtime.database.fast(scope) as db:
                known = [row.provider for row in await accounts.listed(db, desk.providers) if row.configured]
            names = [name for name in PROVIDERS if name in known and provider in {None, name}]
            if not names:
                fail(REFUSED, "payment_provider_unconfigured", "This store has no account to compare with.")
            return await asyncio.gather(
                *(reconciling.reconcile(desk, scope, name, since=start, source="request") for name in names)
            )

    runs = run(work)
    if as_json:
        show(runs, as_json=True)
        return
    for made in runs:
        click.echo(f"{made.provider}: {made.checked} compared, {made.repaired} repaired")
        for finding in made.findings:
            click.echo(
                f"  {finding.kind:<16} {finding.payment_id or finding.provider_payment_id}: {finding.detail}"
            )
