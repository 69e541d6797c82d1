"""What every channel is: something that hands one message over and says how it went."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

import msgspec


class Failure(StrEnum):
    """Whose fault it is, and whether time may mend it."""

    TEMPORARY = "temporary"
    """The other side cannot now, or nobody knows whether it did: try again."""
    CONFIGURATION = "configuration"
    """The sender's settings are wrong: try again, for somebody may mend them."""
    PERMANENT = "permanent"
    """This message will never go."""


class SendFailed(Exception):
    """A message was not handed over, or it is not known. `str()` is a sentence for the store's staff."""

    def __init__(
        self,
        reason: str,
        failure: Failure = Failure.TEMPORARY,
        *,
        retry_after: timedelta | None = None,
        of_sender: bool | None = None,
    ) -> None:
        """`of_sender`: other messages over this sender would fail as well (by default: not a permanent one)."""
        super().__init__(reason)
        self.failure = failure
        self.retry_after = retry_after
        self.of_sender = failure is Failure.CONFIGURATION if of_sender is None else of_sender


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel hands over."""

    id: str
    """The public id of the notification."""
    round: int
    """A message that a person sent again after it had failed is another message to the outside."""
    to: str
    subject: str
    html: str | None
    body: str
    provider_template: dict[str, Any] | None = None
    sender_name: str = ""
    sender_email: str = ""
    reply_to: str | None = None
    created_at: float = 0.0
    """Seconds since 1970: the date of the mail, the same at every attempt."""

    @property
    def key(self) -> str:
        """What stays the same over all attempts, for receivers that deduplicate."""
        return f"{self.id}.{self.round}" if self.round else self.id


class Sent(msgspec.Struct, frozen=True):
    """A message was handed over."""

    provider_message_id: str | None
    action_url: str | None = None


class Channel(Protocol):
    """One way out."""

    @property
    def name(self) -> str:
        """What the log calls it."""
        ...

    async def send(self, message: Message) -> Sent:
        """Hand a message over. Raises SendFailed. Nothing is tried twice, and no transaction is open."""
        ...
