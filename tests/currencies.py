"""The facts about currencies, read from a table apart from the code that they judge."""

import csv
from typing import Final

from tests.files import DATA


def _facts() -> tuple[tuple[str, int, int], ...]:
    with (DATA / "currency_exponents.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            (row["code"], int(row["iso4217_exponent"]), int(row["stripe_amount_exponent"]))
            for row in csv.DictReader(file)
        )


FACTS: Final = _facts()
"""Code, decimals by ISO 4217, decimals of an amount on Stripe's wire."""
