"""Data to look at a template with, made of what a shop of the region might sell."""

from typing import Any, Final

_ITEMS: Final = [
    {
        "product_name": "Mate de calabaza",
        "variant_name": "Cuero negro",
        "sku": "MATE-NEG",
        "quantity": 1,
        "unit_price": 1_850_000,
        "total": 1_850_000,
        "image_url": None,
    },
    {
        "product_name": "Yerba orgánica",
        "variant_name": "500 g",
        "sku": "YERBA-500",
        "quantity": 2,
        "unit_price": 420_000,
        "total": 840_000,
        "image_url": None,
    },
]
_ADDRESS: Final = {
    "name": "Ana Ferreyra",
    "line1": "Av. Corrientes 1234",
    "line2": "4º B",
    "city": "Buenos Aires",
    "region": "CABA",
    "postal_code": "C1043",
    "country": "AR",
    "phone": "+54 9 11 5555-0101",
}
_ORDER: Final = {
    "id": "ord_01h455vb4pex5vsknk084sn02q",
    "number": "#1001",
    "status": "paid",
    "payment_status": "paid",
    "currency": "ARS",
    "items": _ITEMS,
    "subtotal": 2_690_000,
    "discount_total": 200_000,
    "shipping_total": 350_000,
    "tax_total": 492_893,
    "prices_include_tax": True,
    "total": 2_840_000,
    "amount_paid": 2_840_000,
    "amount_refunded": 0,
    "email": "ana@example.com",
    "shipping_address": _ADDRESS,
    "placed_at": "2026-03-14T15:09:26.000Z",
    "tracking": {
        "carrier": "Correo Argentino",
        "number": "CA123456789AR",
        "url": "https://example.com/track/CA123456789AR",
    },
    "cancel_reason": None,
}
_CART: Final = {
    "id": "cart_01h455vb4pex5vsknk084sn02q",
    "currency": "ARS",
    "email": "ana@example.com",
    "items": _ITEMS,
    "subtotal": 2_690_000,
    "total": 2_690_000,
}
_LINK: Final = "https://example.com/"

SAMPLES: Final[dict[str, dict[str, Any]]] = {
    **{
        key: {"order": _ORDER, "customer_name": "Ana", "action_url": f"{_LINK}orders/1001"}
        for key in ("order_confirmation", "payment_received", "payment_failed", "order_delivered")
    },
    "order_shipped": {"order": {**_ORDER, "status": "shipped"}, "customer_name": "Ana"},
    "order_cancelled": {
        "order": {**_ORDER, "status": "cancelled", "cancel_reason": "Sin stock"},
        "customer_name": "Ana",
    },
    "refund": {"order": {**_ORDER, "amount_refunded": 420_000}, "customer_name": "Ana"},
    "download_ready": {
        "download": {"name": "Guía de cata.pdf", "expires_at": "2026-03-21T15:09:26.000Z"},
        "customer_name": "Ana",
        "action_url": f"{_LINK}download/abc",
    },
    "password_reset": {"customer_name": "Ana", "action_url": f"{_LINK}reset/abc", "expires_minutes": 60},
    "email_verification": {"customer_name": "Ana", "action_url": f"{_LINK}verify/abc"},
    "abandoned_cart": {"cart": _CART, "customer_name": "Ana", "action_url": f"{_LINK}cart"},
    "low_stock": {
        "variant": {
            "variant_id": "var_01h455vb4pex5vsknk084sn02q",
            "product_name": "Yerba orgánica",
            "variant_name": "500 g",
            "sku": "YERBA-500",
            "available": 3,
            "low_stock_at": 5,
        }
    },
    "webhook_disabled": {
        "endpoint": {
            "id": "we_01h455vb4pex5vsknk084sn02q",
            "url": "https://shop.example/hooks/baas",
            "disabled_reason": "Every attempt of the last five days failed.",
            "disabled_code": "failed",
        }
    },
}
"""For each built-in template, what an event would bring."""
