"""A store with one of everything, and for every route the request that asks for it."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from litestar import Litestar

from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.openapi import build_document
from baas.openapi.endpoints import Endpoint
from baas.openapi.story import public_id
from baas.worker import Worker
from tests.clients import ADDRESS, Shop, drain

CSV = (
    "Handle,Title,Body (HTML),Vendor,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,"
    "Variant Price,Status\n"
    "{handle},Bombilla {handle},<p>Alpaca</p>,Sur,mate,true,Title,Default Title,{handle}-1,5,12.50,active\n"
)


@dataclass
class World:
    """What a store has: a public id for each kind, and for each path parameter."""

    shop: Shop
    ids: dict[Kind, str] = field(default_factory=dict)
    """kind -> public id."""
    parameters: dict[str, str] = field(default_factory=dict)
    """path parameter (`product_id`) -> its value."""
    own: dict[str, dict[str, str]] = field(default_factory=dict)
    """operation -> parameters that only it needs: an order in the right state, a token."""

    def path_of(self, operation: Endpoint) -> str:
        """The address of an operation for this store's objects. Raises KeyError where nobody said how."""
        values = {**self.parameters, **self.own.get(operation.id, {})}
        path = re.sub(r"\{([a-z_]+)\}", lambda match: values[match[1]], operation.path)
        query = self.own.get(operation.id, {}).get("?")
        return f"{path}?{query}" if query else path

    def localised(self, example: Any) -> Any:
        """An example of the document, with this store's ids in the places of its ids."""
        text = json.dumps(example)
        for kind, identity in self.ids.items():
            text = text.replace(public_id(kind), identity)
        body = json.loads(text)
        if isinstance(body, dict):
            # The example's cart costs something else.
            body.pop("expected_total", None)
        return body


async def build(shop: Shop, worker: Worker) -> World:
    """Fill a store over the API, as a client would."""
    world = World(shop)

    async def made(method: str, path: str, body: Any = None, *, storefront: bool = False) -> dict[str, Any]:
        send = shop.storefront if storefront else shop.admin
        response = await send(method, path, json=body)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text[:800]}"
        data: dict[str, Any] = response.json()["data"]
        return data

    await _catalogue(world, made)
    await _selling(world, made)
    await _talking(world, made, worker)
    keys = await made("GET", "/admin/api-keys")
    extra = await made("POST", "/admin/api-keys", {"kind": "secret", "name": "to be rotated"})
    world.ids[Kind.API_KEY] = world.parameters["key_id"] = extra["id"]
    assert len(list(keys)) == 2
    world.ids[Kind.STORE] = world.parameters["store_id"] = shop.id
    world.parameters["flag"] = "new-checkout"
    await made("PUT", "/admin/payment-providers/sandbox", {"enabled": True})
    world.parameters["provider"] = "sandbox"
    return world


async def _catalogue(world: World, made: Any) -> None:
    category = await made("POST", "/admin/categories", {"name": f"Mates de {world.shop.slug}"})
    product = await made(
        "POST",
        "/admin/products",
        {
            "name": f"Mate de {world.shop.slug}",
            "status": "active",
            "options": [{"name": "Color"}],
            "variants": [
                {"option_values": ["Rojo"], "price": 1_890_000, "sku": "M-R", "on_hand": 500},
                {"option_values": ["Azul"], "price": 1_990_000, "sku": "M-A", "on_hand": 500},
            ],
            "images": [{"url": "https://cdn.example/mate.jpg"}],
            "categories": [category["id"]],
            "tags": ["mate"],
        },
    )
    files = {"file": ("products.csv", CSV.format(handle=f"bombilla-{world.shop.slug}"), "text/csv")}
    response = await world.shop.admin(
        "POST", "/admin/imports", files=files, data={"format": "shopify"}, expect=201
    )
    world.ids |= {
        Kind.CATEGORY: category["id"],
        Kind.PRODUCT: product["id"],
        Kind.VARIANT: product["variants"][0]["id"],
        Kind.IMAGE: product["images"][0]["id"],
        Kind.IMPORT: response.json()["data"]["id"],
    }
    world.parameters |= {
        "category_id": category["id"],
        "product_id": product["id"],
        "variant_id": product["variants"][0]["id"],
        "image_id": product["images"][0]["id"],
        "import_id": world.ids[Kind.IMPORT],
        "slug": category["slug"],
        "ref": product["handle"],
    }


