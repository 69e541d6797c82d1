"""What a fake shop does."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

from baas_sdk._models.operations import OPERATIONS
from baas_sdk.testing._events import new_id
from baas_sdk.testing._state import Refused, State, moment

_STEPS = {
    "pending": ("payment_pending", "cancelled"),
    "payment_pending": ("paid", "payment_failed", "cancelled"),
    "payment_failed": ("payment_pending", "cancelled"),
    "paid": ("processing", "shipped", "delivered", "cancelled"),
    "processing": ("shipped", "cancelled"),
    "shipped": ("delivered", "returned"),
    "delivered": ("returned",),
}
_ACTIONS = {
    "orders.cancel": "cancelled",
    "orders.fulfill": "processing",
    "orders.ship": "shipped",
    "orders.deliver": "delivered",
    "orders.return_": "returned",
}


def perform(
    state: State, operation: str, path: str, ids: Mapping[str, str], query: Mapping[str, str], body: Any
) -> Any:
    """What an operation answers, after it has done its work."""
    method, _, place = OPERATIONS[operation]
    if place in _ACTIONS:
        return _act(state, ids["order_id"], _ACTIONS[place], body)
    rule = _RULES.get(place)
    if rule is not None:
        return rule(state, {**ids, **query}, body)
    return _by_example(state, operation, method, path, ids, query, body)


def _by_example(
    state: State,
    operation: str,
    method: str,
    path: str,
    ids: Mapping[str, str],
    query: Mapping[str, str],
    body: Any,
) -> Any:
    word = OPERATIONS[operation][2].rpartition(".")[2]
    collection = path.replace("/storefront/", "/admin/", 1)
    if word == "list":
        wanted = {name: value for name, value in query.items() if name not in {"limit", "cursor", "include"}}
        return [
            item
            for item in reversed(list(state.all(collection).values()))
            if all(str(item[name]) == value for name, value in wanted.items() if name in item)
        ]
    if word in {"create", "publish"}:
        return state.add(collection, operation, body)
    above, _, id_ = collection.rpartition("/")
    if ids and id_ == list(ids.values())[-1] and id_ in state.all(above):
        found = state.one(above, id_)
        if method == "DELETE":
            del state.all(above)[id_]
            return {**state.example(operation), "id": id_}
        found |= {name: value for name, value in body.items() if name in found}
        return found
    if word == "get" and ids and above in state.collections:
        raise Refused("not_found", 404, "There is no such object in this store.")
    example = state.example(operation)
    if isinstance(example, dict):
        example |= {name: value for name, value in (body or {}).items() if name in example}
    return example


def create_product(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """A product with ids, handle, price range and stock."""
    variants = []
    shown = state.example("create_product")["variants"][0]
    for number, given in enumerate(body.get("variants", ()), 1):
        variant = {
            **copy.deepcopy(shown),
            "compare_at_price": None,
            "sku": None,
            "option_values": [],
            "name": "",
        }
        variant |= {name: value for name, value in given.items() if name in variant}
        variant |= {"id": new_id("var"), "position": number, "image_id": None}
        variant["name"] = " / ".join(variant["option_values"])
        state.stock[variant["id"]] = given.get("on_hand")
        variants.append(variant)
    handle = body.get("handle") or re.sub(r"[^a-z0-9]+", "-", body["name"].lower()).strip("-")
    prices = [variant["price"] for variant in variants] or [0]
    fields = {
        "status": "active", "options": [], "images": [], "categories": [], "tags": [], "description": "",
        **body, "handle": handle, "variants": variants,
        "price_range": {"min": min(prices), "max": max(prices)},
    }  # fmt: skip
    made = state.add("/admin/products", "create_product", fields)
    state.emit("product.created", made)
    return _with_stock(state, made)


def _with_stock(state: State, product: dict[str, Any]) -> dict[str, Any]:
    for variant in product["variants"]:
        left = state.stock.get(variant["id"])
        variant["available"], variant["in_stock"] = left, left is None or left > 0
    product["in_stock"] = any(variant["in_stock"] for variant in product["variants"])
    return product


def _product(state: State, reference: str) -> dict[str, Any]:
    for product in state.all("/admin/products").values():
        if reference in {product["id"], product["handle"]}:
            return _with_stock(state, product)
    raise Refused("not_found", 404, "There is no such object in this store.")


def _products(state: State, given: Mapping[str, Any], body: Any) -> list[dict[str, Any]]:
    del body
    words = str(given.get("q", "")).lower()
    return [
        _with_stock(state, product)
        for product in reversed(list(state.all("/admin/products").values()))
        if product["status"] == given.get("status", "active") and words in product["name"].lower()
    ]


def _sold(state: State, variant_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    for product in state.all("/admin/products").values():
        for variant in product["variants"]:
            if variant["id"] == variant_id:
                return product, variant
    raise Refused("not_found", 404, "There is no such variant in this store.")


def _cart(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    cart = state.add("carts", "create_cart", {"email": body.get("email"), "items": [], "status": "active"})
    cart |= {
        "shipping_address": None,
        "billing_address": None,
        "discount_codes": [],
        "shipping_method_id": None,
    }
    for item in body.get("items", ()):
        _add(state, {"cart_id": cart["id"]}, item)
    return _totals(cart)


def _totals(cart: dict[str, Any]) -> dict[str, Any]:
    cart["subtotal"] = sum(item["total"] for item in cart["items"])
    cart |= {"discount_total": 0, "shipping_total": 0, "tax_total": 0, "total": cart["subtotal"]}
    return cart


def _add(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    cart = state.one("carts", given["cart_id"])
    product, variant = _sold(state, body["variant_id"])
    line = next((item for item in cart["items"] if item["variant_id"] == variant["id"]), None)
    if line is None:
        line = {**state.example("add_cart_item")["items"][0], "id": new_id("item"), "quantity": 0}
        cart["items"].append(line)
    line |= {
        "variant_id": variant["id"], "product_id": product["id"], "product_name": product["name"],
        "variant_name": variant["name"], "sku": variant["sku"], "unit_price": variant["price"],
        "price_changed": False, "image_url": None,
    }  # fmt: skip
    return _set(
        state, {**given, "item_id": line["id"]}, {"quantity": line["quantity"] + body.get("quantity", 1)}
    )


def _set(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    cart = state.one("carts", given["cart_id"])
    for item in list(cart["items"]):
        if item["id"] == given["item_id"]:
            left = state.stock.get(item["variant_id"])
            item["quantity"] = body["quantity"]
            item["total"] = item["unit_price"] * item["quantity"]
            item["available"] = left is None or left >= item["quantity"]
            if not item["quantity"]:
                cart["items"].remove(item)
    return _totals(cart)


def _take(state: State, lines: list[dict[str, Any]]) -> None:
    for line in lines:
        left = state.stock.get(line.get("variant_id") or "")
        if left is not None and left < line["quantity"]:
            raise Refused(
                "insufficient_stock", 409, "There is not enough stock.",
                variant_id=line["variant_id"], asked=line["quantity"], available=left,
            )  # fmt: skip
    for line in lines:
        left = state.stock.get(line.get("variant_id") or "")
        if left is not None:
            state.stock[line["variant_id"]] = left - line["quantity"]


def _checkout(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    cart = state.one("carts", given["cart_id"])
    if cart["status"] != "active" or not cart["items"]:
        raise Refused("conflict", 409, "This cart cannot be checked out.", cart_status=cart["status"])
    expected = body.get("expected_total")
    if expected is not None and expected != cart["total"]:
        raise Refused(
            "price_changed", 409, "The total has changed.", expected_total=expected, total=cart["total"]
        )
    _take(state, cart["items"])
    cart["status"] = "converted"
    address = body.get("shipping_address") or cart["shipping_address"]
    order = _order(
        state,
        cart["items"],
        {**body, "email": body.get("email") or cart["email"], "shipping_address": address},
    )
    payment = _payment(state, {}, {**body, "order_id": order["id"], "amount": order["total"]})
    order["status"] = "payment_pending"
    shown = state.example("checkout")
    return {
        "order": {name: order.get(name, value) for name, value in shown["order"].items()}
        | {"access_token": "oat_" + order["id"]},
        "payment": {name: payment.get(name, value) for name, value in shown["payment"].items()},
    }


def _order(state: State, lines: list[dict[str, Any]], body: Mapping[str, Any]) -> dict[str, Any]:
    shown = state.example("create_order")["items"][0]
    items = [
        {
            **shown, **{name: value for name, value in line.items() if name in shown},
            "id": new_id("oitem"), "total": line["unit_price"] * line["quantity"], "discount": 0, "tax": 0,
        }
        for line in lines
    ]  # fmt: skip
    total = sum(item["total"] for item in items)
    fields = {
        **body, "items": items, "status": "pending", "payment_status": "pending", "subtotal": total,
        "discount_total": 0, "shipping_total": 0, "tax_total": 0, "total": total, "amount_paid": 0,
        "amount_refunded": 0, "paid_at": None, "shipped_at": None, "delivered_at": None, "cancelled_at": None,
        "returned_at": None, "tracking": None, "number": f"#{1001 + len(state.all('/admin/orders'))}",
        "reference": body.get("reference"),
    }  # fmt: skip
    order = state.add("/admin/orders", "create_order", fields)
    state.emit("order.created", order)
    return order


def _create_order(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    lines = []
    for given_line in body["items"]:
        line = {"product_name": given_line.get("name"), **given_line}
        if line.get("variant_id"):
            product, variant = _sold(state, line["variant_id"])
            line = {"unit_price": variant["price"], **line, "product_name": product["name"]}
        lines.append(line)
    _take(state, lines)
    order = _order(state, lines, body)
    if body.get("paid"):
        _move(state, order, "payment_pending")
        _move(state, order, "paid")
    return order


def _payment(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    shown = state.example("create_payment")
    action = {"type": "redirect", "url": "http://fake.shop/pay"}
    fields = {
        "currency": state.currency, "reference": None, "description": None, "order_id": None, "metadata": {},
        **{name: value for name, value in body.items() if name in shown}, "status": "pending", "refunds": [],
        "amount_refunded": 0, "paid_at": None, "next_action": action, "failure_code": None, "flags": [],
    }  # fmt: skip
    payment = state.add("/admin/payments", "create_payment", fields)
    state.emit("payment.created", payment)
    decided = {"approved": "paid", "rejected": "failed"}.get(body.get("sandbox_token") or "")
    if decided:
        settle(state, payment["id"], decided)
    return payment


def settle(state: State, payment_id: str, status: str) -> None:
    """A payment ends, and its order follows."""
    payment = state.one("/admin/payments", payment_id)
    payment |= {"status": status, "next_action": None}
    if status == "paid":
        payment["paid_at"] = moment()
    state.emit(f"payment.{status}", payment)
    order = state.all("/admin/orders").get(payment["order_id"] or "")
    if order is not None:
        order["status"] = "payment_pending"
        _move(state, order, "paid" if status == "paid" else "payment_failed")


def _refund(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    payment = state.one("/admin/payments", given["payment_id"])
    left = payment["amount"] - payment["amount_refunded"]
    amount = left if body.get("amount") is None else body["amount"]
    if payment["status"] not in {"paid", "partially_refunded"} or amount > left or not amount:
        raise Refused("conflict", 409, "There is not that much to give back.", left=left)
    fields = {
        "payment_id": payment["id"],
        "amount": amount,
        "reason": body.get("reason"),
        "status": "succeeded",
    }
    refund = {**state.example("create_refund"), **fields, "id": new_id("re"), "currency": payment["currency"]}
    payment["refunds"].append(refund)
    payment["amount_refunded"] += amount
    payment["status"] = "refunded" if amount == left else "partially_refunded"
    state.emit("payment.refunded", payment)
    return refund


def _act(state: State, order_id: str, status: str, body: Any) -> dict[str, Any]:
    order = state.one("/admin/orders", order_id)
    if (body or {}).get("tracking"):
        order["tracking"] = {"carrier": None, "number": None, "url": None, **body["tracking"]}
    if status == "cancelled" or (status == "returned" and (body or {}).get("restock")):
        for item in order["items"] if status != order["status"] else ():
            left = state.stock.get(item.get("variant_id") or "")
            if left is not None:
                state.stock[item["variant_id"]] = left + item["quantity"]
    return _move(state, order, status)


def _move(state: State, order: dict[str, Any], status: str) -> dict[str, Any]:
    if order["status"] == status:
        return order
    allowed = _STEPS.get(order["status"], ())
    if status not in allowed:
        raise Refused(
            "invalid_transition", 409, "That step is not allowed in the present state.",
            **{"from": order["status"], "to": status, "allowed": list(allowed)},
        )  # fmt: skip
    order["status"] = status
    if f"{status}_at" in order:
        order[f"{status}_at"] = moment()
    if status == "paid":
        order |= {"payment_status": "paid", "amount_paid": order["total"]}
    if status != "payment_pending":
        state.emit(f"order.{status}", order)
    return order


def _stock(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    variant_id = given["variant_id"]
    product, variant = _sold(state, variant_id)
    if "on_hand" in (body or {}):
        state.stock[variant_id] = body["on_hand"]
    elif (body or {}).get("quantity"):
        state.stock[variant_id] = (state.stock.get(variant_id) or 0) + body["quantity"]
    left = state.stock.get(variant_id)
    return {
        **state.example("get_inventory"), "variant_id": variant_id, "product_id": product["id"], "reserved": 0,
        "product_name": product["name"], "variant_name": variant["name"], "sku": variant["sku"],
        "on_hand": left or 0, "available": left or 0, "tracked": left is not None,
    }  # fmt: skip


def _publish(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    key = body.get("deduplication_key")
    for known in state.all("/admin/events").values():
        if key is not None and known.get("_key") == key:
            return {name: value for name, value in known.items() if name != "_key"}
    made = state.add("/admin/events", "create_event", body)
    state.emit(body["type"], body["data"])
    state.events[-1]["id"] = made["id"]
    answer = dict(made)
    made["_key"] = key
    return answer


def _storefront_order(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    order = state.one("/admin/orders", given["order_id"])
    if given.get("token") != "oat_" + order["id"]:
        raise Refused("not_found", 404, "There is no such object in this store.")
    shown = state.example("get_storefront_order")
    return {name: order.get(name) for name in shown if name != "access_token"}


def _updated(state: State, given: Mapping[str, Any], body: Any) -> dict[str, Any]:
    cart = state.one("carts", given["cart_id"])
    cart |= {name: value for name, value in body.items() if name in cart}
    return _totals(cart)


_RULES: dict[str, Any] = {
    "products.create": lambda state, given, body: create_product(state, body),
    "products.list": _products,
    "products.get": lambda state, given, body: _product(state, given["product_id"]),
    "storefront.products.list": _products,
    "storefront.products.get": lambda state, given, body: _product(state, given["ref"]),
    "storefront.carts.create": _cart,
    "storefront.carts.get": lambda state, given, body: _totals(state.one("carts", given["cart_id"])),
    "storefront.carts.update": _updated,
    "storefront.carts.add_item": _add,
    "storefront.carts.update_item": _set,
    "storefront.carts.remove_item": lambda state, given, body: _set(state, given, {"quantity": 0}),
    "storefront.carts.checkout": _checkout,
    "storefront.orders.get": _storefront_order,
    "orders.create": _create_order,
    "payments.create": _payment,
    "payments.refund": _refund,
    "inventory.get": _stock,
    "inventory.set": _stock,
    "inventory.adjust": _stock,
    "events.publish": _publish,
}
