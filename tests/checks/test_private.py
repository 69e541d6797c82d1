"""Tests touch what a user could; where one reaches into an object, it is listed here with its reason."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
OF_THE_LIBRARY = {"_replace"}
"""Names of the standard library that only look private."""
_KEPT_NOTHING = "what is left behind in the process shows nowhere else"
_THE_STATEMENT = "the very statement that the loop sends is what is explained or compared"
_ONE_TRANSACTION = "the statements of one transaction alone, over either way into the database"
_OWN_CLOCK = "what the batch holds and when it asked, at a moment that cannot be waited for"
_PARSED_ONCE = "that a template is parsed once shows nowhere else"
_KEPT_OPEN = "which connections are kept, and what one has read ahead, show nowhere else"
REASONS = {
    ("tests/core/observe/test_logging.py", "_context"): "the processor alone, without a logger around it",
    ("tests/core/observe/test_metrics.py", "_routes"): _KEPT_NOTHING,
    ("tests/core/redis/test_cache.py", "_flights"): _KEPT_NOTHING,
    ("tests/core/redis/test_ratelimit.py", "_buckets"): _KEPT_NOTHING,
    (
        "tests/core/test_embedded.py",
        "_process",
    ): "a guard is killed as the kernel would, and its server's end awaited",
    (
        "tests/core/work/test_heartbeat.py",
        "_is_gone",
    ): "numbers of processes that come back cannot be made at will",
    ("tests/core/work/test_heartbeat.py", "_process_of"): "the same",
    ("tests/core/work/test_outbox.py", "_CLAIM"): _THE_STATEMENT,
    ("tests/deployment.py", "_pools"): _KEPT_NOTHING,
    ("tests/services/catalog/test_locks.py", "_connection"): _ONE_TRANSACTION,
    ("tests/services/catalog/test_locks.py", "_driver"): _ONE_TRANSACTION,
    (
        "tests/services/notifications/test_fairness.py",
        "_health",
    ): "how long a sender is left alone, by its own clock",
    (
        "tests/services/notifications/test_faults.py",
        "_health",
    ): "the pauses of senders are made to end at once",
    ("tests/services/notifications/test_batches.py", "_asked_at"): _OWN_CLOCK,
    ("tests/services/notifications/test_batches.py", "_is_leaving"): _OWN_CLOCK,
    ("tests/services/notifications/test_batches.py", "_places"): _OWN_CLOCK,
    ("tests/services/notifications/test_rendering.py", "_MAX_PARSED"): _PARSED_ONCE,
    ("tests/services/notifications/test_rendering.py", "_Parsed"): _PARSED_ONCE,
    ("tests/services/notifications/test_rendering.py", "_TEXT"): _PARSED_ONCE,
    ("tests/services/notifications/test_rendering.py", "_found"): _PARSED_ONCE,
    ("tests/services/notifications/test_rendering.py", "_idle"): _PARSED_ONCE,
    ("tests/services/notifications/test_rendering.py", "_parsed"): _PARSED_ONCE,
    ("tests/services/notifications/test_rendering.py", "_process"): _PARSED_ONCE,
    ("tests/services/notifications/test_rendering.py", "_size"): _PARSED_ONCE,
    ("tests/services/notifications/test_smtp_connections.py", "_buffer"): _KEPT_OPEN,
    ("tests/services/notifications/test_smtp_connections.py", "_idle"): _KEPT_OPEN,
    (
        "tests/tenancy/leaks.py",
        "_filter_by_store",
    ): "the ORM's criteria are taken away: the wall has to hold alone",
    ("tests/test_system.py", "_merge_request"): "the processor alone, without a logger around it",
}


def touched(path: Path) -> set[str]:
    """The private names of others that a file touches or imports from the product."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            of = ast.unparse(node.value)
            if of not in {"self", "cls", "super()"}:
                found.add(node.attr)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("baas"):
            names = {alias.name for alias in node.names}
            found |= {name for name in names if name.startswith("_") and not name.startswith("__")}
    return found - OF_THE_LIBRARY


def test_what_is_private_is_touched_for_a_stated_reason_alone() -> None:
    """And a reason whose touch is gone goes, too."""
    found = {
        (path.relative_to(ROOT).as_posix(), name)
        for path in sorted((ROOT / "tests").rglob("*.py"))
        for name in touched(path)
    }
    assert found == REASONS.keys()
