"""Mail as it goes over the wire, read again by the standard library."""

import email
import random
from email.message import EmailMessage
from email.policy import default

import pytest

from baas.services.notifications.channels import mime
from baas.services.notifications.channels.base import Message, SendFailed

LETTERS = 'abc =.,\t\r\n_?"@é🧉<>&;\x00\x0b\u2028-A'


def message(**fields: object) -> Message:
    given = {
        "id": "ntf_1",
        "round": 0,
        "to": "ana@example.com",
        "subject": "Hi",
        "html": None,
        "body": "text",
    }
    sender = {"sender_name": "Casa Mate", "sender_email": "ventas@casamate.test", "created_at": 1.0}
    return Message(**{**given, **sender, **fields})  # type: ignore[arg-type]  # fields of a message


def read(raw: bytes) -> EmailMessage:
    parsed = email.message_from_bytes(raw, policy=default)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    return parsed


def said(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert isinstance(part, EmailMessage)
    text: str = part.get_content()
    assert part.defects == []
    return text


def lines(text: str) -> str:
    """A text as mail keeps it: with one kind of line break, and one at the end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") else text + "\n"


def test_whatever_it_says_arrives_as_it_was_said() -> None:
    """Words beyond ASCII, long lines, dots, control characters: no header is added, and nothing is lost."""
    dice = random.Random(4)

    def words(most: int) -> str:
        return "".join(dice.choice(LETTERS) for _ in range(dice.randint(0, most)))

    for number in range(400):
        wanted = message(
            subject=words(250),
            html=words(4000) if number % 3 else None,
            body=words(3000),
            sender_name=words(80),
            reply_to="hola@casamate.test" if number % 2 else None,
        )
        raw = mime.build(wanted)
        assert raw == mime.build(wanted), "a retry sends the same bytes"
        assert raw.isascii()
        assert all(
            len(line) <= 998 and b"\r" not in line and b"\n" not in line for line in raw.split(b"\r\n")
        )
        mail = read(raw)
        assert mail["Subject"] == (mime.one_line(wanted.subject) or "-")
        assert mail["From"].addresses[0].addr_spec == "ventas@casamate.test"
        # The library's reader puts a blank between two encoded words of a name.
        name = " ".join(mail["From"].addresses[0].display_name.split())
        assert name.replace(" ", "") == mime.one_line(wanted.sender_name).replace(" ", "")
        assert mail["To"] == "ana@example.com"
        assert mail["Reply-To"] == wanted.reply_to
        assert set(mail.keys()) <= {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "Auto-Submitted",
                                    "MIME-Version", "Content-Type", "Content-Transfer-Encoding"}  # fmt: skip
        assert lines(said(mail, "plain")) == lines(wanted.body)
        if wanted.html is not None:
            assert lines(said(mail, "html")) == lines(wanted.html)


def test_a_subject_that_looks_encoded_is_shown_as_it_is() -> None:
    """Nobody's program decodes what was never encoded."""
    subject = "=?utf-8?q?not=20this?="
    assert read(mime.build(message(subject=subject)))["Subject"] == subject


@pytest.mark.parametrize(
    "to", ["ana@", "@example.com", "ana", "a b@example.com\r\nBcc: x@y.z", "ñandú@example.com"]
)
def test_an_address_that_is_none_is_refused(to: str) -> None:
    """For good, in words."""
    with pytest.raises(SendFailed):
        mime.build(message(to=to))
