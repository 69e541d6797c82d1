"""Sales whose numbers an independent reference computed, as far as a store's settings can express them today."""

import json
from typing import Any, Final

import pytest

from baas.services.pricing.schemas import Line
from baas.services.pricing.service import totals
from tests.files import DATA

SALES: Final = json.loads((DATA / "pricing-vectors.json").read_text(encoding="utf-8"))["vectors"]
SETTINGS: Final = {
    "currency",
    "exponent",
    "prices_include_tax",
    "tax_rounding",
    "cross_zone_prices",
    "home_zone",
    "zones",
    "shipping_methods",
    "discounts",
}
CART: Final = {"lines", "codes", "destination", "shipping_method"}
LINE: Final = {
    "id",
    "unit_price",
    "quantity",
    "requires_shipping",
    "weight_grams",
    "product",
    "categories",
    "tax_category",
}


def is_expressible(sale: dict[str, Any]) -> bool:
    """Whether one tax rate, one shipping price and no discount say all of a sale."""
    settings, cart = sale["settings"], sale["cart"]
    zone, methods = settings["zones"][0], settings["shipping_methods"]
    categories = {line.get("tax_category", "standard") for line in cart["lines"]}
    rates = zone["rates"].get("standard", [])
    return (
        "error" not in sale["expected"]
        and set(settings) <= SETTINGS
        and set(cart) <= CART
        and all(set(line) <= LINE for line in cart["lines"])
        and len(settings["zones"]) == 1
        and zone["places"] in ([{"country": "*"}], [{"country": cart.get("destination", {}).get("country")}])
        and categories <= {"standard", "none"}
        and (zone.get("shipping_tax") == "highest" or ("shipping_tax" not in zone and len(categories) == 1))
        and len(rates) == 1
        and rates[0]["ppm"] % 100 == 0
        and settings["tax_rounding"] == "line"
        and not settings["discounts"]
        and not cart["codes"]
        and [set(method) for method in methods] == [{"id", "type", "price"}]
        and methods[0]["type"] == "flat"
    )


EXPRESSIBLE: Final = [sale for sale in SALES if is_expressible(sale)]


def test_some_sales_are_expressible() -> None:
    """The four that were made for it are among them, so the choice above did not become empty."""
    made_for_it = {sale["id"] for sale in SALES if "house pricing.totals" in sale["source"]}
    assert made_for_it <= {sale["id"] for sale in EXPRESSIBLE}
    assert len(made_for_it) == 4


@pytest.mark.parametrize("sale", [pytest.param(sale, id=sale["id"]) for sale in EXPRESSIBLE])
def test_a_sale_costs_what_the_reference_says(sale: dict[str, Any]) -> None:
    """Every line's tax, shipping and the sums."""
    settings, expected = sale["settings"], sale["expected"]
    result = totals(
        [
            Line(
                line["unit_price"],
                line["quantity"],
                taxable=line.get("tax_category") != "none",
                requires_shipping=line.get("requires_shipping", True),
            )
            for line in sale["cart"]["lines"]
        ],
        currency=settings["currency"],
        prices_include_tax=settings["prices_include_tax"],
        tax_rate_bp=settings["zones"][0]["rates"]["standard"][0]["ppm"] // 100,
        shipping_price=settings["shipping_methods"][0]["price"],
    )
    for name in ("subtotal", "discount_total", "shipping_total", "shipping_tax", "tax_total", "total"):
        assert getattr(result, name) == expected[name], name
    assert [(line.subtotal, line.tax) for line in result.lines] == [
        (line["subtotal"], line["tax"]) for line in expected["lines"]
    ]
