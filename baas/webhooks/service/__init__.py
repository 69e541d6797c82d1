"""The verbs of webhooks: `endpoints`, `deliveries`, `events`."""
