"""Webhooks: events leave the backend here, as deliveries to endpoints; a store's event log and custom events, too.

Owns `webhook_endpoints`, `webhook_deliveries`, `webhook_attempts` and `event_deduplications`; the table `events`
belongs to `baas.core.work`. Emits `webhook_endpoint.disabled` when an endpoint is given up, `webhook_endpoint.test` on
request (for that endpoint alone), and what a shop publishes: `custom.*`, and `order.created` and `order.paid` of a
shop that keeps its orders elsewhere. Hears every event through the fan-out that the relay calls, and makes one
delivery for each endpoint of the same store that asked for it.
"""
