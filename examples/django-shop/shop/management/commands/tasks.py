"""`python manage.py tasks`: do what could not be told to the backend before. For a timer."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from shop.backend import run_tasks


class Command(BaseCommand):
    """Exit code 1 when something is left."""

    help = "Tell the backend what it could not hear before."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        del args, options
        left = run_tasks()
        self.stdout.write(f"{left} left")
        sys.exit(1 if left else 0)
