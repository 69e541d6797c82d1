"""Mail as it goes over the wire."""

import email.utils
import re
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from baas.services.notifications.channels.base import Failure, Message, SendFailed

_DOMAIN: Final = re.compile(r"[A-Za-z0-9.-]{1,253}")


def one_line(text: str, limit: int = 200) -> str:
    """A text without line breaks and control characters, for a header."""
    cleaned = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(cleaned.split())[:limit]


def message_id(message: Message) -> str:
    """The Message-ID: the same at every attempt, so that a receiver can see that it is the same mail."""
    domain = message.sender_email.rpartition("@")[2]
    return f"<{message.key}@{domain if _DOMAIN.fullmatch(domain) else 'localhost'}>"


def ascii_address(text: str) -> str:
    """An address as every mail server understands it: a name of the internet in letters beyond ASCII is encoded.

    Raises SendFailed for a mailbox with such letters, which few servers take.
    """
    mailbox, _, domain = text.rpartition("@")
    try:
        return f"{mailbox.encode('ascii').decode()}@{domain.encode('idna').decode()}"
    except UnicodeError:
        raise SendFailed(
            "Mail to this address is not possible: it is not plain ASCII.", Failure.PERMANENT
        ) from None


def address(name: str, addr_spec: str) -> Address:
    """An address with a name. Raises SendFailed when it is none."""
    plain = ascii_address(addr_spec)
    try:
        return Address(display_name=one_line(name), addr_spec=plain)
    except (ValueError, IndexError, MessageError):
        raise SendFailed("This is not an e-mail address.", Failure.PERMANENT) from None


def build(message: Message) -> EmailMessage:
    """The mail with its text and HTML parts. Raises SendFailed for an address that is none."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = address(message.sender_name, message.sender_email)
    mail["To"] = address("", message.to)
    if message.reply_to:
        mail["Reply-To"] = address("", message.reply_to)
    mail["Subject"] = one_line(message.subject) or "-"
    mail["Date"] = email.utils.formatdate(message.created_at, localtime=False)
    mail["Message-ID"] = message_id(message)
    # RFC 3834: no program should answer that it is on holiday.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body, cte="quoted-printable")
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
        # Not a random one: every attempt sends the same bytes.
        mail.set_boundary(f"=_{message.key}")
    return mail
