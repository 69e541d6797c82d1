"""What the simulator of a payment provider says of itself, for whoever starts it or plays with it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from aiohttp import web

from baas.simulators.books import Books, Notifier


class Simulator(ABC):
    """A likeness of one provider with all its accounts."""

    title: ClassVar[str]
    """The provider's name for people."""
    setting: ClassVar[str]
    """The variable that names the provider's address, which `baas dev` sets to the simulator's."""
    events: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """What `baas payments trigger` takes in the provider's own words, and the action that each means."""

    books: Books
    notifier: Notifier
    own_url: str

    @abstractmethod
    def app(self) -> web.Application:
        """The web application."""

    @staticmethod
    @abstractmethod
    def account(store: str) -> tuple[dict[str, str], str | None]:
        """Credentials of an account that this store alone has, and the secret of its notifications.

        No secret means that the provider gives one when it is told where to notify.
        """

    @staticmethod
    @abstractmethod
    def signed(secret: str, notification: Mapping[str, Any], at: float) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of a notification that is sent as if at that time, in seconds since 1970."""
