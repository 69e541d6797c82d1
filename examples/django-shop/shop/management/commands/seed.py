"""`python manage.py seed`: something to sell."""

from typing import Any

from django.core.management.base import BaseCommand

from shop.models import Product

GOODS = [
    ("mate-imperial", "Mate imperial", "Calabash with a silver rim, cured by hand.", 4590000, 12),
    ("bombilla-alpaca", "Bombilla de alpaca", "A straight straw with a spring filter.", 1890000, 40),
    ("yerba-organica", "Yerba orgánica, 1 kg", "Aged for two years, without smoke.", 950000, 200),
    ("termo-acero", "Termo de acero, 1 l", "Keeps water at 80 °C for twelve hours.", 3290000, 5),
]


class Command(BaseCommand):
    """Fills the shelf; what is there already stays as it is."""

    help = "Fill the shelf with a few products."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        del args, options
        for slug, name, text, price, stock in GOODS:
            Product.objects.get_or_create(
                slug=slug, defaults={"name": name, "text": text, "price": price, "stock": stock}
            )
        self.stdout.write(f"{Product.objects.count()} products on the shelf")
