"""Money in and money back: one payment is one attempt to collect an amount through one provider.

Owns payments, refunds, their history, the stores' provider accounts and the inbox of provider
notifications. Knows nothing of orders but an opaque `order_id`. Emits `payment.created`, `payment.paid`,
`payment.failed`, `payment.refunded` and `payment.disputed`; hears nothing. What a provider says only ever
makes it ask the provider again: a state is reached by `service.settle` alone, under a lock on our row.
"""
