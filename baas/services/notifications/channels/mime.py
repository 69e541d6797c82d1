"""Mail as it goes over the wire.

It is written by hand, for the library's way (a tree of objects, each header parsed and folded, quoted-printable in
Python) takes about a millisecond for a mail of ten kilobytes. What is an address the library says.
"""

import binascii
import email.utils
import re
from base64 import b64encode
from email.errors import MessageError
from email.headerregistry import Address
from functools import lru_cache
from typing import Final

from baas.services.notifications.channels.base import Failure, Message, SendFailed

_DOMAIN: Final = re.compile(r"[A-Za-z0-9.-]{1,253}")
_PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
"""A name that needs no quotes."""
_NEWLINE: Final = re.compile(r"\r\n|\r|\n")
_LINE: Final = 78
_WORD: Final = 45
"""Bytes of an encoded word before base64 makes 60 characters of them."""


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


def build(message: Message) -> bytes:
    """The mail with its text and HTML parts, the same bytes at every attempt.

    Raises SendFailed for an address that is none.
    """
    head = [
        _mailbox("From", message.sender_name, message.sender_email),
        _mailbox("To", "", message.to),
        _mailbox("Reply-To", "", message.reply_to) if message.reply_to else "",
        _text("Subject", one_line(message.subject) or "-"),
        f"Date: {email.utils.formatdate(message.created_at, localtime=False)}\r\n",
        f"Message-ID: {message_id(message)}\r\n",
        # RFC 3834: no program should answer that it is on holiday.
        "Auto-Submitted: auto-generated\r\n",
        "MIME-Version: 1.0\r\n",
    ]
    if message.html is None:
        return "".join(head).encode() + _part("plain", message.body)
    # No quoted-printable text has "=_" in it.
    boundary = f"=_{message.key}"
    head.append(f'Content-Type: multipart/alternative; boundary="{boundary}"\r\n\r\n--{boundary}\r\n')
    between, end = f"\r\n--{boundary}\r\n".encode(), f"\r\n--{boundary}--\r\n".encode()
    parts = (_part("plain", message.body), between, _part("html", message.html), end)
    return "".join(head).encode() + b"".join(parts)


def _part(kind: str, text: str) -> bytes:
    lines = _NEWLINE.sub("\r\n", text)
    if not lines.endswith("\r\n"):
        lines += "\r\n"
    head = (
        f'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    )
    return head.encode() + binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True)


def _mailbox(header: str, name: str, addr_spec: str) -> str:
    """A header with one address. Raises SendFailed for one that is none."""
    if not name and _PLAIN_ADDRESS.fullmatch(addr_spec):
        return f"{header}: {addr_spec}\r\n"
    return _named_mailbox(header, one_line(name), addr_spec)


@lru_cache(maxsize=2048)
def _named_mailbox(header: str, name: str, addr_spec: str) -> str:
    checked = address("", addr_spec).addr_spec
    if not name:
        return f"{header}: {checked}\r\n"
    if _ATOMS.fullmatch(name) and len(header) + len(name) + len(checked) < _LINE - 6 and "=?" not in name:
        return f"{header}: {name} <{checked}>\r\n"
    return f"{header}: {_encoded(name)}\r\n <{checked}>\r\n"


def _text(header: str, text: str) -> str:
    """A header of words; what is long or beyond ASCII in encoded words."""
    if text.isascii() and len(header) + len(text) < _LINE - 4 and "=?" not in text:
        return f"{header}: {text}\r\n"
    return f"{header}: {_encoded(text)}\r\n"


def _encoded(text: str) -> str:
    """Words beyond ASCII in ASCII (RFC 2047), folded."""
    words, word = [], b""
    for character in text:
        part = character.encode("utf-8", "replace")
        if len(word) + len(part) > _WORD:
            words.append(word)
            word = b""
        word += part
    return "\r\n ".join(f"=?utf-8?b?{b64encode(one).decode()}?=" for one in (*words, word))
