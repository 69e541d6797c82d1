"""Connections to mail servers that stay open between two mails, and what is said over them.

Opening one (a name, TCP, TLS, a login) costs many times what a mail does. `aiosmtplib` opens it; from then on the lines
are ours, because several commands go out together (RFC 2920) and their answers are read one after the other.
"""

import asyncio
import re
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final

import aiosmtplib

KEPT_SECONDS: Final = 5.0
"""A connection that nobody needed for so long is closed: many servers allow few."""
MAILS: Final = 100
"""A connection is closed after so many mails: some servers refuse more."""
_MAX_LINE: Final = 64 * 1024
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_GO_ON: Final = 354
_BYE: Final = 421


class Reply(tuple[int, str]):
    """What a server answered to one command: its code and its words."""

    __slots__ = ()

    @property
    def is_refusal(self) -> bool:
        """Whether the command was not done."""
        return self[0] >= 400


class _Lines(asyncio.Protocol):
    """The server's replies, in the order of the commands."""

    def __init__(self) -> None:
        self._received = b""
        self._words: list[str] = []
        self._replies: deque[Reply] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self.is_lost = False

    def data_received(self, data: bytes) -> None:
        """asyncio's word for: some bytes came."""
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._received) > _MAX_LINE or len(self._words) > 100:
            self.is_lost = True
        self._wake()

    def _take(self, line: bytes) -> None:
        self._words.append(line[4:].strip().decode("utf-8", "replace"))
        if line[3:4] == b"-":
            return
        words, self._words = " ".join(self._words), []
        if line[:3].isdigit():
            self._replies.append(Reply((int(line[:3]), words)))
        else:
            self.is_lost = True

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's word for: closed."""
        del exc
        self.is_lost = True
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> Reply:
        """The next reply. Raises ConnectionResetError when none will come."""
        while not self._replies:
            if self.is_lost:
                raise ConnectionResetError("The mail server closed the connection.")
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._replies.popleft()

    @property
    def is_quiet(self) -> bool:
        """Whether the server has said nothing that nobody asked for, and is there."""
        return not (self._replies or self._received or self.is_lost)


class Connection:
    """One connection, logged in, over which one mail goes after the other."""

    def __init__(self, client: aiosmtplib.SMTP) -> None:
        """Take over the connection of a client that is logged in."""
        transport: Any = client.transport
        self._transport = transport
        self._lines = _Lines()
        self._pipelining = client.supports_extension("pipelining")
        self._size = client.supports_extension("size")
        self.mails = 0
        """How many went over it."""
        self.idle_since = 0.0
        transport.set_protocol(self._lines)

    @property
    def is_usable(self) -> bool:
        """Whether another mail can go over it, as far as one can tell without asking."""
        return self._lines.is_quiet and self.mails < MAILS and not self._transport.is_closing()

    async def deliver(self, sender: str, recipient: str, mail: bytes) -> None:
        """Hand a mail over. Raises aiosmtplib's errors for refusals, ConnectionError, and Closed before it went.

        After an error the connection may be used again if it is still usable.
        """
        for address in (sender, recipient):
            if _CONTROL.search(address):
                raise ValueError("An address has no control characters.")
        size = f" SIZE={len(mail)}" if self._size else ""
        commands = [f"MAIL FROM:<{sender}>{size}\r\n", f"RCPT TO:<{recipient}>\r\n", "DATA\r\n"]
        try:
            from_, to, data = await self._open(commands)
        except ConnectionError as error:
            raise Closed from error
        if from_[0] == _BYE:
            self.close()
            raise Closed
        if from_.is_refusal or to.is_refusal or data[0] != _GO_ON:
            await self._take_back(data)
            if from_.is_refusal:
                raise aiosmtplib.SMTPSenderRefused(*from_, sender)
            if to.is_refusal:
                refused = aiosmtplib.SMTPRecipientRefused(*to, recipient)
                raise aiosmtplib.SMTPRecipientsRefused([refused])
            raise aiosmtplib.SMTPDataError(*data)
        self.mails += 1
        self._transport.write(_DOT.sub(b"..", mail) + (b".\r\n" if mail.endswith(b"\r\n") else b"\r\n.\r\n"))
        taken = await self._lines.next()
        if taken[0] != 250:
            raise aiosmtplib.SMTPDataError(*taken)

    async def _open(self, commands: list[str]) -> list[Reply]:
        """The replies to the three commands before a mail; to one that was not sent, that of the one before."""
        replies: list[Reply] = []
        if self._pipelining:
            self._transport.write("".join(commands).encode())
            return [await self._lines.next() for _ in commands]
        for command in commands:
            if replies and replies[-1].is_refusal:
                replies.append(replies[-1])
                continue
            self._transport.write(command.encode())
            replies.append(await self._lines.next())
        return replies

    async def _take_back(self, data: Reply) -> None:
        """Leave a mail that was refused, so that another can follow."""
        if data[0] == _GO_ON:
            # It would take whatever comes now for the mail.
            self.close()
            return
        try:
            self._transport.write(b"RSET\r\n")
            if (await self._lines.next()).is_refusal:
                self.close()
        except ConnectionError:
            self.close()

    def close(self) -> None:
        """Say goodbye and hang up, without waiting for an answer."""
        if not self._transport.is_closing():
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def drop(self) -> None:
        """Hang up: nobody knows what the other side is waiting for."""
        self._transport.abort()


class Closed(ConnectionError):
    """The server ended the connection before anything of the mail was said: over another one it may still go."""


class Connections:
    """The open connections of a process that are not in use, by their server."""

    def __init__(self) -> None:
        self._idle: dict[Hashable, list[Connection]] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def deliver(
        self,
        server: Hashable,
        connect: Callable[[], Awaitable[Connection]],
        sender: str,
        recipient: str,
        mail: bytes,
    ) -> None:
        """Hand a mail to a server over a connection that is open, or a new one. Raises what both raise."""
        while (kept := self._take(server)) is not None:
            try:
                await self._deliver(server, kept, sender, recipient, mail)
            except Closed:
                continue  # it was too old; nothing was sent
            return
        await self._deliver(server, await connect(), sender, recipient, mail)

    async def _deliver(
        self, server: Hashable, connection: Connection, sender: str, recipient: str, mail: bytes
    ) -> None:
        try:
            await connection.deliver(sender, recipient, mail)
        except (aiosmtplib.SMTPException, Closed):
            self._give_back(server, connection)
            raise
        except BaseException:
            connection.drop()
            raise
        self._give_back(server, connection)

    def _take(self, server: Hashable) -> Connection | None:
        idle = self._idle.get(server)
        while idle:
            connection = idle.pop()
            if connection.is_usable:
                return connection
            connection.close()
        return None

    def _give_back(self, server: Hashable, connection: Connection) -> None:
        if not connection.is_usable:
            connection.close()
            return
        loop = asyncio.get_running_loop()
        connection.idle_since = loop.time()
        self._idle.setdefault(server, []).append(connection)
        if self._timer is None:
            self._timer = loop.call_later(KEPT_SECONDS, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Close those that nobody needed for a while."""
        self._timer = None
        oldest = loop.time() - KEPT_SECONDS
        for server, idle in list(self._idle.items()):
            for connection in idle:
                if connection.idle_since <= oldest:
                    connection.close()
            left = [connection for connection in idle if connection.idle_since > oldest]
            if left:
                self._idle[server] = left
            else:
                del self._idle[server]
        if self._idle:
            self._timer = loop.call_later(KEPT_SECONDS / 2, self._sweep, loop)

    def close(self) -> None:
        """Close all that are open and not in use."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()
