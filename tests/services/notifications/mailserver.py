"""A real SMTP server on loopback, with STARTTLS and a login, and ones that misbehave."""

import asyncio
import email
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

USER, PASSWORD = "shop@mail.test", "a password of the tests"


def certificate(folder: Path) -> Path:
    """A certificate for loopback that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]),
            False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "loopback.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@dataclass
class Received:
    """A mail as it came in."""

    sender: str
    recipients: list[str]
    raw: bytes
    encrypted: bool
    authenticated: bool

    @property
    def mail(self) -> EmailMessage:
        """It, parsed by the standard library with strict headers."""
        parsed = email.message_from_bytes(self.raw, policy=default)
        assert isinstance(parsed, EmailMessage)
        assert parsed.defects == []
        return parsed

    def part(self, kind: str) -> str:
        """The text of its part of a kind, `plain` or `html`."""
        found = self.mail.get_body((kind,))
        assert isinstance(found, EmailMessage)
        text: str = found.get_content()
        return text


@dataclass
class MailServer:
    """What it got, and how it answers."""

    port: int = 0
    mails: list[Received] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    """The next answers to a recipient; `250 OK` when there is none left."""
    data_answers: list[str] = field(default_factory=list)
    """The next answers to a message."""

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self.answers.pop(0) if self.answers else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        answer = self.data_answers.pop(0) if self.data_answers else "250 taken"
        if answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            self.mails.append(
                Received(
                    sender=str(envelope.mail_from),
                    recipients=list(envelope.rcpt_tos),
                    raw=envelope.content,
                    encrypted=session.ssl is not None,
                    authenticated=bool(session.authenticated),
                )
            )
        return answer


def _login(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
) -> AuthResult:
    assert isinstance(data, LoginPassword)
    right = data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def mail_server(
    pem: Path, *, starttls: bool = True, implicit: bool = False
) -> AsyncIterator[MailServer]:
    """A mail server that wants encryption and a login; `implicit`: it speaks TLS from the first byte on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    handler = MailServer()

    def protocol() -> SMTP:
        if implicit:
            return SMTP(
                handler,
                enable_SMTPUTF8=True,
                authenticator=_login,
                auth_required=True,
                auth_require_tls=False,
                loop=asyncio.get_running_loop(),
            )
        if not starttls:
            return SMTP(handler, enable_SMTPUTF8=True, loop=asyncio.get_running_loop())
        return SMTP(
            handler,
            enable_SMTPUTF8=True,
            tls_context=context,
            require_starttls=True,
            authenticator=_login,
            auth_required=True,
            auth_require_tls=True,
            loop=asyncio.get_running_loop(),
        )

    server = await asyncio.get_running_loop().create_server(
        protocol, "127.0.0.1", 0, ssl=context if implicit else None
    )
    handler.port = server.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        server.close()


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def bad_server(behave: Behaviour) -> AsyncIterator[int]:
    """A server that does something else; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await behave(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def drop(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Hang up at once."""


async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """Take the connection and say nothing."""
    await reader.read()


async def busy(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Refuse for now."""
    writer.write(b"421 too many connections\r\n")
    await writer.drain()
