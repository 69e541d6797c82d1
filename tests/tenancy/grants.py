"""Who may do what, in full. A migration that grants something changes this file, where a reviewer sees it.

To print what a database has: `python -m tests.tenancy.print_grants`.
"""

GRANTS: dict[str, dict[str, str]] = {}

FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {}
