"""The providers that this deployment speaks with: `base` is the language, each other file one protocol."""

from collections.abc import Iterable

from baas.core.runtime import Runtime
from baas.services.payments.providers.base import ProviderKind
from baas.services.payments.providers.sandbox import Sandbox


class Providers:
    """The kinds of providers by name, with what all of them need of the deployment."""

    def __init__(self, kinds: Iterable[ProviderKind]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    def get(self, name: str) -> ProviderKind | None:
        """The provider of that name, if this deployment has it."""
        return self._kinds.get(name)

    def all(self) -> list[ProviderKind]:
        """Every provider, by name."""
        return [self._kinds[name] for name in sorted(self._kinds)]


def providers_of(runtime: Runtime) -> Providers:
    """The providers of a process."""
    return Providers([Sandbox(runtime.settings.base_url)])
