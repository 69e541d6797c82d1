"""Notifications: messages to customers and to the store itself, over e-mail and WhatsApp.

Owns settings, templates and their versions, notifications with their content and attempts. Emits
`notification.sent` and `notification.failed`. Hears what happens to orders, carts, stock and webhook endpoints
(`rules`). A message is a row first, always; the worker's loop renders and sends it (`dispatcher`).
"""
