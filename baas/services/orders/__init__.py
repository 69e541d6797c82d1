"""Orders: what was agreed, and everything that becomes of it. Checkout lives here.

Owns `orders`, `order_items`, `order_item_refunds`, `order_transitions` and `order_counters`. Emits `order.created`,
`order.paid`, `order.payment_failed`, `order.processing`, `order.shipped`, `order.delivered`, `order.cancelled`,
`order.returned` and `order.refunded`. Hears `payment.*`, and then asks the payments how they stand, so that news which
come twice or out of order arrive at the same end.
"""
