"""Bodies that several tests answer."""

from typing import Any

from baas_sdk.testing._events import examples

ORDER: dict[str, Any] = examples()["operations"]["get_order"]["data"]
PAYMENT: dict[str, Any] = examples()["operations"]["create_payment"]["data"]
PRODUCT: dict[str, Any] = examples()["operations"]["get_product"]["data"]


def page(items: list[Any], *, cursor: str | None = None, total: int | None = None) -> dict[str, Any]:
    """What stands beside `data` in one page of a list."""
    return {"pagination": {"limit": 2, "has_more": cursor is not None, "next_cursor": cursor, "total": total}}
