# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.categories`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, UnsetType

from baas_sdk._models.requests import CategoryPatch, CreateCategory
from baas_sdk._models.responses import Category, Deleted
from baas_sdk._request import Call, Options, path
from baas_sdk._sync.pagination import Pages
from baas_sdk._sync.raw import many, one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._sync.transport import Transport


class CategoriesResource:
    """`client.categories`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        *,
        name: str,
        is_active: bool | UnsetType = UNSET,
        parent_id: str | None = None,
        position: int | UnsetType = UNSET,
        slug: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Category:
        """Create a category. A category at the root or under another one. Needs a secret key with the scope
        `catalog:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                "/admin/categories",
                Category,
                body=CreateCategory(
                    is_active=is_active, name=name, parent_id=parent_id, position=position, slug=slug
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
        category_id: str,
        *,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Deleted:
        """Delete a category. Delete a category that has none under it. Its products stay. Needs a secret
        key with the scope `catalog:write`.
        """
        return self._transport.send(
            Call(
                "DELETE",
                path("/admin/categories/{}", category_id),
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
        category_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Category:
        """Get a category. One category. Needs a secret key with the scope `catalog:read`."""
        return self._transport.send(
            Call(
                "GET",
                path("/admin/categories/{}", category_id),
                Category,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Pages[Category]:
        """List categories. All categories, flat, in the order in which they were made. Needs a secret key
        with the scope `catalog:read`. - `limit`: How many, 1 to 100. - `cursor`: `next_cursor` of the
        page before. - `include`: `total` counts the whole list.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/admin/categories",
                Category,
                query={"limit": limit, "cursor": cursor, "include": include},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    def update(
        self,
        category_id: str,
        *,
        is_active: bool | UnsetType = UNSET,
        name: str | UnsetType = UNSET,
        parent_id: str | None | UnsetType = UNSET,
        position: int | UnsetType = UNSET,
        slug: str | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Category:
        """Update a category. Change what is given; a parent that would make a cycle is refused. Needs a
        secret key with the scope `catalog:write`.
        """
        return self._transport.send(
            Call(
                "PATCH",
                path("/admin/categories/{}", category_id),
                Category,
                body=CategoryPatch(
                    is_active=is_active, name=name, parent_id=parent_id, position=position, slug=slug
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class CategoriesRawResource:
    """`client.with_raw_response.categories`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = CategoriesResource(transport)
        self.create = one(plain.create)
        self.delete = one(plain.delete)
        self.get = one(plain.get)
        self.list = many(plain.list)
        self.update = one(plain.update)
