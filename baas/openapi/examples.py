"""Examples that could have happened: made from the schemas, with values that the names of fields suggest.

One story runs through all of them: a shop in Buenos Aires sells two calabash mates to Ana.
"""

import re
from typing import Any, Final
from uuid import UUID

from baas.core import ids

_FIRST: Final = 0x01980A5C_6B3E_7000_8000_000000000000
"""A UUIDv7 of July 2025; each kind of object has its own after it."""
_PREFIXES: Final = {
    "Product": "prod",
    "CategoryRef": "cat",
    "Category": "cat",
    "CategoryNode": "cat",
    "VariantView": "var",
    "ImageView": "img",
    "Level": "var",
    "Movement": "mov",
    "Cart": "cart",
    "CartItem": "item",
    "Customer": "cus",
    "ErasedCustomer": "cus",
    "Order": "ord",
    "OrderDetail": "ord",
    "StorefrontOrder": "ord",
    "OrderItem": "oitem",
    "Payment": "pay",
    "StorefrontPayment": "pay",
    "Refund": "re",
    "HistoryEntry": "phis",
    "StoredEvent": "evt",
    "Endpoint": "we",
    "EndpointWithSecret": "we",
    "Delivery": "whd",
    "DeliveryWithAttempts": "whd",
    "Import": "imp",
    "StoreOut": "store",
    "StorefrontStore": "store",
    "ApiKeyOut": "key",
    "CreatedApiKey": "key",
    "AuditLineOut": "aud",
    "Deleted": "prod",
    "FlaggedPayment": "pay",
    "ReconciliationRun": "prec",
    "Notification": "ntf",
    "NotificationDetail": "ntf",
}
"""struct -> the kind of its `id`."""
_ID_FIELDS: Final = {
    "product_id": "prod",
    "variant_id": "var",
    "image_id": "img",
    "category_id": "cat",
    "parent_id": "cat",
    "cart_id": "cart",
    "item_id": "item",
    "order_id": "ord",
    "payment_id": "pay",
    "refund_id": "re",
    "customer_id": "cus",
    "event_id": "evt",
    "endpoint_id": "we",
    "delivery_id": "whd",
    "import_id": "imp",
    "key_id": "key",
    "order_item_id": "oitem",
    "notification_id": "ntf",
    "store_id": "store",
}
"""field -> the kind of what it refers to."""


def public_id(kind: str, number: int = 0) -> str:
    """An id for an example: always the same for the same kind and number."""
    serial = int.from_bytes(kind.encode().ljust(5, b"_")[:5], "big")
    return ids.encode(kind, UUID(int=_FIRST + (serial << 16) + number))


