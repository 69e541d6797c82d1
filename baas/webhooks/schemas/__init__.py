"""The public words of webhooks: `outbound` (endpoints, deliveries) and `events` (the log)."""
