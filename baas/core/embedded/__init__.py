"""A real PostgreSQL and a real Redis out of two wheels (the extra `embedded`), for `baas dev` and the tests.

Both listen on 127.0.0.1 only, on a free port, behind a random password. They outlive a parent that is killed, so
a `Guard` stops them then, and the next start on the same folder stops what even the guard left. Nothing here
imports another part of baas, and nothing here runs in production.
"""

from baas.core.embedded.accounts import EmbeddedError
from baas.core.embedded.postgres import EmbeddedPostgres
from baas.core.embedded.processes import Guard, ProcessMark
from baas.core.embedded.redis import EmbeddedRedis

__all__ = ["EmbeddedError", "EmbeddedPostgres", "EmbeddedRedis", "Guard", "ProcessMark"]
