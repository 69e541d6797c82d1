"""Inventory: the levels of stock, every movement of them, and the reservations that orders hold.

Owns `inventory_levels`, `inventory_movements` and `inventory_reservations`. Emits `inventory.low`,
`inventory.out_of_stock` and `inventory.restocked`. Hears nothing. The catalogue is told, by a call, when a variant
becomes available or unavailable; what else it needs to know of stock it asks at the port of `catalog.stock`, where
`service.CatalogStock` answers.
"""
