"""The SQL of the notifications, by noun: `settings`, `templates`, `messages`, and the worker's `queue`."""
