"""The tables of every package; used by migrations and their tests."""

from baas.core.db.tables import load_tables

metadata = load_tables()

__all__ = ["metadata"]
