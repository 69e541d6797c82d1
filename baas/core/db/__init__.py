"""Database sessions: nothing can be asked of the database before a store is chosen.

Two ways in, one rule. `Database.store(scope)` is the ORM, for administration; `Database.fast(scope)` is
the bare driver, for what is frequent. Both are one transaction that begins by setting `app.store_id`
for itself alone, commits when the block ends well and rolls back when it does not. Work across stores
uses another role, another type, and states its reason. Owns no table but what all stand on (`tables`).
"""

from baas.core.db import sqlstates
from baas.core.db.calls import NO_REFUSALS, NO_SUCH_ROW, Refusals, affected
from baas.core.db.database import BY_KEY, ROW_BY_ROW, Database
from baas.core.db.driver import StoreConnection, SystemConnection
from baas.core.db.faults import ScopeViolation, is_outage, sqlstate, violated
from baas.core.db.orm import StoreSession
from baas.core.db.work import AfterCommit, Signals, StoreWork
from baas.core.settings import DatabaseUrls

__all__ = [
    "BY_KEY",
    "NO_REFUSALS",
    "NO_SUCH_ROW",
    "ROW_BY_ROW",
    "AfterCommit",
    "Database",
    "DatabaseUrls",
    "Refusals",
    "ScopeViolation",
    "Signals",
    "StoreConnection",
    "StoreSession",
    "StoreWork",
    "SystemConnection",
    "affected",
    "is_outage",
    "sqlstate",
    "sqlstates",
    "violated",
]
