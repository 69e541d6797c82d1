# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.products`."""

from __future__ import annotations

import builtins
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from msgspec import UNSET, UnsetType

from baas_sdk._models.requests import (
    CreateProduct,
    ImageInput,
    ImagePatch,
    OptionInput,
    ProductPatch,
    Seo,
    VariantInput,
    VariantPatch,
)
from baas_sdk._models.responses import Deleted, ImageView, Product, VariantView
from baas_sdk._request import Call, Options, path
from baas_sdk._struct import made, made_list
from baas_sdk._sync.pagination import Pages
from baas_sdk._sync.raw import many, one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from httpx import Timeout

    from baas_sdk._models.enums import ProductStatus, ProductStatusWord, VariantKindWord
    from baas_sdk._models.requests import ImageInputDict, OptionInputDict, SeoDict, VariantInputDict
    from baas_sdk._sync.transport import Transport


class ProductsImagesResource:
    """`client.products.images`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        product_id: str,
        *,
        url: str,
        alt: str | UnsetType = UNSET,
        position: int | None = None,
        variant_ids: Sequence[str] | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ImageView:
        """Add an image. Add an image by its address, at a position or at the end. Needs a secret key with
        the scope `catalog:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/products/{}/images", product_id),
                ImageView,
                body=ImageInput(alt=alt, position=position, url=url, variant_ids=variant_ids),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def delete(
        self,
        product_id: str,
        image_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Deleted:
        """Delete an image. Take an image out of a product's gallery. Needs a secret key with the scope
        `catalog:write`.
        """
        return self._transport.send(
            Call(
                "DELETE",
                path("/admin/products/{}/images/{}", product_id, image_id),
                Deleted,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def get(
        self,
        product_id: str,
        image_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ImageView:
        """Get an image. One image of a product. Needs a secret key with the scope `catalog:read`."""
        return self._transport.send(
            Call(
                "GET",
                path("/admin/products/{}/images/{}", product_id, image_id),
                ImageView,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        product_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> builtins.list[ImageView]:
        """List the images of a product. All images of a product, in their order (at most 250). Needs a
        secret key with the scope `catalog:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                path("/admin/products/{}/images", product_id),
                builtins.list[ImageView],
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def update(
        self,
        product_id: str,
        image_id: str,
        *,
        alt: str | UnsetType = UNSET,
        position: int | UnsetType = UNSET,
        url: str | UnsetType = UNSET,
        variant_ids: Sequence[str] | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ImageView:
        """Update an image. Change what is given of an image. Needs a secret key with the scope
        `catalog:write`.
        """
        return self._transport.send(
            Call(
                "PATCH",
                path("/admin/products/{}/images/{}", product_id, image_id),
                ImageView,
                body=ImagePatch(alt=alt, position=position, url=url, variant_ids=variant_ids),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class ProductsVariantsResource:
    """`client.products.variants`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        product_id: str,
        *,
        price: int,
        barcode: str | None = None,
        compare_at_price: int | None = None,
        image_url: str | None | UnsetType = UNSET,
        kind: VariantKindWord | UnsetType = UNSET,
        on_hand: int | None = None,
        option_values: Sequence[str] | UnsetType = UNSET,
        requires_shipping: bool | None = None,
        sku: str | None = None,
        taxable: bool | UnsetType = UNSET,
        weight_grams: int | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> VariantView:
        """Add a variant. Add a variant at the end of a product's list. Needs a secret key with the scope
        `catalog:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/products/{}/variants", product_id),
                VariantView,
                body=VariantInput(
                    barcode=barcode,
                    compare_at_price=compare_at_price,
                    image_url=image_url,
                    kind=kind,
                    on_hand=on_hand,
                    option_values=option_values,
                    price=price,
                    requires_shipping=requires_shipping,
                    sku=sku,
                    taxable=taxable,
                    weight_grams=weight_grams,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def delete(
        self,
        product_id: str,
        variant_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Deleted:
        """Delete a variant. Delete a variant. The last one of a product stays: delete the product instead.
        Needs a secret key with the scope `catalog:write`.
        """
        return self._transport.send(
            Call(
                "DELETE",
                path("/admin/products/{}/variants/{}", product_id, variant_id),
                Deleted,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def get(
        self,
        product_id: str,
        variant_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> VariantView:
        """Get a variant. One variant of a product. Needs a secret key with the scope `catalog:read`."""
        return self._transport.send(
            Call(
                "GET",
                path("/admin/products/{}/variants/{}", product_id, variant_id),
                VariantView,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        product_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> builtins.list[VariantView]:
        """List the variants of a product. All variants of a product, in their order (at most 100). Needs a
        secret key with the scope `catalog:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                path("/admin/products/{}/variants", product_id),
                builtins.list[VariantView],
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def update(
        self,
        product_id: str,
        variant_id: str,
        *,
        barcode: str | None | UnsetType = UNSET,
        compare_at_price: int | None | UnsetType = UNSET,
        image_url: str | None | UnsetType = UNSET,
        kind: VariantKindWord | UnsetType = UNSET,
        option_values: Sequence[str] | UnsetType = UNSET,
        position: int | UnsetType = UNSET,
        price: int | UnsetType = UNSET,
        requires_shipping: bool | UnsetType = UNSET,
        sku: str | None | UnsetType = UNSET,
        taxable: bool | UnsetType = UNSET,
        weight_grams: int | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> VariantView:
        """Update a variant. Change what is given; its stock is set at /admin/inventory. Needs a secret key
        with the scope `catalog:write`.
        """
        return self._transport.send(
            Call(
                "PATCH",
                path("/admin/products/{}/variants/{}", product_id, variant_id),
                VariantView,
                body=VariantPatch(
                    barcode=barcode,
                    compare_at_price=compare_at_price,
                    image_url=image_url,
                    kind=kind,
                    option_values=option_values,
                    position=position,
                    price=price,
                    requires_shipping=requires_shipping,
                    sku=sku,
                    taxable=taxable,
                    weight_grams=weight_grams,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class ProductsResource:
    """`client.products`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @cached_property
    def images(self) -> ProductsImagesResource:
        """`client.products.images`."""
        return ProductsImagesResource(self._transport)

    @cached_property
    def variants(self) -> ProductsVariantsResource:
        """`client.products.variants`."""
        return ProductsVariantsResource(self._transport)

    def create(
        self,
        *,
        name: str,
        variants: Sequence[VariantInput | VariantInputDict],
        categories: Sequence[str] | UnsetType = UNSET,
        description: str | UnsetType = UNSET,
        handle: str | None = None,
        images: Sequence[ImageInput | ImageInputDict] | UnsetType = UNSET,
        metadata: Mapping[str, Any] | UnsetType = UNSET,
        options: Sequence[OptionInput | OptionInputDict] | UnsetType = UNSET,
        product_type: str | UnsetType = UNSET,
        seo: Seo | SeoDict | UnsetType = UNSET,
        status: ProductStatusWord | UnsetType = UNSET,
        tags: Sequence[str] | UnsetType = UNSET,
        vendor: str | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Product:
        """Create a product. A product with its variants, images and categories; `on_hand` begins to keep a
        variant's stock. Needs a secret key with the scope `catalog:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                "/admin/products",
                Product,
                body=CreateProduct(
                    categories=categories,
                    description=description,
                    handle=handle,
                    images=made_list(ImageInput, images),
                    metadata=metadata,
                    name=name,
                    options=made_list(OptionInput, options),
                    product_type=product_type,
                    seo=made(Seo, seo),
                    status=status,
                    tags=tags,
                    variants=made_list(VariantInput, variants),
                    vendor=vendor,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def delete(
        self,
        product_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Deleted:
        """Delete a product. Delete a product with its variants. Orders keep what was sold. Needs a secret
        key with the scope `catalog:write`.
        """
        return self._transport.send(
            Call(
                "DELETE",
                path("/admin/products/{}", product_id),
                Deleted,
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )

    def get(
        self,
        product_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Product:
        """Get a product. One product, whatever its status. Needs a secret key with the scope
        `catalog:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                path("/admin/products/{}", product_id),
                Product,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        status: ProductStatus | Literal["active", "archived", "draft"] | None = None,
        q: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Pages[Product]:
        """List products. The store's products whatever their status, the newest first. Needs a secret key
        with the scope `catalog:read`. - `limit`: How many, 1 to 100. - `cursor`: `next_cursor` of the
        page before. - `include`: `total` counts the whole list. - `status`: Only products in this state.
        - `q`: Words, a SKU or a barcode.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/admin/products",
                Product,
                query={"limit": limit, "cursor": cursor, "include": include, "status": status, "q": q},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    def update(
        self,
        product_id: str,
        *,
        categories: Sequence[str] | UnsetType = UNSET,
        description: str | UnsetType = UNSET,
        handle: str | UnsetType = UNSET,
        images: Sequence[ImageInput | ImageInputDict] | UnsetType = UNSET,
        metadata: Mapping[str, Any] | UnsetType = UNSET,
        name: str | UnsetType = UNSET,
        options: Sequence[OptionInput | OptionInputDict] | UnsetType = UNSET,
        product_type: str | UnsetType = UNSET,
        seo: Seo | SeoDict | UnsetType = UNSET,
        status: ProductStatusWord | UnsetType = UNSET,
        tags: Sequence[str] | UnsetType = UNSET,
        variants: Sequence[VariantInput | VariantInputDict] | UnsetType = UNSET,
        vendor: str | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Product:
        """Update a product. Change what is given; `variants` and `images` replace the whole list. Needs a
        secret key with the scope `catalog:write`.
        """
        return self._transport.send(
            Call(
                "PATCH",
                path("/admin/products/{}", product_id),
                Product,
                body=ProductPatch(
                    categories=categories,
                    description=description,
                    handle=handle,
                    images=made_list(ImageInput, images),
                    metadata=metadata,
                    name=name,
                    options=made_list(OptionInput, options),
                    product_type=product_type,
                    seo=made(Seo, seo),
                    status=status,
                    tags=tags,
                    variants=made_list(VariantInput, variants),
                    vendor=vendor,
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class ProductsImagesRawResource:
    """`client.with_raw_response.products.images`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = ProductsImagesResource(transport)
        self.create = one(plain.create)
        self.delete = one(plain.delete)
        self.get = one(plain.get)
        self.list = one(plain.list)
        self.update = one(plain.update)


class ProductsVariantsRawResource:
    """`client.with_raw_response.products.variants`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = ProductsVariantsResource(transport)
        self.create = one(plain.create)
        self.delete = one(plain.delete)
        self.get = one(plain.get)
        self.list = one(plain.list)
        self.update = one(plain.update)


class ProductsRawResource:
    """`client.with_raw_response.products`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = ProductsResource(transport)
        self.create = one(plain.create)
        self.delete = one(plain.delete)
        self.get = one(plain.get)
        self.list = many(plain.list)
        self.update = one(plain.update)

    @cached_property
    def images(self) -> ProductsImagesRawResource:
        """`client.products.images`."""
        return ProductsImagesRawResource(self._transport)

    @cached_property
    def variants(self) -> ProductsVariantsRawResource:
        """`client.products.variants`."""
        return ProductsVariantsRawResource(self._transport)
