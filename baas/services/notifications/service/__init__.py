"""The verbs of the notifications, by noun: `settings`, `templates`, `messages`."""
