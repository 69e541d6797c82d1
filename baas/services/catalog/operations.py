"""What the OpenAPI document says of parameters that a hot handler reads by hand."""

from dataclasses import dataclass

from litestar.openapi.spec import OpenAPIType, Operation, Parameter, Schema

from baas.core.serving.paging import DEFAULT_LIMIT, MAX_LIMIT
from baas.core.values.cursors import MAX_CURSOR
from baas.core.values.money import MAX_AMOUNT
from baas.services.catalog.schemas.limits import MAX_IDS
from baas.services.catalog.schemas.products import Sort


def _text(name: str, description: str, max_length: int, example: str) -> Parameter:
    schema = Schema(type=OpenAPIType.STRING, max_length=max_length, examples=[example])
    return Parameter(name=name, param_in="query", description=description, schema=schema, required=False)


def _number(name: str, description: str, low: int, high: int, example: int) -> Parameter:
    schema = Schema(type=OpenAPIType.INTEGER, minimum=low, maximum=high, examples=[example])
    return Parameter(name=name, param_in="query", description=description, schema=schema, required=False)


@dataclass
class ListProducts(Operation):
    """The list of a storefront: its filters, its order and its page."""

    def __post_init__(self) -> None:
        price = "of a product's cheapest variant, in minor units"
        self.parameters = [
            _text("category", "Slug or id; products of the categories under it are included.", 255, "mate"),
            _text("q", "Words, the last of which may be only begun; or a SKU.", 200, "mate imp"),
            _number("min_price", f"Lowest price {price}.", 0, MAX_AMOUNT, 100000),
            _number("max_price", f"Highest price {price}.", 0, MAX_AMOUNT, 5000000),
            Parameter(
                name="in_stock",
                param_in="query",
                description="Only products that can, or cannot, be bought now.",
                schema=Schema(type=OpenAPIType.BOOLEAN),
                required=False,
            ),
            _text("tag", "Only products with this tag.", 255, "regalo"),
            _text("ids", f"Only these products: up to {MAX_IDS} ids, separated by commas.", 4000, ""),
            Parameter(
                name="sort",
                param_in="query",
                description="`relevance` when `q` is given, else `-created_at`.",
                schema=Schema(type=OpenAPIType.STRING, enum=[sort.value for sort in Sort]),
                required=False,
            ),
            _number("limit", "How many.", 1, MAX_LIMIT, DEFAULT_LIMIT),
            _text("cursor", "`next_cursor` of the page before.", MAX_CURSOR, ""),
            Parameter(
                name="include",
                param_in="query",
                description="`total` counts the whole list.",
                schema=Schema(type=OpenAPIType.STRING, enum=["total"]),
                required=False,
            ),
        ]
