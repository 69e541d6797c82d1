"""The providers that this deployment speaks with: `base` is the language, each other file one protocol."""

from collections.abc import Iterable

from baas.core.runtime import Runtime
from baas.services.payments.providers.base import ProviderKind
from baas.services.payments.providers.mercadopago import MercadoPago
from baas.services.payments.providers.sandbox import Sandbox
from baas.services.payments.providers.stripe import Stripe


class Providers:
    """The kinds of providers by name, with what all of them need of the deployment."""

    def __init__(self, kinds: Iterable[ProviderKind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    def get(self, name: str) -> ProviderKind | None:
        """The provider of that name, if this deployment has it."""
        return self._kinds.get(name)

    def owner_of(self, option: str) -> str:
        """The name of the provider that understands an option of `ProviderOptions`."""
        return next(kind.name for kind in self._kinds.values() if option in kind.options.__struct_fields__)

    def all(self) -> list[ProviderKind]:
        """Every provider, by name."""
        return [self._kinds[name] for name in sorted(self._kinds)]


def providers_of(runtime: Runtime) -> Providers:
    """The providers of a process."""
    settings = runtime.settings
    return Providers(
        [
            Sandbox(settings.base_url),
            MercadoPago(runtime.http, settings.mercadopago_url),
            Stripe(runtime.http, settings.stripe_url, settings.stripe_platform_secrets),
        ]
    )
