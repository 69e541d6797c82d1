"""Carts: what a customer is putting together, until checkout turns it into an order.

Whoever knows a cart's id may change it: the id is the customer's secret. It emits `cart.abandoned` and
hears nothing. Prices are always the catalogue's of this moment; the price at the time of adding is kept
only to say that it has changed.
"""
