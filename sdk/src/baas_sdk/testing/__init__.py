"""For your tests: events as the backend signs them, and a shop that runs without a server.

from baas_sdk import testing

request = testing.signed_event("order.paid", {"reference": "web-1"}, secret=SECRET)
response = client.post("/hooks/baas", content=request.body, headers=request.headers)

fake = testing.FakeShop()
fake.add_product("Mate", price=1890000, on_hand=3)
shop = fake.client()                              # a Client; fake.async_client() is an AsyncClient
"""

from baas_sdk.testing._events import SignedEvent, event, new_secret, signed_event
from baas_sdk.testing._shop import FakeCall, FakeShop

__all__ = ["FakeCall", "FakeShop", "SignedEvent", "event", "new_secret", "signed_event"]
