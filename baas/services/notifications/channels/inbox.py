"""Mail that stays here, to be read in the inbox viewer."""

from baas.services.notifications.channels import mime
from baas.services.notifications.channels.base import Message, Sent


class Inbox:
    """The viewer shows what the notification's own content says, so there is nothing to hand over."""

    name = "inbox"

    async def send(self, message: Message) -> Sent:
        """See to it that the mail could have been sent, and answer its Message-ID."""
        mime.build(message)
        return Sent(provider_message_id=mime.message_id(message))
