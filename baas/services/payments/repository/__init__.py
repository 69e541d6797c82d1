"""The SQL of the payments, a module for each noun: `payments`, their `history`, `refunds`, the providers' `accounts`, the
`inbox` of their notifications, and `reconciliation` with their lists."""

from baas.services.payments.repository import accounts, history, inbox, payments, reconciliation, refunds

__all__ = ["accounts", "history", "inbox", "payments", "reconciliation", "refunds"]
