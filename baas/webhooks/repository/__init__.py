"""The SQL of webhooks: `deliveries` and `events` (one store's, for the API), `queue` (all stores',
for the worker).
"""
