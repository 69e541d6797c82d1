"""Mail over SMTP, always encrypted.

The server of a store is an address that a tenant chose, so it is judged where it is resolved, like the
address of a webhook: the connection is opened by us, to an address that was checked, and handed over.
"""

import asyncio
import os
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import msgspec

from baas.core.outgoing.http import is_public
from baas.services.notifications import policy
from baas.services.notifications.channels import mime
from baas.services.notifications.channels.base import Failure, Message, SendFailed, Sent
from baas.services.notifications.channels.smtp_connections import Connection, Connections
from baas.services.notifications.schemas import Security

PORTS: Final = frozenset({465, 587, 2525})
"""Ports that a store's mail server may have."""
_RESOLVERS: Final = ThreadPoolExecutor(policy.TOTAL + policy.ASIDE, thread_name_prefix="mail-names")
"""As many as messages in flight: a name whose server hangs must not hold up the names of other stores."""
_AUTH_CODES: Final = frozenset({530, 534, 535, 538})


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """A mail server and how to log in there."""

    host: str
    port: int
    security: Security | None
    """None is no encryption: only for a server of the deployment on its own machine."""
    username: str | None
    password: str | None
    trusted: bool
    """The operator's own: any address will do."""
    allow_loopback: bool = False

    def __repr__(self) -> str:
        return f"Server({self.host!r}, {self.port})"


@lru_cache(maxsize=4)
def _tls(_paths: ssl.DefaultVerifyPaths) -> ssl.SSLContext:
    """Whom this machine trusts; read once, because reading hundreds of certificates takes longer than a mail."""
    return ssl.create_default_context()


def server_of(url: str) -> Server:
    """The server of the deployment's setting `BAAS_SMTP_URL`."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    tls = parts.scheme == "smtps"
    local = host == "localhost" or host.startswith("127.") or host == "::1"
    security = Security.TLS if tls else None if local and not parts.username else Security.STARTTLS
    return Server(
        host=host,
        port=parts.port or (465 if tls else 587),
        security=security,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        trusted=True,
    )


class Smtp:
    """One mail server."""

    name = "smtp"

    def __init__(self, server: Server, connections: Connections) -> None:
        self._server = server
        self._connections = connections
        self._seconds = policy.SEND_SECONDS

    async def send(self, message: Message) -> Sent:
        """Hand a mail over and answer its Message-ID."""
        mail = mime.build(message)
        sender, recipient = mime.ascii_address(message.sender_email), mime.ascii_address(message.to)

        async def connect() -> Connection:
            return await self._open(message.sender_email.rpartition("@")[2] or "localhost")

        try:
            async with asyncio.timeout(self._seconds):
                await self._connections.deliver(self._server, connect, sender, recipient, mail)
        except TimeoutError:
            raise SendFailed(
                f"The mail server did not answer within {self._seconds:g} seconds.", of_sender=True
            ) from None
        except Exception as error:
            raise _explained(error) from error
        return Sent(provider_message_id=mime.message_id(message))

    async def _open(self, name: str) -> Connection:
        """A new connection, encrypted and logged in; `name` is how we call ourselves there."""
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            sock=await self._connect(),
            local_hostname=name,
            timeout=self._seconds,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=None if server.security is None else _tls(ssl.get_default_verify_paths()),
            username=server.username,
            password=server.password,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await client.ehlo()
            return Connection(client)
        except BaseException:
            # The socket is the transport's, which closes it: closing it here would free its number too early.
            client.close()
            raise

    async def _connect(self) -> socket.socket:
        """A connection to an address that may be connected to."""
        server = self._server
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                _RESOLVERS, lambda: socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
            )
        except (OSError, UnicodeError):
            raise SendFailed(
                "The name of the mail server could not be resolved.", Failure.CONFIGURATION
            ) from None
        if not server.trusted and not all(
            is_public(str(sockaddr[0]), allow_loopback=server.allow_loopback) for *_, sockaddr in found
        ):
            raise SendFailed("The mail server's address is not public.", Failure.CONFIGURATION)
        reason = "no address"
        for family, kind, protocol, _, sockaddr in found:
            connection = socket.socket(family, kind, protocol)
            connection.setblocking(False)
            try:
                async with asyncio.timeout(10):
                    await loop.sock_connect(connection, sockaddr)
            except (OSError, TimeoutError) as error:
                connection.close()
                reason = os.strerror(error.errno).lower() if error.errno else "no answer"
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise SendFailed(f"The mail server cannot be reached: {reason}.", of_sender=True)


def _explained(error: Exception) -> SendFailed:
    """What a server's refusal means for the message."""
    match error:
        case SendFailed():
            return error
        case aiosmtplib.SMTPAuthenticationError():
            return SendFailed(
                f"The mail server refused the login: {_said(error.code, error.message)}",
                Failure.CONFIGURATION if error.code >= 500 else Failure.TEMPORARY,
                of_sender=True,
            )
        case aiosmtplib.SMTPRecipientsRefused() if error.recipients:
            first = error.recipients[0]
            return _by_code("The mail server refused the recipient", first.code, first.message)
        case aiosmtplib.SMTPSenderRefused():
            return _by_code("The mail server refused the sender", error.code, error.message)
        case aiosmtplib.SMTPConnectError() if isinstance(error.__cause__, ConnectionError | EOFError):
            return SendFailed("The mail server closed the connection.", of_sender=True)
        case aiosmtplib.SMTPConnectError() | aiosmtplib.SMTPHeloError():
            return SendFailed(f"The mail server does not take mail now: {_plain(error)}", of_sender=True)
        case aiosmtplib.SMTPResponseException():
            return _by_code("The mail server refused the message", error.code, error.message)
        case aiosmtplib.SMTPTimeoutError() | TimeoutError():
            return SendFailed("The mail server did not answer in time.", of_sender=True)
        case ssl.SSLCertVerificationError():
            return SendFailed(
                f"The mail server's certificate is not valid: {error.verify_message}.", Failure.CONFIGURATION
            )
        case ssl.SSLError():
            return SendFailed("The encryption with the mail server failed.", Failure.CONFIGURATION)
        case aiosmtplib.SMTPServerDisconnected() | ConnectionError():
            return SendFailed("The mail server closed the connection.", of_sender=True)
        case aiosmtplib.SMTPException():
            cause = error.__cause__
            if isinstance(cause, ssl.SSLError | OSError):
                return _explained(cause)
            # No STARTTLS, no login offered, …
            return SendFailed(f"The mail server cannot be used: {_plain(error)}", Failure.CONFIGURATION)
        case OSError():
            return SendFailed("The connection to the mail server failed.", of_sender=True)
    return SendFailed(f"The message could not be sent: {type(error).__name__}.")


def _by_code(what: str, code: int, message: str) -> SendFailed:
    if code in _AUTH_CODES:
        return SendFailed(f"{what}: {_said(code, message)}", Failure.CONFIGURATION)
    return SendFailed(
        f"{what}: {_said(code, message)}", Failure.PERMANENT if code >= 500 else Failure.TEMPORARY
    )


def _said(code: int, message: str) -> str:
    return f"{code} {mime.one_line(message)}".strip()


def _plain(error: Exception) -> str:
    return mime.one_line(" ".join(str(part) for part in error.args)) or type(error).__name__
