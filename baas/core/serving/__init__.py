"""How a request is answered: its context, body, parameters and page, the envelope around the answer, idempotency keys."""
