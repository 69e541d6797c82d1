"""What a store does, in floors: a package sees only those on the floors below it (see pyproject.toml)."""