_DESCRIPTION: Final = "<p>Calabaza forrada en cuero, virola de alpaca cincelada.</p>"
_FIELDS: Final[dict[str, Any]] = {
    "to": "ana@example.com",
    "template_version": 3,
    "template_key": "order_shipped",
    "sender_name": "Mates del Sur",
    "reply_to": "hola@mates.example",
    "alerts_to": "pedidos@mates.example",
    "action_url": None,
    "about": public_id("ord"),
    "access_token": "oat_8Yc2mQpT5vKxN1rWz4LbHs7D",
    "action": "store.updated",
    "actor": f"secret:{public_id('key')}",
    "actor_id": public_id("key"),
    "actor_kind": "secret",
    "alt": "Mate imperial con bombilla",
    "allowed_origins": ["https://mates.example"],
    "amount": 4130000,
    "amount_paid": 4130000,
    "amount_refunded": 0,
    "api_version": "2026-11-01",
    "available": 12,
    "average": 4130000,
    "barcode": "7790001000019",
    "brand": {"color": "#7a3b12", "footer": "Mates del Sur, Buenos Aires"},
    "by_status": {"paid": 3, "shipped": 5},
    "cancel_reason": None,
    "cancelled_at": None,
    "carrier": "Correo Argentino",
    "catalog_version": 42,
    "city": "Buenos Aires",
    "client_secret": "pi_3Qx_secret_9fK",
    "code": "image_url_invalid",
    "company": None,
    "compare_at_price": 2290000,
    "consecutive_failures": 0,
    "count": 17,
    "country": "AR",
    "created": 18,
    "credentials": {"access_token": "APP_USR-1234567890"},
    "currency": "ARS",
    "cursor": None,
    "data": {"id": public_id("ord"), "number": "#1001", "status": "paid", "total": 4130000},
    "deduplication_key": "quote-771",
    "delivered_at": None,
    "description": None,
    "detail": None,
    "disabled_reason": None,
    "discount": 0,
    "discount_codes": [],
    "discount_total": 0,
    "domain": "mates.example",
    "duration_ms": 84,
    "email": "ana@example.com",
    "error": None,
    "event_type": "order.paid",
    "event_types": ["order.*", "payment.paid"],
    "expected_total": 4130000,
    "expires_at": None,
    "expires_in_days": 365,
    "failed": 1,
    "failing_since": None,
    "failure_code": None,
    "filename": "products_export.csv",
    "flags": [],
    "grace_seconds": 3600,
    "gross": 33040000,
    "handle": "mate-imperial",
    "image_url": "https://cdn.mates.example/mate-imperial.jpg",
    "items_sold": 16,
    "last_four": "tMvN",
    "limit": 20,
    "line1": "Av. Corrientes 1234",
    "line2": "4º B",
    "locale": "es-AR",
    "low_stock_at": 3,
    "max": 2190000,
    "message": "The image's address is not https; the product was imported without it.",
    "metadata": {},
    "min": 1890000,
    "name": "Mate imperial",
    "needs_credentials": ["access_token"],
    "net": 33040000,
    "new": {"name": "Mates del Sur"},
    "next_attempt_at": None,
    "next_cursor": None,
    "next_since": None,
    "note": None,
    "number": "#1001",
    "old": {"name": "Mates"},
    "on_hand": 14,
    "on_hand_change": -2,
    "option_values": ["Negro"],
    "orders": 9,
    "paid_orders": 8,
    "payer_email": "ana@example.com",
    "period": "2026-11",
    "phone": "+54 11 5555 0101",
    "placed_from": None,
    "placed_to": None,
    "plan": "pro",
    "position": 1,
    "postal_code": "C1043",
    "prefix": "sk_test_4bW9",
    "previous_secret_ends_at": None,
    "price": 1890000,
    "problem": None,
    "product_name": "Mate imperial",
    "product_type": "Mates",
    "provider": "sandbox",
    "provider_payment_id": "sbx_01k0557ab",
    "provider_refund_id": None,
    "provider_status": "approved",
    "publishable_key": "pk_test_7Hs2KdLm9QwErTy4UiOp1AsDf6GhJk3ZxCv8BnMbVcX",
    "quantity": 2,
    "reason": None,
    "recipient": "ana@example.com",
    "reference": "web-20931",
    "refunded": 0,
    "region": "CABA",
    "request_id": public_id("req"),
    "reserved": 2,
    "reserved_change": -2,
    "response_body": "ok",
    "response_status": 200,
    "return_url": "https://mates.example/gracias",
    "returned_at": None,
    "rows": 42,
    "row": 7,
    "sandbox_token": "approved",
    "scopes": ["catalog:read", "orders:read", "orders:write"],
    "secret": "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
    "secret_key": "sk_test_4bW9xKqT2mVz7Ls1RnYc8HpJ5dGf3AuE6iXoB0QtMvN",
    "sequence": 2,
    "shipped_at": None,
    "shipping_method_id": "standard",
    "shipping_price": 350000,
    "shipping_total": 350000,
    "skipped": 1,
    "sku": "MATE-IMP-NEGRO",
    "slug": "mates",
    "source": "notification",
    "status_code": 200,
    "subject": public_id("ord"),
    "subtotal": 3780000,
    "success": True,
    "tags": ["mate", "regalo"],
    "tax": 656033,
    "tax_id": None,
    "tax_rate": 2100,
    "tax_total": 716777,
    "title": "Mate imperial de calabaza",
    "total": 4130000,
    "type": "order.paid",
    "unit_price": 1890000,
    "update": 1,
    "updated": 0,
    "url": "https://mates.example/hooks/baas",
    "used": 128,
    "values": ["Negro", "Marrón"],
    "variant_ids": [public_id("var")],
    "variant_name": "Negro",
    "vendor": "Talabartería Sur",
    "version": "v1",
    "webhook_secret": "6d5f0c2ab91e",
    "weight_grams": 320,
}
"""Values for fields by their names."""
_EXACT: Final[dict[str, Any]] = {
    "Address.name": "Ana García",
    "AddressView.name": "Ana García",
    "AuditLineOut.address": "203.0.113.7",
    "AuditLineOut.subject": public_id("store"),
    "CartItem.available": True,
    "CartItem.total": 3780000,
    "Category.name": "Mates",
    "CategoryNode.children": [],
    "CategoryNode.name": "Mates",
    "CategoryNode.parent_id": None,
    "CategoryPatch.name": "Mates y bombillas",
    "CategoryPatch.parent_id": None,
    "Category.parent_id": None,
    "CategoryRef.name": "Mates",
    "Content.body": "Hola Ana, tu pedido #1001 está en camino.",
    "Content.html": "<p>Hola Ana, tu pedido #1001 está en camino.</p>",
    "Content.subject": "Tu pedido #1001 está en camino",
    "CreatedApiKey.key": "sk_test_4bW9xKqT2mVz7Ls1RnYc8HpJ5dGf3AuE6iXoB0QtMvN",
    "CreateApiKey.name": "back office",
    "ApiKeyOut.name": "back office",
    "CreatedApiKey.name": "back office",
    "Customer.name": "Ana García",
    "EndpointTest.message": "This is a test of your webhook endpoint.",
    "CreateCategory.name": "Mates",
    "CreateCategory.parent_id": None,
    "CreateEndpoint.description": "The shop's back office",
    "Checkout.stripe_mode": None,
    "CreateOrderRefund.amount": 1000000,
    "CreateOrderRefund.items": None,
    "CreateOrderRefund.overpayment": False,
    "CreateOrderRefund.reason": "One of them arrived broken.",
    "CreatePayment.stripe_mode": None,
    "RetryPayment.stripe_mode": None,
    "Finding.detail": "The provider has it as approved; so do we now.",
    "FlaggedNotification.outcome": "unknown_payment",
    "FlaggedNotification.provider": "mercadopago",
    "FlaggedNotification.provider_event_id": "1234567890",
    "FlaggedNotification.type": "payment",
    "FlaggedPayment.flags": ["amount_mismatch"],
    "Finding.kind": "repaired",
    "ReconciliationRun.provider": "mercadopago",
    "ReconciliationRun.source": "schedule",
    "Received.duplicate": False,
    "CreateOrder.discount_total": 0,
    "CreateOrder.paid": True,
    "CreatePayment.order_id": None,
    "CreatePayment.payer": {"email": "ana@example.com"},
    "CreateProduct.categories": [public_id("cat")],
    "ProductPatch.categories": [public_id("cat")],
    "CreateProduct.description": _DESCRIPTION,
    "CreateProduct.status": "active",
    "CreateRefund.amount": 1000000,
    "CreateRefund.reason": "One of them arrived broken.",
    "CreateStore.name": "Mates del Sur",
    "CreateStore.slug": "mates-del-sur",
    "Endpoint.description": "The shop's back office",
    "EndpointWithSecret.description": "The shop's back office",
    "ErrorBody.code": "not_found",
    "ErrorBody.details": {},
    "ErrorBody.message": "There is no such object in this store.",
    "ImageInput.url": "https://cdn.mates.example/mate-imperial.jpg",
    "ImageInput.variant_ids": [],
    "ImagePatch.url": "https://cdn.mates.example/mate-imperial-2.jpg",
    "ImagePatch.variant_ids": [],
    "ImageView.url": "https://cdn.mates.example/mate-imperial.jpg",
    "HistoryEntry.from_status": "pending",
    "Import.problems": [
        {
            "row": 7,
            "handle": "bombilla-pico-de-loro",
            "code": "price_invalid",
            "message": "Variant Price: 12,5O is no price.",
        }
    ],
    "Import.updated": 3,
    "Level.on_hand": 14,
    "LimitUse.description": "products in the catalogue",
    "LimitUse.limit": 10000,
    "LimitUse.name": "products",
    "Movement.reason": "sold",
    "NewItem.name": None,
    "NewItem.unit_price": None,
    "NewItem.sku": None,
    "OperatorUpdateStore.limits": {"products": 25000},
    "OperatorUpdateStore.name": "Mates del Sur",
    "OptionInput.name": "Color",
    "OptionView.name": "Color",
    "Order.source": "storefront",
    "EmailSettings.host": None,
    "EmailSettings.port": None,
    "EmailSettings.provider": "deployment",
    "EmailSettings.security": None,
    "EmailSettings.username": None,
    "EmailSettings.has_secret": False,
    "Notification.channel": "email",
    "Notification.provider": "smtp",
    "Notification.provider_message_id": "<01k0557ab@mates.example>",
    "Notification.resent_from": None,
    "Notification.subject": "Tu pedido #1001 está en camino",
    "NotificationDetail.channel": "email",
    "NotificationDetail.provider": "smtp",
    "NotificationDetail.provider_message_id": "<01k0557ab@mates.example>",
    "NotificationDetail.resent_from": None,
    "NotificationDetail.subject": "Tu pedido #1001 está en camino",
    "NotificationAttemptOut.number": 1,
    "NotificationAttemptOut.provider": "smtp",
    "NotificationAttemptOut.outcome": "sent",
    "NotificationDetail.data": {"order": {"number": "#1001"}},
    "Preview.body": "Hola, tu pedido {{ order.number }} está en camino.",
    "Preview.data": None,
    "Preview.html": None,
    "Preview.notification_id": None,
    "Preview.subject": "Tu pedido {{ order.number }}",
    "Preview.version": None,
    "PutEmail.provider": "deployment",
    "PutSettings.brand": {"color": "#7a3b12", "footer": "Mates del Sur, Buenos Aires"},
    "PutSettings.email": {"provider": "deployment"},
    "PutSettings.rules": {"order_shipped": {"enabled": True, "channels": ["email"]}},
    "PutSettings.sender_email": None,
    "PutSettings.whatsapp": None,
    "PutTemplate.body": "Hola, tu pedido {{ order.number }} está en camino.",
    "PutTemplate.channel": "email",
    "PutTemplate.html": None,
    "PutTemplate.provider_template": None,
    "PutTemplate.subject": "Tu pedido {{ order.number }} está en camino",
    "Rule.audience": "customer",
    "Rule.channels": ["email"],
    "Rule.event_type": "order.shipped",
    "SendNotification.body": "Tu mate está listo para retirar.",
    "SendNotification.channel": "email",
    "SendNotification.data": {},
    "SendNotification.subject": "Tu mate está listo",
    "SendNotification.template_key": None,
    "Settings.locale": "es-AR",
    "Settings.sender_email": None,
    "Settings.whatsapp": None,
    "Template.created_by": public_id("key"),
    "Template.key": "order_shipped",
    "TestClock.now": "2026-11-24T14:03:27.512Z",
    "TestClock.offset_seconds": 259200,
    "Template.version": 3,
    "TemplateSummary.key": "order_shipped",
    "TemplateSummary.version": 3,
    "Template.body": "Hola, tu pedido {{ order.number }} está en camino.",
    "Template.channel": "email",
    "Template.html": None,
    "Template.provider_template": None,
    "Template.subject": "Tu pedido {{ order.number }} está en camino",
    "TemplateSummary.channel": "email",
    "TestSend.channel": "email",
    "TestSend.data": None,
    "TestSend.version": None,
    "OrderDetail.source": "storefront",
    "OrderItem.total": 3780000,
    "Payment.description": "Order #1001",
    "Product.description": _DESCRIPTION,
    "ProductPatch.description": _DESCRIPTION,
    "ProductPatch.name": "Mate imperial de calabaza",
    "PublishEvent.data": {"quote": 771, "total": 4130000},
    "PublishEvent.subject": "quote_771",
    "PublishEvent.type": "custom.quote_requested",
    "PutPaymentProvider.credentials": None,
    "PutPaymentProvider.webhook_secret": None,
    "Redirect.type": "redirect",
    "Redirect.url": f"https://api.example/sandbox/{public_id('store')}/{public_id('pay')}/Qm7sV",
    "Refund.amount": 1000000,
    "Refund.reason": "One of them arrived broken.",
    "Brand.color": "#7a3b12",
    "Brand.footer": "Mates del Sur, Buenos Aires",
    "Brand.logo_url": "https://mates.example/logo.png",
    "Brand.name": "Mates del Sur",
    "Brand.url": "https://mates.example",
    "Brand.order_url": "https://mates.example/pedidos/{id}",
    "Brand.cart_url": "https://mates.example/carrito/{id}",
    "ClientSecret.type": "client_secret",
    "Seo.description": "Calabaza forrada en cuero, con virola de alpaca.",
    "SeoView.description": "Calabaza forrada en cuero, con virola de alpaca.",
    "StoreOut.flags": {},
    "StoreOut.limits": {},
    "StoreOut.name": "Mates del Sur",
    "StoreOut.settings": {"tax_rate": 2100, "shipping_price": 350000},
    "StoreOut.slug": "mates-del-sur",
    "StorefrontStore.name": "Mates del Sur",
    "StoreSettings.admin_origins": [],
    "Tracking.number": "CP123456789AR",
    "Tracking.url": "https://correo.example/CP123456789AR",
    "Attempt.number": 1,
    "Transition.from_status": "payment_pending",
    "UpdateCart.shipping_method_id": "standard",
    "UpdateEndpoint.description": "The shop's back office",
    "UpdateStore.name": "Mates del Sur",
    "Usage.limits": [
        {"name": "products", "description": "products in the catalogue", "limit": 10000, "used": 128}
    ],
    "VariantView.name": "Negro",
}
"""Values for one field of one struct, where the name alone would mislead."""
_USUAL: Final = (
    *("paid", "active", "delivered", "enabled", "done", "succeeded", "deny", "physical", "test", "secret"),
    *("received", "moved", "api", "storefront", "failed"),
)
"""Words that enumerations show, the first that is among theirs."""
_USUALLY_FALSE: Final = frozenset(
    {"price_changed", "needs_attention", "oversold", "ordered", "low_stock", "restock", "has_more"}
)
_MOMENT: Final = "2026-11-21T14:03:27.512Z"


