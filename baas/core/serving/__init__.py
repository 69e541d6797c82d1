"""How a request is answered: its context, body, parameters and page, the envelope around the answer, idempotency keys.

Owns `idempotency_keys`. `direct` says which handlers the edge calls by itself.
"""
