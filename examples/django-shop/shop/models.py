"""The shop's own things: what it sells, what was ordered, and what is still to be done about it."""

import secrets
from typing import Any

from django.db import models


def new_token() -> str:
    """What nobody guesses: the address of a customer's order."""
    return secrets.token_urlsafe(16)


class Product(models.Model):
    """A thing on the shelf."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    price = models.PositiveBigIntegerField(help_text="In the currency's minor unit.")
    stock = models.PositiveIntegerField(default=0)


class Order(models.Model):
    """What a customer agreed to. The money is at the backend, under `reference`."""

    class Status(models.TextChoices):
        """Where it stands."""

        OPEN = "open", "Waiting for the payment"
        FAILED = "failed", "The payment failed"
        PAID = "paid", "Paid"
        REFUNDED = "refunded", "Refunded"

    token = models.CharField(max_length=40, unique=True, default=new_token)
    email = models.EmailField()
    total = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.OPEN)
    attempt = models.PositiveIntegerField(default=1, help_text="Which try to pay it is.")
    payment_id = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    @property
    def reference(self) -> str:
        """This shop's name for it, which comes back in every event of its payment."""
        return f"order-{self.token}"

    @property
    def payment_key(self) -> str:
        """However often this try to pay is sent, it is one payment."""
        return f"{self.reference}-{self.attempt}"


class Line(models.Model):
    """A product in an order, at its price then."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT)
    name = models.CharField(max_length=200)
    price = models.PositiveBigIntegerField()
    quantity = models.PositiveIntegerField()

    @property
    def total(self) -> int:
        """Of the line."""
        return self.price * self.quantity


class SeenEvent(models.Model):
    """An event that was handled. Its key is what makes a second delivery do nothing."""

    id = models.CharField(max_length=60, primary_key=True)
    seen_at = models.DateTimeField(auto_now_add=True)


class Task(models.Model):
    """Something to tell the backend, noted in the transaction that made it true, and done after it."""

    kind = models.CharField(max_length=20)
    order = models.ForeignKey(Order, models.CASCADE)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("kind", "order"), name="once_for_each_order"),)


def lines_of(cart: dict[str, Any]) -> list[tuple[Product, int]]:
    """What a cart (slug -> quantity) holds, without what is not sold any more."""
    products = {product.slug: product for product in Product.objects.filter(slug__in=cart)}
    return [(products[slug], int(quantity)) for slug, quantity in cart.items() if slug in products]