class Examples:
    """Makes examples from the document's own schemas."""

    def __init__(self, components: dict[str, dict[str, Any]]) -> None:
        self._components = components

    def of(self, schema: dict[str, Any], *, struct: str = "", field: str = "", depth: int = 0) -> Any:
        """An example of a schema; `struct` and `field` say where it stands."""
        exact = f"{struct}.{field}"
        if exact in _EXACT:
            return _EXACT[exact]
        if field == "id" and struct in _PREFIXES:
            return public_id(_PREFIXES[struct])
        if field in _ID_FIELDS and _takes_text(schema):
            return public_id(_ID_FIELDS[field])
        if field in _FIELDS and self._fits(_FIELDS[field], schema):
            return _FIELDS[field]
        return self._from(schema, struct, field, depth)

    def _from(self, schema: dict[str, Any], struct: str, field: str, depth: int) -> Any:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._from(self._components[name], name, field, depth + 1)
        for word in ("const", "default"):
            if schema.get(word) not in (None, [], {}):
                return schema[word]
        if schema.get("examples"):
            return schema["examples"][0]
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            chosen = next((choice for choice in choices if choice.get("type") != "null"), choices[0])
            return self.of(chosen, struct=struct, field=field, depth=depth)
        if "enum" in schema:
            return next((word for word in _USUAL if word in schema["enum"]), schema["enum"][0])
        match schema.get("type"):
            case "object":
                return self._object(schema, struct, depth)
            case "array":
                item = schema.get("items", {})
                return [self.of(item, depth=depth)] if depth < 6 or schema.get("minItems") else []
            case "integer":
                return max(1, schema.get("minimum", 1))
            case "boolean":
                return field not in _USUALLY_FALSE
            case "string":
                return self._text(schema, field)
        return {}

    def _object(self, schema: dict[str, Any], struct: str, depth: int) -> dict[str, Any]:
        return {
            name: self.of(property_, struct=struct, field=name, depth=depth)
            for name, property_ in schema.get("properties", {}).items()
        }

    def _text(self, schema: dict[str, Any], field: str) -> str:
        if (
            schema.get("format") == "date-time"
            or field.endswith("_at")
            or field in {"at", "timestamp", "since", "until"}
        ):
            return _MOMENT
        if schema.get("format") == "binary":
            return "products_export.csv"
        return field.replace("_", " ")[: schema.get("maxLength", 80)] or "text"

    def _fits(self, value: Any, schema: dict[str, Any]) -> bool:
        """Whether a value suggested by a name has the type that the schema wants."""
        if "$ref" in schema:
            target = self._components[schema["$ref"].rpartition("/")[2]]
            return "enum" in target and value in target["enum"]
        if "enum" in schema:
            return value in schema["enum"]
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            return any(self._fits(value, choice) for choice in choices)
        kinds = {"string": str, "array": list, "object": dict, "boolean": bool, "null": type(None)}
        kind = schema.get("type")
        if kind == "integer":
            low, high = schema.get("minimum", value), schema.get("maximum", value)
            return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        if kind == "object" and schema.get("properties"):
            return False
        if kind == "string" and isinstance(value, str) and "pattern" in schema:
            return re.search(schema["pattern"], value) is not None
        if kind == "array" and isinstance(value, list):
            return all(self._fits(item, schema.get("items", {})) for item in value)
        return kind is None or isinstance(value, kinds[kind])


def _takes_text(schema: dict[str, Any]) -> bool:
    choices = schema.get("anyOf", [schema])
    return any(choice.get("type") == "string" for choice in choices)
