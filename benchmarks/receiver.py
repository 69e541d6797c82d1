"""A trivial receiver of webhooks that notes when each arrived: `python -m benchmarks.receiver PORT`."""

import json
import sys
import time
from typing import Any

from granian import Granian
from granian.constants import Interfaces, Loops

_times: list[float] = []
_ids: list[str] = []


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Takes anything on /hook; the other paths tell what came."""
    if scope["type"] != "http":
        return
    path = scope["path"]
    body = b"{}"
    if path == "/hook":
        # The handler begins when the head of the request is there: its first bytes.
        _times.append(time.time())
        _ids.append(next((value for name, value in scope["headers"] if name == b"webhook-id"), b"").decode())
        while (await receive()).get("more_body"):
            pass
    elif path == "/reset":
        _times.clear()
        _ids.clear()
    elif path == "/count":
        body = b"%d" % len(_times)
    elif path == "/times":
        body = json.dumps(_times).encode()
    elif path == "/ids":
        body = json.dumps(_ids).encode()
    elif path == "/arrivals":
        body = json.dumps(dict(zip(reversed(_ids), reversed(_times), strict=True))).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


if __name__ == "__main__":
    Granian(
        "benchmarks.receiver:application", interface=Interfaces.ASGI, loop=Loops.uvloop, port=int(sys.argv[1]), websockets=False
    ).serve()  # fmt: skip