async def _selling(world: World, made: Any) -> None:
    items = {"items": [{"variant_id": world.ids[Kind.VARIANT], "quantity": 1}], "email": "ana@example.com"}
    cart = await made("POST", "/storefront/carts", items, storefront=True)
    other_cart = await made("POST", "/storefront/carts", items, storefront=True)
    world.ids |= {Kind.CART: other_cart["id"], Kind.CART_ITEM: cart["items"][0]["id"]}
    world.parameters |= {"cart_id": cart["id"], "item_id": cart["items"][0]["id"]}

    async def ordered(**body: Any) -> dict[str, Any]:
        bought = await made("POST", "/storefront/carts", items, storefront=True)
        agreed = {"provider": "sandbox", "shipping_address": ADDRESS, **body}
        placed: dict[str, Any] = await made(
            "POST", f"/storefront/carts/{bought['id']}/checkout", agreed, storefront=True
        )
        return placed

    async def taken(*steps: str) -> str:
        order = await made(
            "POST", "/admin/orders", {"items": items["items"], "paid": True, "email": "ana@example.com"}
        )
        for step in steps:
            await made("POST", f"/admin/orders/{order['id']}/{step}", {})
        identity: str = order["id"]
        return identity

    open_order = await ordered()
    failed = await ordered(sandbox_token="rejected")
    approved = await ordered(sandbox_token="approved")
    refund = await made(
        "POST",
        f"/admin/payments/{approved['payment']['id']}/refunds",
        {"amount": 1_000, "reason": "scratched"},
    )
    order = open_order["order"]
    world.ids |= {Kind.ORDER: order["id"], Kind.PAYMENT: approved["payment"]["id"], Kind.REFUND: refund["id"]}
    world.parameters |= {"order_id": order["id"], "payment_id": approved["payment"]["id"]}
    world.own |= {
        "get_storefront_order": {"?": f"token={order['access_token']}"},
        "get_storefront_order_receipt": {"?": f"token={order['access_token']}"},
        "retry_order_payment": {
            "order_id": failed["order"]["id"],
            "?": f"token={failed['order']['access_token']}",
        },
        "fulfill_order": {"order_id": await taken()},
        "ship_order": {"order_id": await taken("fulfill")},
        "deliver_order": {"order_id": await taken("ship")},
        "return_order": {"order_id": await taken("ship", "deliver")},
        "refund_order": {"order_id": approved["order"]["id"]},
    }
    store_id, payment_id, token = open_order["payment"]["next_action"]["url"].split("/")[-3:]
    for operation in ("show_sandbox_page", "decide_sandbox_payment"):
        world.own[operation] = {"store_id": store_id, "payment_id": payment_id, "token": token}


async def _talking(world: World, made: Any, worker: Worker) -> None:
    endpoint = await made(
        "POST", "/admin/webhook-endpoints", {"url": "http://127.0.0.1:9/hook", "event_types": ["*"]}
    )
    event = await made("POST", "/admin/events", {"type": "custom.quote_requested", "data": {"id": 1}})
    template = {"locale": "es-AR", "subject": "Hola", "body": "Hola {{ name }}"}
    key = f"welcome-{world.shop.slug}"
    await made("PUT", f"/admin/notification-templates/{key}", template)
    message = await made(
        "POST", "/admin/notifications", {"to": "ana@example.com", "subject": "Hola", "body": "Hola"}
    )
    world.ids[Kind.NOTIFICATION] = world.parameters["notification_id"] = message["id"]
    world.parameters |= {"key": key, "version": "1"}
    world.own["activate_notification_template"] = {"?": "locale=es-AR"}
    await drain(worker, "relay", "notifications")
    deliveries: Any = await made("GET", f"/admin/webhook-deliveries?event_id={event['id']}")
    await _dead_handler(worker, event["id"])
    world.ids |= {Kind.ENDPOINT: endpoint["id"], Kind.EVENT: event["id"], Kind.DELIVERY: deliveries[0]["id"]}
    world.parameters |= {
        "endpoint_id": endpoint["id"],
        "event_id": event["id"],
        "delivery_id": deliveries[0]["id"],
    }


async def _dead_handler(worker: Worker, event_id: str) -> None:
    """A handler that has failed on this event for good, so that there is something to try again."""
    async with worker.runtime.database.relay(reason="a test fills a store") as system:
        await system.execute(
            "insert into event_jobs (store_id, id, event_id, handler, attempts, error, error_class, failed_at, dead_at)"
            " select store_id, $2, id, 'orders.payment_paid', 20, 'a test', 'ValueError', now(), now()"
            " from events where id = $1",
            ids.decode(Kind.EVENT, event_id),
            ids.new_id(),
        )


def bodies(app: Litestar) -> dict[str, Any]:
    """operation -> the example of its JSON body."""
    document = build_document(app, "http://testserver")
    return {
        operation["operationId"]: operation["requestBody"]["content"]["application/json"]["example"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
