"""Carts: what a customer is putting together, until checkout turns it into an order.

Owns `carts` and `cart_items`. Emits `cart.abandoned`. Hears nothing. Whoever knows a cart's id may change it: the id is
the customer's secret. Prices are always the catalogue's of this moment; the price at the time of adding is kept only to
say that it has changed.
"""
