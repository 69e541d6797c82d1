"""Payments: money in and money back. One payment is one attempt to collect an amount through one provider.

Owns `payments`, `refunds`, `payment_history`, `payment_provider_accounts`, `provider_events` (the inbox of the
providers' notifications), `payment_reconciliations` and `sandbox_payments`. Emits `payment.created`, `payment.paid`,
`payment.failed`, `payment.refunded` and `payment.disputed`. Hears nothing. It knows nothing of orders but an opaque
`order_id`. What a provider says only ever makes it ask the provider again: a state is reached by `service.settle`
alone, under a lock on our row.
"""
