"""What a fake shop holds."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

from baas_sdk.testing._events import examples, new_id


class Refused(Exception):
    """The fake shop says no."""

    def __init__(self, code: str, status: int, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code, self.status, self.message, self.details = code, status, message, details


def moment() -> str:
    """Now, as the API writes it."""
    return dt.datetime.now(dt.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class State:
    """Everything in a fake shop: collections of objects by id, stock, and events."""

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.collections: dict[str, dict[str, dict[str, Any]]] = {}
        self.stock: dict[str, int | None] = {}
        """variant -> pieces that can be bought; None when nobody counts them."""
        self.events: list[dict[str, Any]] = []
        self.sequences: dict[str, int] = {}

    def all(self, collection: str) -> dict[str, dict[str, Any]]:
        """The objects of a collection by id, in the order of their making."""
        return self.collections.setdefault(collection, {})

    def one(self, collection: str, id_: str) -> dict[str, Any]:
        """An object. Raises Refused when there is none."""
        try:
            return self.all(collection)[id_]
        except KeyError:
            raise Refused("not_found", 404, "There is no such object in this store.") from None

    def example(self, operation: str) -> Any:
        """What the documentation shows of an operation's answer, in this shop's currency."""
        found = copy.deepcopy(examples()["operations"][operation]["data"])
        if isinstance(found, dict) and "currency" in found:
            found["currency"] = self.currency
        return found

    def add(self, collection: str, operation: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Make an object: the example, and what was sent over it."""
        made = self.example(operation)
        key = "id" if "id" in made else next((name for name in made if name.endswith("_id")), "id")
        made |= {name: value for name, value in fields.items() if name in made}
        made[key] = new_id(str(made.get(key, "obj_")).partition("_")[0])
        for name in ("created_at", "updated_at", "placed_at", "timestamp"):
            if name in made:
                made[name] = moment()
        self.all(collection)[made[key]] = made
        return made  # type: ignore[no-any-return]  # JSON

    def emit(self, kind: str, data: dict[str, Any]) -> None:
        """Note an event about an object."""
        self.events.append({"id": new_id("evt"), "type": kind, "data": copy.deepcopy(data)})
