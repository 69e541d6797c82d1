"""Events leave the backend here: endpoints and what is delivered to them, the log of a store's events, and
the custom events of the client's own shop.

Owns `webhook_endpoints`, `webhook_deliveries`, `webhook_attempts` and `event_deduplications`; the table
`events` belongs to `baas.core.work.outbox`. Hears every event through the fan-out that the relay calls, and makes
one delivery for each endpoint of the same store that asked for it. Emits `webhook_endpoint.disabled` when it
gives an endpoint up, `webhook_endpoint.test` on request (for that endpoint alone), and what the shop publishes.
"""
