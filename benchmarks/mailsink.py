"""A bare mail server that takes everything and notes what came: `python -m benchmarks.mailsink PORT`.

It shares a core with PostgreSQL, so it does nothing that is not needed: a protocol on the event loop that reads a
message to its end and keeps the Message-ID and how long the message was. It offers PIPELINING, as mail servers do, and
no encryption, as a relay on the machine of the worker does. Two commands of its own tell what came (`ask`).
"""

import asyncio
import json
import re
import socket
import sys
from typing import Any, Final

import uvloop

_ID: Final = re.compile(rb"\r\nMessage-ID: *<([^>@]*)", re.IGNORECASE)
_END: Final = b"\r\n.\r\n"

_ids: list[str] = []
_bytes: list[int] = []


class Sink(asyncio.Protocol):
    """One connection; commands may come many at once."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._received = b""
        self._in_message = False
        self._is_leaving = False

    def connection_made(self, transport: Any) -> None:
        """asyncio's word for: open."""
        self._transport = transport
        transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        """Answer every whole line and every whole message, all answers at once."""
        received = self._received + data if self._received else data
        answers = []
        while True:
            end = received.find(_END if self._in_message else b"\r\n")
            if end < 0:
                break
            if self._in_message:
                _note(received[: end + 2])
                received = received[end + len(_END) :]
                self._in_message = False
                answers.append(b"250 taken\r\n")
            else:
                answers.append(self._answer(received[:end]))
                received = received[end + 2 :]
        self._received = received
        if answers:
            self._transport.write(b"".join(answers))
        if self._is_leaving:
            self._transport.close()

    def _answer(self, line: bytes) -> bytes:
        match line[:4].upper():
            case b"EHLO":
                return b"250-sink\r\n250-PIPELINING\r\n250 8BITMIME\r\n"
            case b"DATA":
                self._in_message = True
                return b"354 go on\r\n"
            case b"QUIT":
                self._is_leaving = True
                return b"221 bye\r\n"
            case b"XIDS":
                found = json.dumps({"ids": _ids, "bytes": sum(_bytes)}).encode()
                _ids.clear()
                _bytes.clear()
                return b"250 " + found + b"\r\n"
        return b"250 fine\r\n"


def _note(message: bytes) -> None:
    found = _ID.search(message)
    _ids.append(found[1].decode() if found else "")
    _bytes.append(len(message))


def ask(port: int) -> dict[str, Any]:
    """The `ids` of all mails since the last question, in the order in which they came, and their `bytes` together."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(b"XIDS\r\nQUIT\r\n")
        answer = b""
        while part := connection.recv(1 << 20):
            answer += part
    found: dict[str, Any] = json.loads(answer.split(b"\r\n")[1].removeprefix(b"250 "))
    return found


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Sink, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(int(sys.argv[1])))
