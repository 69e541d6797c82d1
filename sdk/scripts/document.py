"""The OpenAPI document as the writers need it: operations with their place in the client, schemas with their use."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

PREFIX = "/api/v1"
AREAS = ("admin", "storefront")

NAMES = {
    # operation -> where it is in the client, where the rule below would find a poorer name
    "revoke_api_key": "api_keys.revoke",
    "adjust_inventory": "inventory.adjust",
    "list_inventory_movements": "inventory.movements",
    "get_usage": "store.usage",
    "create_refund": "payments.refund",
    "refund_order": "orders.refund",
    "get_order_receipt": "orders.receipt",
    "get_storefront_order_receipt": "storefront.orders.receipt",
    "create_event": "events.publish",
    "send_notification": "notifications.send",
    "create_notification": "notifications.send",
    "add_cart_item": "storefront.carts.add_item",
    "set_cart_item": "storefront.carts.update_item",
    "remove_cart_item": "storefront.carts.remove_item",
    "retry_order_payment": "storefront.orders.pay_again",
}
_VERBS = {"POST": "create", "PATCH": "update", "PUT": "set", "DELETE": "delete"}


@dataclass
class Parameter:
    """One parameter of a path or a query."""

    name: str
    schema: dict[str, Any]
    required: bool
    description: str

    @property
    def word(self) -> str:
        """Its name in Python."""
        return python_name(self.name)


@dataclass
class Operation:
    """One operation of the storefront or admin API."""

    id: str
    method: str
    path: str
    """Below the base path."""
    summary: str
    description: str
    path_parameters: list[Parameter]
    query: list[Parameter]
    body: dict[str, Any] | None
    """The schema of the body, without null."""
    form: bool
    """Whether the body is a form with a file."""
    answer: dict[str, Any]
    """The schema of `data`."""
    paged: bool
    """Whether the answer is one page of a list; `answer` is then the schema of an item."""
    place: str = ""
    """Where the method is in the client, such as `products.variants.create`."""


@dataclass
class Document:
    """What the writers ask."""

    raw: dict[str, Any]
    operations: list[Operation] = field(default_factory=list)

    @property
    def schemas(self) -> dict[str, Any]:
        """All schemas by name."""
        found: dict[str, Any] = self.raw["components"]["schemas"]
        return found

    @property
    def events(self) -> dict[str, dict[str, Any]]:
        """type of event -> its `post` operation."""
        return {name: item["post"] for name, item in self.raw.get("webhooks", {}).items()}

    def reachable(self, roots: list[Any]) -> set[str]:
        """The names of all schemas that these lead to."""
        found: set[str] = set()
        waiting = list(roots)
        while waiting:
            for name in references(waiting.pop()):
                if name not in found:
                    found.add(name)
                    waiting.append(self.schemas[name])
        return found

    @property
    def requests(self) -> set[str]:
        """What is sent."""
        return self.reachable([operation.body for operation in self.operations if operation.body])

    @property
    def responses(self) -> set[str]:
        """What is answered, or arrives in events."""
        roots = [operation.answer for operation in self.operations]
        return self.reachable(roots + [event_data(event) for event in self.events.values()])


def event_data(event: dict[str, Any]) -> dict[str, Any]:
    """The schema of an event's `data`."""
    found: dict[str, Any] = event["requestBody"]["content"]["application/json"]["schema"]["properties"][
        "data"
    ]
    return found


def event_class(name: str) -> str:
    """`order.payment_failed` -> `OrderPaymentFailed`."""
    return "".join(part.capitalize() for part in re.split(r"[._]", name))


