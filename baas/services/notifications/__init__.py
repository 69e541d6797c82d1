"""Notifications: messages to customers and to the store itself, over e-mail and WhatsApp.

Owns `notification_settings`, `notification_templates`, `notifications`, `notification_contents`,
`notification_attempts` and `notification_reports`. Emits `notification.sent` and `notification.failed`. Hears what
messages follow from (`rules`): `order.created`, `order.paid`, `order.payment_failed`, `order.shipped`,
`order.delivered`, `order.cancelled`, `order.refunded`, `cart.abandoned`, `inventory.low` and
`webhook_endpoint.disabled`. A message is a row first, always; the worker's loop renders and sends it (`dispatcher`).
"""
