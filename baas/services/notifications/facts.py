"""What every template may use beside its own data: the store, its brand, the language, the moment."""

import re
from typing import Any, Final
from urllib.parse import quote

from baas.core.scope import StoreScope
from baas.core.values import clock
from baas.services.notifications.rules import name_in

DEFAULT_COLOR: Final = "#4f46e5"
_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")


def brand_of(scope: StoreScope, own: dict[str, Any]) -> dict[str, Any]:
    """The store's looks: what its notification settings say, then what the store's own settings say."""
    general = scope.store.settings.get("brand")
    merged = {**(general if isinstance(general, dict) else {}), **own}
    color = merged.get("color")
    return {
        "name": merged.get("name") or scope.store.name,
        "color": color if isinstance(color, str) and _COLOR.fullmatch(color) else DEFAULT_COLOR,
        "logo_url": merged.get("logo_url"),
        "footer": merged.get("footer"),
        "url": merged.get("url") or (f"https://{scope.store.domain}" if scope.store.domain else None),
        "order_url": merged.get("order_url"),
        "cart_url": merged.get("cart_url"),
    }


def context(scope: StoreScope, brand: dict[str, Any], locale: str, data: dict[str, Any]) -> dict[str, Any]:
    """The data of a template together with ours, which its own cannot pose as."""
    subject: dict[str, Any] = next(
        (data[name] for name in ("order", "cart") if isinstance(data.get(name), dict)), {}
    )
    given = dict(data)
    given.setdefault("customer_name", name_in(subject))
    given.setdefault("action_url", _action_url(brand, data))
    return {
        **given,
        "store": {
            "name": scope.store.name,
            "url": brand["url"],
            "currency": scope.store.currency,
            "country": scope.store.country,
            "mode": scope.mode.value,
        },
        "brand": brand,
        "locale": locale,
        "now": clock.rfc3339(clock.now(scope)),
    }


def _action_url(brand: dict[str, Any], data: dict[str, Any]) -> str | None:
    order, cart = data.get("order"), data.get("cart")
    if isinstance(order, dict) and brand["order_url"]:
        return _filled(brand["order_url"], order)
    if isinstance(cart, dict):
        return _filled(brand["cart_url"], cart) if brand["cart_url"] else brand["url"]
    return None


def _filled(pattern: str, subject: dict[str, Any]) -> str:
    for name in ("id", "number"):
        pattern = pattern.replace(f"{{{name}}}", quote(str(subject.get(name, "")).lstrip("#"), safe=""))
    return pattern
