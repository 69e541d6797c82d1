"""Who is calling, and for which store.

Owns stores, API keys, plans, flags, limits, usage and the audit log. Emits nothing. Makes every
StoreScope there is: the edge for requests, `auth.KeyTable.scope_for_job` for the worker.
"""
