"""The events that the catalogue emits."""

from baas.core.work.event_types import EventType
from baas.services.catalog.schemas import Product


class ProductEvent(EventType):
    """Of a product with everything that belongs to it."""

    CREATED = "product.created", Product, "A product was made."
    UPDATED = "product.updated", Product, "A product changed."
    DELETED = "product.deleted", Product, "A product was deleted; `data` is what it was."
