"""`python manage.py connect`: tell the backend where this shop hears events."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from shop.backend import EVENTS, client


class Command(BaseCommand):
    """Registers the receiver once, and prints the secret for the environment; it is shown this once."""

    help = "Register this shop's webhook endpoint."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        del args, options
        url = f"{settings.SHOP_URL}/hooks/baas"
        for endpoint in client().webhook_endpoints.list():
            if endpoint.url == url:
                # Whose secret was lost gets a new one; the old one stays valid for a while.
                self.stdout.write(
                    f"BAAS_WEBHOOK_SECRET={client().webhook_endpoints.rotate_secret(endpoint.id).secret}"
                )
                return
        made = client().webhook_endpoints.create(url=url, event_types=EVENTS, description="The Django shop")
        self.stdout.write(f"BAAS_WEBHOOK_SECRET={made.secret}")
