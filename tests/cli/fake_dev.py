"""`baas dev` around two small programs in place of the API and the worker: `python -m tests.cli.fake_dev --data-dir …`."""

import os
from pathlib import Path

from baas.cli.dev import dev_command
from baas.cli.devstate import Prepared

API = """
import http.server, os, subprocess, sys, signal
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])  # as granian's own workers are
open(os.environ["BAAS_DATA_DIR"] + "/helper", "w").write(str(helper.pid))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *a): print("asked", flush=True)
http.server.HTTPServer.allow_reuse_address = True
http.server.HTTPServer(("127.0.0.1", int(os.environ["FAKE_PORT"])), Handler).serve_forever()
"""
WORKER = "import time; print('worker', flush=True); time.sleep(600)"


def prepare(*, data_dir: Path, database_url: str, redis_url: str, base_url: str) -> Prepared:
    return Prepared(
        environment={"FAKE_PORT": base_url.rpartition(":")[2]},
        database_url=database_url,
        store_id="store_1",
        secret_key="sk_test_1",
        publishable_key="pk_test_1",
        operator_key="op_1",
    )


if __name__ == "__main__":
    broken = "BROKEN_API" in os.environ
    dev_command(
        prepare, api=("-c", "raise SystemExit('no luck')" if broken else API), worker=("-c", WORKER)
    )()
