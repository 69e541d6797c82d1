"""The catalogue owns categories, products, their options, images and variants, and the search index.

It emits `product.created`, `product.updated` and `product.deleted`, and hears nothing. Stock belongs to
`inventory`, above it: what storefronts must know of stock (`available`, `in_stock`) is kept in the
variants' rows, written by inventory through `service.set_availability` alone; what the catalogue needs of
inventory it asks at the port of `stock.py`, where the assembly plugs inventory in.
"""
