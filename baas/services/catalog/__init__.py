"""The catalogue: categories and products with their options, images and variants, and the search over them.

Owns `categories`, `products`, `product_categories`, `product_options`, `product_images`, `variants` and
`product_search`. Emits `product.created`, `product.updated` and `product.deleted`. Hears nothing. Stock belongs to
`inventory`, above it: what storefronts must know of stock (`available`, `in_stock`) is kept in the variants' rows,
written by inventory through `service.set_availability` alone; what the catalogue needs of inventory it asks at the
port of `stock`, where the assembly plugs inventory in.
"""
