"""The tree of categories as it is sent, stored and answered."""

from datetime import datetime
from typing import Annotated, Generic
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from baas.services.catalog.schemas.limits import Handle, Id, Name
from baas.services.catalog.schemas.variants import Key


class CreateCategory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A category to be made."""

    name: Annotated[Name, Meta(examples=["Mates"])]
    slug: Annotated[Handle | None, Meta(examples=["mates"])] = None
    parent_id: Id | None = None
    position: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    is_active: bool = True


class CategoryPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a category; `parent_id: null` makes it a root."""

    name: Annotated[Name | UnsetType, Meta(examples=["Mates y bombillas"])] = UNSET
    slug: Annotated[Handle | UnsetType, Meta(examples=["mates"])] = UNSET
    parent_id: Id | UnsetType | None = UNSET
    position: Annotated[int, Meta(ge=0, le=1_000_000)] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class CategoryFields(msgspec.Struct, Generic[Key], frozen=True):
    """A node of the tree, with ids of one kind or the other. Every field is a column of `categories`."""

    id: Key
    name: Annotated[str, Meta(examples=["Mates"])]
    slug: str
    parent_id: Key | None
    position: int


class Category(CategoryFields[str], frozen=True):
    """A category as staff sees it."""

    is_active: bool
    created_at: datetime
    updated_at: datetime


class CategoryNode(CategoryFields[str], frozen=True):
    """A category and what is under it, as storefronts see it."""

    children: Annotated[list["CategoryNode"], Meta(examples=[[]])]


class CategoryRow(CategoryFields[UUID], frozen=True):
    """A node of the tree as the database answers it."""


class CategoryRef(msgspec.Struct, frozen=True):
    """A category that a product is in."""

    id: str
    slug: str
    name: Annotated[str, Meta(examples=["Mates"])]


class CategoryRefRow(msgspec.Struct, frozen=True, array_like=True):
    """A category of a product as the database answers it."""

    id: UUID
    slug: str
    name: str
    is_active: bool
