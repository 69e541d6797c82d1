"""The tree of categories over HTTP: no cycles, a clear error, and products that follow their category."""

from typing import Any

import pytest

from tests.clients import Shop
from tests.services.goods import make_product


async def create(
    shop: Shop, name: str, parent: dict[str, Any] | None = None, **fields: Any
) -> dict[str, Any]:
    """A category over the API."""
    body = {"name": name, **({"parent_id": parent["id"]} if parent else {}), **fields}
    made: dict[str, Any] = await shop.create("/admin/categories", body)
    return made


async def tree(shop: Shop) -> list[Any]:
    """The storefront's tree as nested names."""

    def names(nodes: list[dict[str, Any]]) -> list[Any]:
        return [[node["name"], *names(node["children"])] for node in nodes]

    return names(await shop.listed("/storefront/categories"))


async def refused(shop: Shop, method: str, path: str, body: Any, expect: int) -> dict[str, Any]:
    """The `error` of a refusal."""
    found: dict[str, Any] = (await shop.admin(method, path, json=body, expect=expect)).json()["error"]
    return found


async def test_a_tree_by_position_and_name(shop: Shop) -> None:
    """Siblings by position, then by name without regard to accents."""
    root = await create(shop, "Mate")
    await create(shop, "Zapallos", position=0)
    await create(shop, "Ámbar", position=0)
    await create(shop, "Primero", root, position=2)
    last = await create(shop, "Último", root, position=1)
    assert await tree(shop) == [["Ámbar"], ["Mate", ["Último"], ["Primero"]], ["Zapallos"]]
    assert last["slug"] == "ultimo"
    node = await shop.get("/storefront/categories/mate")
    assert [child["slug"] for child in node["children"]] == ["ultimo", "primero"]
    await shop.storefront("GET", "/storefront/categories/nothing", expect=404)


async def test_a_cycle_is_refused(shop: Shop) -> None:
    """Neither itself nor one of its own below can be its parent; the tree stays as it was."""
    root = await create(shop, "A")
    middle = await create(shop, "B", root)
    leaf = await create(shop, "C", middle)
    for parent in (root, middle, leaf):
        error = await refused(
            shop, "PATCH", f"/admin/categories/{root['id']}", {"parent_id": parent["id"]}, 422
        )
        assert "cycle" in error["details"]["fields"]["parent_id"]
    assert await tree(shop) == [["A", ["B", ["C"]]]]
    await shop.admin("PATCH", f"/admin/categories/{leaf['id']}", json={"parent_id": None}, expect=200)
    await shop.admin("PATCH", f"/admin/categories/{root['id']}", json={"parent_id": leaf["id"]}, expect=200)
    assert await tree(shop) == [["C", ["A", ["B"]]]]


async def test_depth_has_a_limit(shop: Shop) -> None:
    """Ten levels, for new ones and for moved ones."""
    parent = None
    for level in range(10):
        parent = await create(shop, f"L{level}", parent)
    assert parent is not None
    error = await refused(shop, "POST", "/admin/categories", {"name": "L10", "parent_id": parent["id"]}, 422)
    assert "10 levels" in error["message"]
    other = await create(shop, "Other")
    top = await shop.get("/storefront/categories/l0")
    await refused(shop, "PATCH", f"/admin/categories/{top['id']}", {"parent_id": other["id"]}, 422)


@pytest.mark.parametrize(
    "body, field",
    [
        ({"name": ""}, "name"),
        ({"name": "A", "slug": "No Slug"}, "slug"),
        ({"name": "A", "parent_id": "cat_00000000000000000000000000"}, "parent_id"),
        ({"name": "A", "parent_id": "nonsense"}, "parent_id"),
        ({"name": "A", "parent": "x"}, "parent"),
        ({"name": "A", "position": -1}, "position"),
    ],
)
async def test_what_is_refused_names_its_field(shop: Shop, body: dict[str, Any], field: str) -> None:
    """422 with the field."""
    error = await refused(shop, "POST", "/admin/categories", body, 422)
    assert list(error["details"]["fields"]) == [field]


