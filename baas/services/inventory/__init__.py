"""Inventory owns the levels of stock, every movement of them, and the reservations that orders hold.

It emits `inventory.low`, `inventory.out_of_stock` and `inventory.restocked`, and hears nothing. The
catalogue is told when a variant becomes available or unavailable; what else it needs to know of stock
it asks at the port of `catalog.stock`, where `service.CatalogStock` answers.
"""
