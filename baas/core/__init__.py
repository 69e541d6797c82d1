"""What every package stands on; nothing in here knows a word of business, or imports another package of baas.

Its rooms, from the ground up: `scope`, `errors`, `crypto`, `settings` · `values` (what is passed around) · `observe`
(what a process tells of itself), `embedded` (the servers of `baas dev`) · `db` (sessions) · `schema` (how a database
comes to be) · `redis` · `work` (what is done later) and `outgoing` (requests to strangers) · `runtime` (what a process
has open) · `serving` (how a request is answered).
An import contract in pyproject.toml holds the floors.
"""
