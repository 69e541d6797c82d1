"""Tenants: who is calling, and for which store.

Owns `stores`, `api_keys`, `usage_counters` and `audit_log`, and with a store its plan, flags and limits. Emits nothing.
Hears nothing. Every StoreScope is made here: for a request by the edge (`door.edge`), for the worker by
`door.keys.KeyTable.scope_for_job`.
"""
