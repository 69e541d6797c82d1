"""Verbs on the tree of categories."""

from functools import partial
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET

from baas.core.db import StoreSession
from baas.core.errors import Conflict, NotFound, ValidationFailed
from baas.core.serving.paging import Page, PageOf
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.core.values.text import slugify
from baas.services.catalog import models
from baas.services.catalog.repository import commands, queries
from baas.services.catalog.schemas.categories import Category, CategoryPatch, CreateCategory
from baas.services.catalog.schemas.limits import MAX_CATEGORY_DEPTH
from baas.services.catalog.schemas.products import Deleted
from baas.services.catalog.service import presenters, validation
from baas.services.catalog.service.derived import changed, refresh
from baas.services.catalog.service.draft import named
from baas.services.catalog.service.fields import FieldMap, if_given
from baas.tenants import audit


def _slug(given: str | None) -> object:
    return if_given(given) if given is None else validation.check_handle(given, "slug")


FIELDS: Final = FieldMap(
    models.Category,
    CreateCategory,
    CategoryPatch,
    rules={"name": validation.check_name, "slug": _slug},
    # Another category, by its public id.
    apart={"parent_id"},
)


async def create_category(session: StoreSession, data: CreateCategory) -> Category:
    """Make a category under its parent, or a root. Raises Conflict (the slug is taken), ValidationFailed."""
    await commands.lock_tree(session)
    moment = clock.now(session.scope)
    row = models.Category(id=ids.new_id(), created_at=moment, updated_at=moment)
    FIELDS.put(row, data)
    if data.parent_id is not None:
        row.parent_id = await _parent(session, data.parent_id, moved=None)
    if data.slug is None:
        row.slug = await validation.free_slug(row.name, "category", partial(queries.taken_slugs, session))
    session.add(row)
    return await _settle(session, row, "category.created")


async def update_category(session: StoreSession, category_id: UUID, data: CategoryPatch) -> Category:
    """Change what is given of a category. Raises NotFound, Conflict, ValidationFailed."""
    await commands.lock_tree(session)
    row = await _found(session, category_id)
    if data.parent_id is None:
        row.parent_id = None
    elif data.parent_id is not UNSET:
        row.parent_id = await _parent(session, data.parent_id, moved=category_id)
    FIELDS.put(row, data)
    if not session.is_modified(row):
        return presenters.category(row)
    renamed = data.name is not UNSET
    shows = renamed or data.slug is not UNSET or data.is_active is not UNSET
    row.updated_at = clock.now(session.scope)
    answer = await _settle(session, row, "category.updated")
    if shows:
        # Products carry the category's name and slug in their documents.
        await refresh(session, await queries.products_of_category(session, category_id), words=renamed)
    return answer


async def delete_category(session: StoreSession, category_id: UUID) -> Deleted:
    """Delete a category; its products stay. Raises NotFound, and Conflict while others lie under it."""
    await commands.lock_tree(session)
    row = await _found(session, category_id)
    if await queries.has_children(session, category_id):
        raise Conflict("Other categories lie under this one; move or delete them first.", field="id")
    products = await queries.products_of_category(session, category_id)
    await session.delete(row)
    await session.flush()
    await refresh(session, products)
    public_id = ids.encode(Kind.CATEGORY, category_id)
    await audit.record(
        session, "category.deleted", subject=public_id, old={"name": row.name, "slug": row.slug}
    )
    changed(session)
    return Deleted(id=public_id, deleted=True)


async def get_category(session: StoreSession, category_id: UUID) -> Category:
    """One category. Raises NotFound."""
    return presenters.category(await _found(session, category_id))


async def list_categories(session: StoreSession, page: Page) -> PageOf[Category]:
    """A page of the store's categories, in the order in which they were made."""
    rows, total = await queries.category_page(session, page)
    return page.cut(rows, lambda row: [str(row.id)], total=total).map(presenters.category)


async def category_of_path(session: StoreSession, path: tuple[str, ...]) -> str | None:
    """The slug of the category at a path of names from the root; those that are missing are made.

    A slug is made of all names of its path, so the same path always finds the same category. None when
    the path is empty, deeper than MAX_CATEGORY_DEPTH, or holds a name without letters.
    """
    slugs = [slugify("-".join(path[: depth + 1])) for depth in range(len(path))]
    if not path or len(path) > MAX_CATEGORY_DEPTH or not all(slugify(name) for name in path):
        return None
    present = {row.slug: row.id for row in await queries.categories_by_ref(session, [], slugs)}
    parent: str | None = None
    for name, slug in zip(path, slugs, strict=True):
        if slug not in present:
            data = CreateCategory(name=name[:255], slug=slug, parent_id=parent)
            made = await create_category(session, data)
            parent = made.id
        else:
            parent = ids.encode(Kind.CATEGORY, present[slug])
    return slugs[-1]


async def lock_categories(session: StoreSession) -> None:
    """Let no other transaction change the tree of categories until this one ends.

    Called first by a transaction that may make a category after it has changed products: a change of a category locks
    the tree and then its products.
    """
    await commands.lock_tree(session)


async def _found(session: StoreSession, category_id: UUID) -> models.Category:
    row = await queries.category(session, category_id)
    if row is None:
        raise NotFound
    return row


async def _parent(session: StoreSession, given: str, *, moved: UUID | None) -> UUID:
    """The id of a category to hang another one under; `moved` is that other one when it is there already."""
    parent_id = ids.try_decode(Kind.CATEGORY, given)
    path = await queries.path_to_root(session, parent_id) if parent_id is not None else []
    if parent_id is None or not path:
        raise ValidationFailed.field("parent_id", "no category of this store")
    if moved in path:
        raise ValidationFailed.field(
            "parent_id", "a category cannot lie under itself: this would make a cycle"
        )
    below = await queries.height(session, moved) if moved is not None else 1
    if len(path) + below > MAX_CATEGORY_DEPTH:
        raise ValidationFailed.field("parent_id", f"the tree is at most {MAX_CATEGORY_DEPTH} levels deep")
    return parent_id


async def _settle(session: StoreSession, row: models.Category, action: str) -> Category:
    try:
        await session.flush()
    except Exception as error:
        raise named(error) from error
    answer = presenters.category(row)
    news: dict[str, Any] = {"name": answer.name, "slug": answer.slug, "parent_id": answer.parent_id}
    await audit.record(session, action, subject=answer.id, new=news)
    changed(session)
    return answer
