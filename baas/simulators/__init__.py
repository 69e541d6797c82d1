"""Likenesses of Mercado Pago and Stripe for development: the real protocols on loopback, and a page to pay on.

`baas dev` runs them beside the API, so that an integration can be finished without a network. They own no table (what
they remember is a JSON file in the folder of `baas dev`), know nothing of this backend and share no code with its
providers: what both sides agree on is the protocol. They refuse to start in production, and production refuses any
address of a provider that is not HTTPS.
"""
