"""A trivial receiver of webhooks that notes when each arrived: `python -m benchmarks.receiver PORT`.

It shares a core with PostgreSQL, so it does nothing that is not needed: a protocol on the event loop, and no
server.
"""

import asyncio
import json
import re
import sys
import time
from typing import Any, Final

import uvloop

_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ID: Final = re.compile(rb"\r\nwebhook-id: *([^\r]*)", re.IGNORECASE)

_times: list[float] = []
_ids: list[str] = []


class Receiver(asyncio.Protocol):
    """One connection: one request after the other, each with the body that its Content-Length tells."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._received = b""
        self._began = 0.0
        """When the first bytes of the request were there."""

    def connection_made(self, transport: Any) -> None:
        """asyncio's word for: open."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer the requests that are whole, and keep what has come of the next."""
        now = time.time()
        if self._received:
            data = self._received + data
        else:
            self._began = now
        while (head := data.find(b"\r\n\r\n")) >= 0:
            length = _LENGTH.search(data, 0, head)
            end = head + 4 + (int(length[1]) if length else 0)
            if len(data) < end:
                break
            self._transport.write(_answer(data[:head], self._began))
            data = data[end:]
            self._began = now
        self._received = data


def _answer(head: bytes, began: float) -> bytes:
    """Takes anything on /hook; the other paths tell what came."""
    path = head.split(b" ", 2)[1]
    if path == b"/hook":
        found = _ID.search(head)
        _times.append(began)
        _ids.append(found[1].decode() if found else "")
        return _TAKEN
    if path == b"/reset":
        _times.clear()
        _ids.clear()
    elif path == b"/count":
        return _ok(b"%d" % len(_times))
    elif path == b"/times":
        return _ok(json.dumps(_times).encode())
    elif path == b"/ids":
        return _ok(json.dumps(_ids).encode())
    elif path == b"/arrivals":
        return _ok(json.dumps(dict(zip(reversed(_ids), reversed(_times), strict=True))).encode())
    return _TAKEN


def _ok(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % len(body) + body


_TAKEN: Final = _ok(b"{}")


async def serve(port: int) -> None:
    """Serve until the process ends."""
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
