"""The structs of the catalogue by noun; what other packages use of them is named here.

`XInput`, `CreateX` and `XPatch` are sent, `X` and `XView` are answered, and `XRow` is what the database answers. A
table's class has the bare noun and is written with its module, `models.Product`.
"""

from baas.services.catalog.schemas.images import is_image_url
from baas.services.catalog.schemas.limits import MAX_WEIGHT_GRAMS
from baas.services.catalog.schemas.products import CreateProduct, Product, ProductPatch, ProductStatus
from baas.services.catalog.schemas.stock import Availability, Sellable, StartLevel, StartStock
from baas.services.catalog.schemas.variants import VariantKind

__all__ = [
    "MAX_WEIGHT_GRAMS",
    "Availability",
    "CreateProduct",
    "Product",
    "ProductPatch",
    "ProductStatus",
    "Sellable",
    "StartLevel",
    "StartStock",
    "VariantKind",
    "is_image_url",
]
