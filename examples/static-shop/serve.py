"""Serve the shop's pages, or write them to a folder, with the address and the key of a store filled in.

    BAAS_URL=http://127.0.0.1:8000 BAAS_PUBLISHABLE_KEY=pk_test_… python serve.py --port 5500
    BAAS_URL=https://api.example BAAS_PUBLISHABLE_KEY=pk_live_… python serve.py --build public

The pages are plain HTML: what `--build` writes can be put on any web space, or opened as files.
"""

import argparse
import http.server
import os
import sys
from functools import partial
from html import escape
from pathlib import Path

SITE = Path(__file__).parent / "site"


def filled(page: str) -> str:
    """A page with the two settings in their places."""
    for name in ("BAAS_URL", "BAAS_PUBLISHABLE_KEY"):
        page = page.replace("{{" + name + "}}", escape(os.environ[name].rstrip("/"), quote=True))
    return page


class Pages(http.server.SimpleHTTPRequestHandler):
    """Files of the site; HTML is filled in on its way."""

    def do_GET(self) -> None:
        """Answer a page, or a file as it is."""
        path = Path(self.translate_path(self.path))
        if path.is_dir():
            path /= "index.html"
        if path.suffix != ".html" or not path.exists():
            super().do_GET()
            return
        body = filled(path.read_text(encoding="utf-8")).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


def main() -> None:
    """Read the arguments, then serve or write."""
    parser = argparse.ArgumentParser(description="The static example shop.")
    parser.add_argument("--port", type=int, default=5500)
    parser.add_argument("--build", type=Path, help="write the pages to this folder instead of serving them")
    arguments = parser.parse_args()
    missing = [name for name in ("BAAS_URL", "BAAS_PUBLISHABLE_KEY") if not os.environ.get(name)]
    if missing:
        sys.exit(f"Set {' and '.join(missing)}: `baas dev` prints both.")
    if arguments.build:
        arguments.build.mkdir(parents=True, exist_ok=True)
        for file in SITE.iterdir():
            data = file.read_bytes()
            (arguments.build / file.name).write_bytes(
                filled(data.decode()).encode() if file.suffix == ".html" else data
            )
        print(f"Written to {arguments.build}")
        return
    handler = partial(Pages, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", arguments.port), handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
