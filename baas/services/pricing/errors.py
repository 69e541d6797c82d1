"""Refusals of pricing."""

from baas.core.errors import ValidationFailed


class TooMuch(ValidationFailed):
    """More lines, pieces or money than one sale can have."""
