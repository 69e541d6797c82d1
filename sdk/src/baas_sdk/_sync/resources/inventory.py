# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""`client.inventory`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import UNSET, UnsetType

from baas_sdk._models.requests import Adjust, SetLevel
from baas_sdk._models.responses import Level, Movement
from baas_sdk._request import Call, Options, path
from baas_sdk._sync.pagination import Pages
from baas_sdk._sync.raw import many, one

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx import Timeout

    from baas_sdk._models.enums import AdjustmentReasonWord, PolicyWord
    from baas_sdk._sync.transport import Transport


class InventoryResource:
    """`client.inventory`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def adjust(
        self,
        variant_id: str,
        *,
        quantity: int,
        reason: AdjustmentReasonWord,
        note: str | None = None,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Level:
        """Add or take stock. Add pieces that came or take pieces that are gone, with the reason; two at
        once both count. Answers 409 `insufficient_stock` when there are not so many to take. Needs a
        secret key with the scope `inventory:write`.
        """
        return self._transport.send(
            Call(
                "POST",
                path("/admin/inventory/{}/adjustments", variant_id),
                Level,
                body=Adjust(note=note, quantity=quantity, reason=reason),
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
        variant_id: str,
        *,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Level:
        """Get the stock of a variant. What there is of a variant, and what open orders hold of it. Needs a
        secret key with the scope `inventory:read`.
        """
        return self._transport.send(
            Call(
                "GET",
                path("/admin/inventory/{}", variant_id),
                Level,
                options=Options(timeout=timeout, extra_headers=extra_headers),
            )
        )

    def list(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        low_stock: bool | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Pages[Level]:
        """List stock. What there is of every variant, and what open orders hold of it. Needs a secret key
        with the scope `inventory:read`. - `limit`: How many, 1 to 100. - `cursor`: `next_cursor` of the
        page before. - `include`: `total` counts the whole list. - `low_stock`: Only what is at or below
        its `low_stock_at`, or gone.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                "/admin/inventory",
                Level,
                query={"limit": limit, "cursor": cursor, "include": include, "low_stock": low_stock},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    def movements(
        self,
        variant_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        include: Literal["total"] | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Pages[Movement]:
        """List the movements of a variant. Every change of the stock of a variant with its reason, newest
        first. Needs a secret key with the scope `inventory:read`. - `limit`: How many, 1 to 100. -
        `cursor`: `next_cursor` of the page before. - `include`: `total` counts the whole list.
        """
        return Pages(
            self._transport,
            Call(
                "GET",
                path("/admin/inventory/{}/movements", variant_id),
                Movement,
                query={"limit": limit, "cursor": cursor, "include": include},
                options=Options(timeout=timeout, extra_headers=extra_headers),
            ),
        )

    def set(
        self,
        variant_id: str,
        *,
        low_stock_at: int | None | UnsetType = UNSET,
        note: str | None = None,
        on_hand: int | UnsetType = UNSET,
        policy: PolicyWord | UnsetType = UNSET,
        tracked: bool | UnsetType = UNSET,
        dry_run: bool = False,
        idempotency_key: str | None = None,
        timeout: float | Timeout | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> Level:
        """Set the stock of a variant. Set what a count found, and the rules: whether stock is tracked, and
        whether sales go on without it. Answers 409 `conflict` when open orders hold more than that.
        Needs a secret key with the scope `inventory:write`.
        """
        return self._transport.send(
            Call(
                "PUT",
                path("/admin/inventory/{}", variant_id),
                Level,
                body=SetLevel(
                    low_stock_at=low_stock_at, note=note, on_hand=on_hand, policy=policy, tracked=tracked
                ),
                options=Options(
                    dry_run=dry_run,
                    idempotency_key=idempotency_key,
                    timeout=timeout,
                    extra_headers=extra_headers,
                ),
            )
        )


class InventoryRawResource:
    """`client.with_raw_response.inventory`, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        plain = InventoryResource(transport)
        self.adjust = one(plain.adjust)
        self.get = one(plain.get)
        self.list = many(plain.list)
        self.movements = many(plain.movements)
        self.set = one(plain.set)
