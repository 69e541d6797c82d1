"""Everything that differs between two shops comes from the environment."""

import os
from pathlib import Path

BASE_DIR = Path(__file__).parents[1]

# The backend: which store, and where. The SDK reads BAAS_API_KEY and BAAS_BASE_URL itself.
BAAS_WEBHOOK_SECRETS = [
    secret.strip() for secret in os.environ.get("BAAS_WEBHOOK_SECRET", "").split(",") if secret.strip()
]
"""The endpoint's secret, or the new and the old one while it is rotated, with a comma between them."""

SHOP_URL = os.environ.get("SHOP_URL", "http://127.0.0.1:8080").rstrip("/")
"""Where customers, payment providers and the backend find this shop."""
SHOP_PROVIDER = os.environ.get("SHOP_PROVIDER", "sandbox")

SECRET_KEY = os.environ.get("SHOP_SECRET_KEY", "only for trying it out")
DEBUG = os.environ.get("SHOP_DEBUG", "") == "1"
ALLOWED_HOSTS = os.environ.get("SHOP_HOSTS", "127.0.0.1,localhost,testserver").split(",")
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "shop",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "shop.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["shop.views.store_of_the_page"]},
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SHOP_DATABASE", str(BASE_DIR / "shop.sqlite3")),
        # Writers wait for one another instead of failing: the receiver and the customer may come at once.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
