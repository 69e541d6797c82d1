"""Requests to addresses that somebody else chose: webhooks, images, providers.

A tenant who may name an address could make the backend call its own network (SSRF). So every connection is
judged by the address it really goes to, at the moment it is opened: the resolver refuses a name when any
of its addresses is not public, and the socket factory judges once more what is connected to, which also
covers addresses written as numbers. Names are therefore never trusted, and a name that changes its address
after it was registered (DNS rebinding) gains nothing. No redirects, no proxies or credentials from the
environment, no cookies, a limit on time and on the bytes that are read.
"""

import asyncio
import ipaddress
import math
import os
import socket
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, Final

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

DEFAULT_PORTS: Final = frozenset({443})
MAX_URL_LENGTH: Final = 2048

_KEPT_HEADERS: Final = ("content-type", "retry-after", "location", "date")
_RESOLVER_THREADS: Final = 128
"""Made when needed. Names that nobody answers for hold one each for many seconds."""
_KEEPALIVE_SECONDS: Final = 4.0
"""Shorter than the 5 seconds after which common servers hang up, so that a request rarely meets a closed door."""

_REFUSED_V4: Final = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        *(
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
        ),
        *(
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
        ),
        *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
    )
)
_REFUSED_V6: Final = tuple(
    ipaddress.IPv6Network(network)
    for network in (
        *(
            "::/96",
            "64:ff9b::/96",
            "64:ff9b:1::/48",
            "100::/64",
            "2001::/32",
            "2001:db8::/32",
            "2002::/16",
        ),
        *("3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    )
)


class OutgoingError(Exception):
    """A request that brought no answer. `str()` is a sentence for the person who owns the address."""


class OutgoingRefused(OutgoingError):
    """The address is one that this backend does not call; nothing was sent."""


class OutgoingTimeout(OutgoingError):
    """No complete answer within the time limit; the receiver may or may not have acted."""


class OutgoingFailed(OutgoingError):
    """No connection, or no valid answer; the receiver may or may not have acted."""


class OutgoingResponse(msgspec.Struct, frozen=True):
    """What came back, cut to what was asked for."""

    status: int
    headers: dict[str, str]
    """Lower-case names: what _KEPT_HEADERS lists and the caller kept, where present."""
    body: bytes
    """At most `max_bytes` of the body, as sent (not decompressed)."""
    complete: bool
    """Whether `body` is all of it."""
    duration_ms: int


class _RefusedAddress(OSError):
    """Raised inside aiohttp's connector, which passes OSError on as the cause."""


@lru_cache(maxsize=4096)
def is_public(address: str, *, allow_loopback: bool = False) -> bool:
    """Whether an address, written as numbers, may be connected to.

    `ipaddress.is_global` alone is not enough: it says yes to multicast, 6to4, NAT64 and others that can
    lead back inside. `allow_loopback` lets 127.0.0.0/8 and ::1 through, and nothing else.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return allow_loopback
    if isinstance(parsed, ipaddress.IPv4Address):
        inside = any(parsed in network for network in _REFUSED_V4)
    else:
        # A scope id (fe80::1%eth0) belongs to local links only.
        inside = parsed.scope_id is not None or any(parsed in network for network in _REFUSED_V6)
    return not inside and parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _literal(host: str) -> str | None:
    """The address that a host is, when it is written as one; `127.1` and `0x7f000001` count too."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def check_url(url: str, *, allow_insecure: bool = False, ports: Iterable[int] = DEFAULT_PORTS) -> None:
    """Refuse what can be refused by looking at a URL, so that its owner learns it at registration.

    Raises OutgoingRefused with the reason. `allow_insecure` also lets http, loopback and any port pass.
    Names are not resolved here: what they resolve to is judged at every connection.
    """
    _check_url(url, allow_insecure, ports if isinstance(ports, frozenset) else frozenset(ports))


@lru_cache(maxsize=4096)
def _check_url(url: str, allow_insecure: bool, ports: frozenset[int]) -> URL:
    """The check itself; a URL that passed is remembered, for it is asked about at every request."""
    if len(url) > MAX_URL_LENGTH:
        raise OutgoingRefused(f"The URL is longer than {MAX_URL_LENGTH} characters.")
    if any(character <= " " or character == "\x7f" for character in url):
        raise OutgoingRefused("The URL contains spaces or control characters.")
    try:
        parsed = URL(url)
        host, port = parsed.host, parsed.port
    except ValueError:
        raise OutgoingRefused("This is not a valid URL.") from None
    if parsed.scheme not in ("https", "http") or not host:
        raise OutgoingRefused("The URL must start with https:// and name a host.")
    if parsed.scheme != "https" and not allow_insecure:
        raise OutgoingRefused("The URL must start with https://.")
    if parsed.raw_user is not None or parsed.raw_password is not None:
        raise OutgoingRefused("The URL must not contain a user name or password.")
    if not allow_insecure and port not in ports:
        raise OutgoingRefused(f"Port {port} is not allowed; use port 443.")
    name = host.rstrip(".").lower()
    address = _literal(name)
    if address is not None:
        if not is_public(address, allow_loopback=allow_insecure):
            raise OutgoingRefused("The URL names an address that is not public.")
    elif (name == "localhost" or name.endswith(".localhost")) and not allow_insecure:
        raise OutgoingRefused("The URL names an address that is not public.")
    return parsed


class _Resolver(AbstractResolver):
    """The system's resolver in threads of its own, so that slow names do not hold up other thread work."""

    def __init__(self, threads: ThreadPoolExecutor, *, allow_loopback: bool) -> None:
        self._threads = threads
        self._allow_loopback = allow_loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of a name. One that is not public refuses the name as a whole."""
        try:
            found = await asyncio.get_running_loop().run_in_executor(
                self._threads,
                lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM),
            )
        except UnicodeError:
            raise OSError("The name is not a valid host name.") from None
        for *_, sockaddr in found:
            if not is_public(str(sockaddr[0]), allow_loopback=self._allow_loopback):
                raise _RefusedAddress("The host name leads to an address that is not public.")
        return [
            ResolveResult(
                hostname=host,
                host=str(sockaddr[0]),
                port=port,
                family=int(kind),
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, sockaddr in found
        ]

    async def close(self) -> None:
        """The threads belong to the client, which serves two of these."""


class _Deadlines:
    """The time limits of all requests under way, by one timer: aiohttp's own would start and stop one for each."""

    def __init__(self) -> None:
        self._ends: dict[asyncio.Task[Any], float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = math.inf

    def begin(self, task: asyncio.Task[Any], ends_at: float) -> None:
        """Cancel a task at a moment of `time.monotonic()`, unless it ends before."""
        self._ends[task] = ends_at
        if ends_at < self._rings_at:
            self._ring_at(ends_at)

    def end(self, task: asyncio.Task[Any]) -> bool:
        """The task has no limit any more. Answers whether this has cancelled it."""
        return self._ends.pop(task, None) is None

    def stop(self) -> None:
        """Ring no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _ring_at(self, moment: float) -> None:
        self.stop()
        self._rings_at = moment
        # A timer counts in milliseconds and must not ring before its time.
        self._timer = asyncio.get_running_loop().call_later(moment - time.monotonic() + 0.001, self._ring)

    def _ring(self) -> None:
        now = time.monotonic()
        for task in [task for task, ends_at in self._ends.items() if ends_at <= now]:
            del self._ends[task]
            task.cancel()
        self._rings_at = math.inf
        if self._ends:
            self._ring_at(min(self._ends.values()))


class OutgoingClient:
    """One shared client per process. Make it anywhere; it opens its sessions at the first request.

    Callers that may use http and loopback (test stores, where the deployment allows it) have a session
    and connections of their own, so a connection opened for one of them is never used by anybody else.
    """

    def __init__(
        self,
        *,
        allow_insecure: bool = False,
        ports: Iterable[int] = DEFAULT_PORTS,
        timeout: float = 15.0,
        max_bytes: int = 65_536,
        connections: int = 1024,
        connections_per_host: int = 512,
        user_agent: str = "baas/1",
    ) -> None:
        """Limits: `timeout` in seconds for a whole request, `max_bytes` read of an answer.

        A request waits for a free connection within its own time, and many stores may use one host (a hub of
        integrations), so `connections_per_host` only stops what callers forgot to bound.

        `allow_insecure` is the deployment's word; a request must ask for it as well.
        """
        self._allow_insecure = allow_insecure
        self._ports = frozenset(ports)
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._connections = connections
        self._connections_per_host = connections_per_host
        self._user_agent = user_agent
        self._threads = ThreadPoolExecutor(_RESOLVER_THREADS, thread_name_prefix="resolve")
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._deadlines = _Deadlines()

    async def __aenter__(self) -> "OutgoingClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections; requests in flight fail."""
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            await session.close()
        self._deadlines.stop()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def check_url(self, url: str, *, allow_insecure: bool = False) -> None:
        """`check_url` with the ports and the permission of this deployment."""
        check_url(
            url,
            allow_insecure=allow_insecure and self._allow_insecure,
            ports=self._ports,
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        max_bytes: int | None = None,
        allow_insecure: bool = False,
        keep: Sequence[str] = (),
    ) -> OutgoingResponse:
        """Send one request and read the beginning of its answer, whatever its status.

        `timeout` is in seconds over everything: name, connection, answer. `keep` names headers of the answer, in
        lower case, that matter beside the usual ones. Raises OutgoingRefused, OutgoingTimeout or OutgoingFailed.
        Nothing is tried twice.
        """
        insecure = allow_insecure and self._allow_insecure
        target = _check_url(url, insecure, self._ports)
        seconds = self._timeout if timeout is None else timeout
        limit = self._max_bytes if max_bytes is None else max_bytes
        payload = None if body is None else aiohttp.BytesPayload(body)
        task = asyncio.current_task()
        assert task is not None
        cancelled, late = task.cancelling(), False
        started = time.monotonic()
        self._deadlines.begin(task, started + seconds)
        try:
            try:
                answer = await self._session(insecure).request(
                    method, target, data=payload, headers=headers, allow_redirects=False
                )
                received, complete = await _read(answer, limit)
            finally:
                late = self._deadlines.end(task)
        except asyncio.CancelledError:
            if late and task.uncancel() <= cancelled:
                raise OutgoingTimeout(f"No complete answer within {seconds:g} seconds.") from None
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise _explained(error) from error
        return OutgoingResponse(
            status=answer.status,
            headers={
                name: answer.headers[name] for name in (*_KEPT_HEADERS, *keep) if name in answer.headers
            },
            body=received,
            complete=complete,
            duration_ms=round((time.monotonic() - started) * 1000),
        )

    def _session(self, insecure: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(insecure)
        if session is None:
            session = self._sessions[insecure] = self._open(insecure)
        return session

    def _open(self, insecure: bool) -> aiohttp.ClientSession:
        def checked_socket(
            address: tuple[int, int, int, str, tuple[object, ...]],
        ) -> socket.socket:
            family, kind, protocol, _, sockaddr = address
            if not is_public(str(sockaddr[0]), allow_loopback=insecure):
                raise _RefusedAddress("The URL leads to an address that is not public.")
            return socket.socket(family, kind, protocol)

        connector = aiohttp.TCPConnector(
            resolver=_Resolver(self._threads, allow_loopback=insecure),
            socket_factory=checked_socket,
            limit=self._connections,
            limit_per_host=self._connections_per_host,
            keepalive_timeout=_KEEPALIVE_SECONDS,
            ttl_dns_cache=10,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(),  # none: see _Deadlines
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "identity"},
        )


async def _read(answer: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """The first `limit` bytes of a body and whether that was all; the rest is never read."""
    content = answer.content
    received = bytearray()
    complete = False
    try:
        if content.is_eof():  # it came with the head
            received += content.read_nowait(limit + 1)
        while not content.at_eof() and len(received) <= limit:
            received += await content.read(limit + 1 - len(received))
        complete = len(received) <= limit
    except aiohttp.ClientPayloadError:
        pass  # The status has arrived and counts; only the body broke off.
    finally:
        if not answer.closed:
            answer.close()
    return bytes(received[:limit]), complete


def _explained(error: aiohttp.ClientError | OSError) -> OutgoingError:
    """The failure in words for the owner of the address, without anything of our own network."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _RefusedAddress):
            return OutgoingRefused(str(cause))
        cause = cause.__cause__ or cause.__context__
    match error:
        case aiohttp.ClientConnectorDNSError():
            return OutgoingFailed("The host name could not be resolved.")
        case aiohttp.ClientConnectorCertificateError():
            return OutgoingFailed(f"The TLS certificate is not valid: {error.certificate_error}.")
        case aiohttp.ClientSSLError():
            return OutgoingFailed("The TLS handshake failed.")
        case aiohttp.ClientConnectorError():
            number = error.os_error.errno
            reason = os.strerror(number).lower() if number else "no connection"
            return OutgoingFailed(f"The connection failed: {reason}.")
        case aiohttp.ServerDisconnectedError() | ConnectionResetError() | aiohttp.ClientOSError():
            return OutgoingFailed("The receiver closed the connection without an answer.")
        case aiohttp.ClientResponseError():
            return OutgoingFailed("The answer was not valid HTTP.")
    return OutgoingFailed("The request failed.")
