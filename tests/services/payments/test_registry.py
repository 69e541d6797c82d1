"""What the providers declare of themselves, and what is taken from there."""

from collections import Counter

import pytest

from baas.assembly import open_runtime
from baas.cli.payments import PROVIDERS
from baas.core.runtime import Runtime
from baas.core.settings import Settings
from baas.services.payments.providers import Providers, providers_of
from baas.services.payments.schemas import ProviderOptions
from baas.simulators.serve import KINDS
from tests.clients import Shop


@pytest.fixture
def providers(settings: Settings) -> Providers:
    """The providers of a process."""
    runtime: Runtime = open_runtime(settings)
    return providers_of(runtime)


def test_every_option_of_a_request_is_understood_by_one_provider(providers: Providers) -> None:
    declared = Counter(name for kind in providers.all() for name in kind.options.__struct_fields__)
    assert declared == dict.fromkeys(ProviderOptions.__struct_fields__, 1)


def test_every_provider_over_the_network_has_a_simulator_and_the_command_line_knows_it(
    providers: Providers,
) -> None:
    remote = {kind.name for kind in providers.all() if not kind.in_process}
    assert remote == set(KINDS) == set(PROVIDERS)
    assert all(kind.url is not None for kind in providers.all() if not kind.in_process)


@pytest.mark.parametrize(
    "option, value, owner",
    [("sandbox_token", "approved", "sandbox"), ("stripe_mode", "elements", "stripe")],
)
async def test_an_option_of_another_provider_is_refused_and_its_owner_named(
    shop: Shop, option: str, value: str, owner: str
) -> None:
    provider = "stripe" if owner == "sandbox" else "sandbox"
    body = {"provider": provider, "amount": 1_000, option: value}
    answer = await shop.admin("POST", "/admin/payments", json=body, expect=422)
    assert f"only {owner} understands it" in answer.text
