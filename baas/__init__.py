"""A multi-tenant commerce backend: one deployment, many stores, none of which can see another."""

__version__ = "0.1.0"
API_VERSION = "2026-11-01"
"""The version of the public shapes; events and webhook payloads carry it (docs/events.md)."""