async def test_slugs_are_unique_in_the_store(shop: Shop, other_shop: Shop) -> None:
    """A made one steps aside, a given one conflicts; another store is another matter."""
    assert (await create(shop, "Mate"))["slug"] == "mate"
    second = await create(shop, "Mate")
    assert second["slug"] == "mate-2"
    assert (await refused(shop, "POST", "/admin/categories", {"name": "X", "slug": "mate"}, 409))[
        "details"
    ] == {"field": "slug"}
    error = await refused(shop, "PATCH", f"/admin/categories/{second['id']}", {"slug": "mate"}, 409)
    assert error["details"]["field"] == "slug"
    assert (await create(other_shop, "Mate"))["slug"] == "mate"


async def test_products_follow_their_category(shop: Shop) -> None:
    """A new name shows on the product; a hidden category shows nowhere; a deleted one lets its products go."""
    root = await create(shop, "Mate")
    leaf = await create(shop, "Bombillas", root)
    made = await make_product(shop, {"price": 1}, categories=[leaf["id"]])
    url = f"/storefront/products/{made['handle']}"

    async def shown() -> list[str]:
        found = (await shop.get(url))["categories"]
        return [category["name"] for category in found]

    async def in_category(slug: str) -> int:
        answer = await shop.storefront("GET", "/storefront/products", params={"category": slug}, expect=200)
        return len(answer.json()["data"])

    assert await shown() == ["Bombillas"]
    assert await in_category("mate") == await in_category("bombillas") == await in_category(leaf["id"]) == 1
    path = f"/admin/categories/{leaf['id']}"
    await shop.admin("PATCH", path, json={"name": "Bombillas de plata"}, expect=200)
    assert await shown() == ["Bombillas de plata"]
    await shop.admin("PATCH", path, json={"is_active": False}, expect=200)
    assert await shown() == []
    assert await in_category("mate") == await in_category("bombillas") == 0
    assert await tree(shop) == [["Mate"]]
    assert (await shop.get(f"/admin/products/{made['id']}"))["categories"]
    await refused(shop, "DELETE", f"/admin/categories/{root['id']}", None, 409)
    await shop.admin("DELETE", path, expect=200)
    assert (await shop.get(f"/admin/products/{made['id']}"))["categories"] == []
    await shop.admin("DELETE", f"/admin/categories/{root['id']}", expect=200)
    await shop.admin("GET", f"/admin/categories/{root['id']}", expect=404)


async def test_what_lies_under_a_hidden_category_is_hidden(shop: Shop) -> None:
    """Without being changed itself."""
    root = await create(shop, "Mate", is_active=False)
    await create(shop, "Bombillas", root)
    assert await tree(shop) == []
    await shop.storefront("GET", "/storefront/categories/bombillas", expect=404)


async def test_another_stores_category_does_not_exist(shop: Shop, other_shop: Shop) -> None:
    """Neither to read nor as a parent nor for a product."""
    foreign = await create(other_shop, "Ajena")
    await shop.admin("GET", f"/admin/categories/{foreign['id']}", expect=404)
    await refused(shop, "POST", "/admin/categories", {"name": "A", "parent_id": foreign["id"]}, 422)
    body = {"name": "P", "variants": [{"price": 1}], "categories": [foreign["id"]]}
    await refused(shop, "POST", "/admin/products", body, 422)


async def test_the_list_for_staff_is_flat_and_paged(shop: Shop) -> None:
    """In the order in which they were made, hidden ones too."""
    made = [(await create(shop, f"C{n}", is_active=n % 2 == 0))["id"] for n in range(5)]
    first = (
        await shop.admin("GET", "/admin/categories", params={"limit": 3, "include": "total"}, expect=200)
    ).json()
    assert first["pagination"]["total"] == 5
    cursor = first["pagination"]["next_cursor"]
    second = (
        await shop.admin("GET", "/admin/categories", params={"limit": 3, "cursor": cursor}, expect=200)
    ).json()
    assert [category["id"] for category in first["data"] + second["data"]] == made