def references(value: Any) -> Iterator[str]:
    """The names of the schemas that a piece of the document refers to."""
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for key, inner in value.items():
            if key not in {"discriminator", "examples", "example", "default"}:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def without_null(schema: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema apart from null, and whether null was allowed."""
    choices = schema.get("anyOf") or schema.get("oneOf")
    if not choices:
        return schema, False
    flat: list[dict[str, Any]] = []
    for choice in choices:
        flat += choice.get("anyOf") or choice.get("oneOf") or [choice]
    rest = [choice for choice in flat if choice.get("type") != "null"]
    if len(rest) == len(flat) and len(rest) > 1:
        return schema, False
    return (rest[0] if len(rest) == 1 else {"anyOf": rest}), len(rest) < len(flat)


def python_name(name: str) -> str:
    """A name of the API as a name in Python."""
    word = re.sub(r"\W", "_", name)
    return word + "_" if word in {"from", "import", "in", "class", "return", "global", "is", "not"} else word


def read(raw: dict[str, Any]) -> Document:
    """The document, its operations placed. Raises ValueError for two of them in one place."""
    document = Document(raw)
    for path, methods in raw["paths"].items():
        below = path.removeprefix(PREFIX)
        if below.split("/")[1] not in AREAS:
            continue
        for method, written in methods.items():
            document.operations.append(_operation(document, below, method.upper(), written))
    paths = {operation.path for operation in document.operations}
    for operation in document.operations:
        operation.place = NAMES.get(operation.id) or _place(operation, document.operations, paths)
    places = [operation.place for operation in document.operations]
    twice = {place for place in places if places.count(place) > 1}
    if twice:
        raise ValueError(f"Two operations would be one method: {sorted(twice)}; name one in NAMES")
    document.operations.sort(key=lambda operation: operation.place)
    return document


def _operation(document: Document, path: str, method: str, written: dict[str, Any]) -> Operation:
    parameters = [_resolved(document, item) for item in written.get("parameters", ())]
    # A list without a cursor is answered whole.
    paged = any(item["name"] == "cursor" for item in parameters)
    answer = _answer(document, written, paged=paged)
    body, form = None, False
    if "requestBody" in written:
        media, content = next(iter(written["requestBody"]["content"].items()))
        body, form = without_null(content["schema"])[0], media != "application/json"
    return Operation(
        id=written["operationId"],
        method=method,
        path=path,
        summary=written["summary"],
        description=written.get("description", ""),
        path_parameters=[_parameter(item) for item in parameters if item["in"] == "path"],
        query=[_parameter(item) for item in parameters if item["in"] == "query"],
        body=body,
        form=form,
        answer=answer,
        paged=paged,
    )


def _resolved(document: Document, item: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in item:
        found: dict[str, Any] = document.raw["components"]["parameters"][item["$ref"].rpartition("/")[2]]
        return found
    return item


def _parameter(item: dict[str, Any]) -> Parameter:
    return Parameter(
        item["name"],
        item["schema"],
        bool(item.get("required")),
        " ".join(item.get("description", "").split()),
    )


def _answer(document: Document, written: dict[str, Any], *, paged: bool) -> dict[str, Any]:
    for status, response in sorted(written["responses"].items()):
        content = response.get("content", {}).get("application/json")
        if status.startswith("2") and content:
            schema = content["schema"]
            if "$ref" in schema:
                schema = document.schemas[schema["$ref"].rpartition("/")[2]]
            data: dict[str, Any] = schema["properties"]["data"]
            return data["items"] if paged else data
    # A file, such as a receipt.
    return {"type": "string", "format": "binary"}


def _place(operation: Operation, all_: list[Operation], paths: set[str]) -> str:
    area, *segments = operation.path.strip("/").split("/")
    prefix = "storefront." if area == "storefront" else ""
    literals = [(index, part) for index, part in enumerate(segments) if not part.startswith("{")]
    resource = snake(literals[0][1])
    ends_in_parameter = segments[-1].startswith("{")
    if len(literals) == 1:
        return f"{prefix}{resource}.{_verb(operation, ends_in_parameter)}"
    *middle, (_, last) = literals
    if ends_in_parameter or _is_collection(operation.path, all_, paths):
        inner = ".".join(snake(part) for _, part in literals)
        return f"{prefix}{inner}.{_verb(operation, ends_in_parameter)}"
    inner = ".".join(snake(part) for _, part in middle)
    return f"{prefix}{inner}.{snake(last)}"


def _is_collection(path: str, all_: list[Operation], paths: set[str]) -> bool:
    """Whether a nested path holds things of its own, and is no action on what is above it."""
    methods = {operation.method for operation in all_ if operation.path == path}
    return len(methods) > 1 or any(other.startswith(path + "/{") for other in paths)


def _verb(operation: Operation, ends_in_parameter: bool) -> str:
    if operation.method == "GET":
        listed = operation.paged or operation.answer.get("type") == "array"
        return "list" if listed and not ends_in_parameter else "get"
    return _VERBS[operation.method]


def snake(name: str) -> str:
    """`rotate-secret` -> `rotate_secret`, out of the way of Python's words."""
    return python_name(name.replace("-", "_"))
