"""Addresses."""

from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import path

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
    *staticfiles_urlpatterns(),
]
