"""Addresses."""

from django.conf import settings
from django.urls import path
from django.views.static import serve

from shop import views

urlpatterns = [
    path("", views.shelf, name="shelf"),
    path("products/<slug:slug>", views.product, name="product"),
    path("cart", views.cart, name="cart"),
    path("cart/put", views.put, name="put"),
    path("checkout", views.checkout, name="checkout"),
    path("orders/<str:token>", views.order, name="order"),
    path("orders/<str:token>/pay", views.pay_again, name="pay_again"),
    path("hooks/baas", views.hook, name="hook"),
    path("health", views.health, name="health"),
    # One small file; a shop with more of them leaves this to its web server.
    path("static/<path:path>", serve, {"document_root": settings.BASE_DIR / "shop" / "static"}),
]
