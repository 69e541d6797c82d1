"""What a store does, in floors: a package sees only those on the floors below it (see pyproject.toml).

The `__init__` of each says what it owns (its tables), emits and hears (events); `tests/checks/test_packages.py` compares
that with the code.
"""
