"""Whatever is done to one part of a product, no field of another part changes: for every field there is.

The fields are read from the structs, so one that is added tomorrow is looked at, too.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import inspect as inspect_model

from baas.services.catalog import models
from baas.services.catalog.schemas.categories import Category, CategoryPatch, CreateCategory
from baas.services.catalog.schemas.images import ImageInput, ImagePatch, ImageRow, ImageView
from baas.services.catalog.schemas.products import CreateProduct, Product, ProductPatch, ProductRow
from baas.services.catalog.schemas.variants import (
    VariantFields,
    VariantInput,
    VariantPatch,
    VariantRow,
    VariantView,
)
from baas.services.catalog.service.fields import FieldMap
from tests.clients import Shop
from tests.services.imports.sheets import row, sheet

OTHER: dict[str, Any] = {
    # variants
    "price": 4321,
    "option_values": ["Otro"],
    "sku": "SKU-77",
    "barcode": "7790001",
    "compare_at_price": 9876,
    "weight_grams": 333,
    "requires_shipping": False,
    "taxable": False,
    "kind": "digital",
    "image_url": "/img/one.svg",
    "on_hand": 7,
    # images
    "url": "/img/one.svg",
    "alt": "Frente",
    # products
    "name": "Mate de calabaza",
    "handle": "mate-de-calabaza",
    "description": "<p>Calabaza</p>",
    "status": "draft",
    "vendor": "Casa",
    "product_type": "Mates",
    "tags": ["uno", "dos"],
    "seo": {"title": "T", "description": "D"},
    "metadata": {"erp": 7},
    # categories
    "slug": "otra-cosa",
    "position": 5,
    "is_active": False,
}
"""For each field of a request a value that is not its default. One that is missing here is invented, if it is plain."""
PARTS = {"variants", "images", "options", "categories", "variant_ids", "parent_id"}
"""Fields that hold rows of their own, or name other rows."""


def sent(kind: type[msgspec.Struct], *without: str) -> dict[str, Any]:
    """A request with no field at its default."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    body = {
        name: OTHER[name] if name in OTHER else invented(fields[name])
        for name in fields
        if name not in PARTS and name not in without
    }
    assert [name for name, value in body.items() if value == fields[name].default] == []
    return body


def invented(field: msgspec.structs.FieldInfo) -> Any:
    """A value for a field of text, numbers or truth."""
    info = msgspec.inspect.type_info(field.type)
    for kind in info.types if isinstance(info, msgspec.inspect.UnionType) else (info,):
        match kind:
            case msgspec.inspect.StrType():
                return "other"
            case msgspec.inspect.IntType():
                return 3
            case msgspec.inspect.BoolType():
                return field.default is not True
    raise AssertionError(f"Say in OTHER a value of {field.name} that is not its default.")


ANOTHER = {"price": 10, "option_values": ["Simple"]}


async def full_product(shop: Shop) -> dict[str, Any]:
    """A product in a category with an image, a variant of which no field is at its default, and a plain one."""
    category = await shop.admin("POST", "/admin/categories", json={"name": "Mate"})
    slugs = ["mate"] if category.status_code == 201 else []
    body = sent(CreateProduct) | {
        "options": [{"name": "Tipo"}],
        "variants": [sent(VariantInput), ANOTHER],
        "images": [sent(ImageInput, "position"), {"url": "/img/two.svg"}],
        "categories": slugs,
    }
    made: dict[str, Any] = (await shop.admin("POST", "/admin/products", json=body, expect=201)).json()["data"]
    return made


class TestEveryFieldArrives:
    """What is sent is what is answered, field by field."""

    async def test_of_a_new_product(self, shop: Shop) -> None:
        made = await full_product(shop)
        for name, value in sent(CreateProduct).items():
            assert made[name] == value, name
        for name, value in sent(VariantInput, "image_url", "on_hand").items():
            assert made["variants"][0][name] == value, name
        assert made["variants"][0]["available"] == OTHER["on_hand"]
        assert made["variants"][0]["image_id"] == made["images"][0]["id"]
        for name, value in sent(ImageInput, "position").items():
            assert made["images"][0][name] == value, name

    async def test_of_a_patch(self, shop: Shop) -> None:
        """Each field alone: it changes, and nothing else does but what follows from it."""
        body = {"name": "Plain", "options": [{"name": "Tipo"}], "variants": [ANOTHER],
                "images": [{"url": "/img/zero.svg"}]}  # fmt: skip
        follows = {"option_values": {"name"}, "kind": {"requires_shipping"}, "image_url": {"image_id"}}
        for name, value in sent(VariantPatch, "position").items():
            made = (await shop.admin("POST", "/admin/products", json=body, expect=201)).json()["data"]
            before = made["variants"][0]
            path = f"/admin/products/{made['id']}/variants/{before['id']}"
            after = (await shop.admin("PATCH", path, json={name: value}, expect=200)).json()["data"]
            changed = {key for key in after if after[key] != before[key]}
            assert changed <= {name} | follows.get(name, set()), name
            assert name in changed or "image_id" in changed, name

    async def test_of_a_category(self, shop: Shop) -> None:
        made = (await shop.admin("POST", "/admin/categories", json=sent(CreateCategory), expect=201)).json()[
            "data"
        ]
        assert {name: made[name] for name in sent(CreateCategory)} == sent(CreateCategory)
        plain = (await shop.admin("POST", "/admin/categories", json={"name": "A"}, expect=201)).json()["data"]
        for name, value in sent(CategoryPatch, "slug").items():
            before = (await shop.admin("GET", f"/admin/categories/{plain['id']}", expect=200)).json()["data"]
            path = f"/admin/categories/{plain['id']}"
            after = (await shop.admin("PATCH", path, json={name: value}, expect=200)).json()["data"]
            assert {key for key in after if after[key] != before[key]} == {name, "updated_at"}


Edit = Callable[[Shop, str, dict[str, Any]], Awaitable[Any]]


async def send(shop: Shop, method: str, path: str, body: Any = None) -> None:
    response = await shop.admin(method, path, json=body)
    assert response.status_code in {200, 201}, response.text


async def file(shop: Shop, content: bytes) -> None:
    answer = await shop.admin(
        "POST",
        "/admin/imports",
        data={"format": "shopify"},
        files={"file": ("catalog.csv", content, "text/csv")},
        expect=201,
    )
    assert answer.json()["data"]["problems"] == []


PRICES = ["Handle", "Title", "Option1 Name", "Option1 Value", "Variant Price"]
FILE = [
    row(OTHER["handle"], OTHER["name"], "43.21", Option1_Name="Tipo", Option1_Value="Otro"),
    row(OTHER["handle"], "", "20.00", Option1_Value="Simple"),
]

EDITS: dict[str, Edit] = {
    "a variant is added": lambda shop, path, made: send(
        shop, "POST", f"{path}/variants", {"price": 1, "option_values": ["Nuevo"]}
    ),
    "a variant with an image is added": lambda shop, path, made: send(
        shop, "POST", f"{path}/variants", {"price": 1, "option_values": ["Nuevo"], "image_url": "/img/3.svg"}
    ),
    "another variant is changed": lambda shop, path, made: send(
        shop,
        "PATCH",
        f"{path}/variants/{made['variants'][1]['id']}",
        {"price": 99, "image_url": "/img/4.svg"},
    ),
    "another variant is deleted": lambda shop, path, made: send(
        shop, "DELETE", f"{path}/variants/{made['variants'][1]['id']}"
    ),
    "the same position is asked for": lambda shop, path, made: send(
        shop, "PATCH", f"{path}/variants/{made['variants'][0]['id']}", {"position": 1}
    ),
    "an image is added": lambda shop, path, made: send(shop, "POST", f"{path}/images", {"url": "/img/5.svg"}),
    "another image is changed": lambda shop, path, made: send(
        shop, "PATCH", f"{path}/images/{made['images'][1]['id']}", {"alt": "B"}
    ),
    "another image is deleted": lambda shop, path, made: send(
        shop, "DELETE", f"{path}/images/{made['images'][1]['id']}"
    ),
    "the options are said again": lambda shop, path, made: send(
        shop, "PATCH", path, {"options": [{"name": "Tipo", "values": ["Otro"]}]}
    ),
    "prices are imported": lambda shop, path, made: file(shop, sheet(*FILE, header=PRICES)),
}


@pytest.mark.parametrize("edit", EDITS)
async def test_what_is_not_named_stays(shop: Shop, edit: str) -> None:
    """Every field of the product, its first variant and its first image."""
    made = await full_product(shop)
    path = f"/admin/products/{made['id']}"
    await EDITS[edit](shop, path, made)
    after = (await shop.admin("GET", path, expect=200)).json()["data"]
    assert after["updated_at"] >= made["updated_at"]
    moving = {"variants", "images", "options", "price_range", "updated_at", "in_stock"}
    assert {key: after[key] for key in after if key not in moving} == {
        key: made[key] for key in made if key not in moving
    }
    assert after["variants"][0] == made["variants"][0]
    assert after["images"][0] == made["images"][0]


ONE_MORE_COLUMN = {
    "Body (HTML)": ("<p>Otra</p>", {"description"}),
    "Vendor": ("Otra", {"vendor"}),
    "Type": ("Otros", {"product_type"}),
    "Tags": ("tres", {"tags"}),
    "Published": ("true", {"status"}),
    "Status": ("archived", {"status"}),
    "SEO Title": ("U", {"seo.title"}),
    "SEO Description": ("E", {"seo.description"}),
    "Variant SKU": ("SKU-78", {"variant.sku"}),
    "Variant Barcode": ("779", {"variant.barcode"}),
    "Variant Grams": ("5", {"variant.weight_grams"}),
    "Variant Compare At Price": ("99", {"variant.compare_at_price"}),
    "Variant Requires Shipping": ("true", {"variant.requires_shipping", "variant.kind"}),
    "Variant Taxable": ("true", {"variant.taxable"}),
    "Variant Inventory Qty": ("50", set[str]()),
    "Variant Image": ("/img/two.svg", {"variant.image_id", "image.variant_ids"}),
    "Image Src": ("/img/one.svg", set[str]()),
}


@pytest.mark.parametrize("column", ONE_MORE_COLUMN)
async def test_a_file_says_nothing_of_what_it_has_no_column_for(shop: Shop, column: str) -> None:
    """A list of prices with one more column changes that column's field of the product, and no other."""
    made = await full_product(shop)
    value, changes = ONE_MORE_COLUMN[column]
    await file(shop, sheet(FILE[0] | {column: value}, FILE[1], header=[*PRICES, column]))
    after = (await shop.admin("GET", f"/admin/products/{made['id']}", expect=200)).json()["data"]

    def flat(product: dict[str, Any]) -> dict[str, Any]:
        parts = {"seo": product["seo"], "variant": product["variants"][0], "image": product["images"][0]}
        own = {key: product[key] for key in product if key not in {"seo", "variants", "images", "updated_at"}}
        return own | {
            f"{part}.{key}": value for part, values in parts.items() for key, value in values.items()
        }

    before = flat(made)
    moving = {"price_range", "in_stock"}
    assert {key for key, now in flat(after).items() if now != before[key]} - moving == changes


async def test_a_new_order_changes_the_order_alone(shop: Shop) -> None:
    """Positions of variants and of images, and no other field."""
    made = await full_product(shop)
    path = f"/admin/products/{made['id']}"
    for part in ("variants", "images"):
        await send(shop, "PATCH", f"{path}/{part}/{made[part][1]['id']}", {"position": 1})
    after = (await shop.admin("GET", path, expect=200)).json()["data"]
    for part in ("variants", "images"):
        swapped = [made[part][1] | {"position": 1}, made[part][0] | {"position": 2}]
        assert after[part] == swapped


class TestNoFieldCanBeForgotten:
    """A field that is in one place and not in the other fails here, or before anything runs."""

    @pytest.mark.parametrize(
        "patch, whole, only_whole, only_patch",
        [
            # Stock is set with a new variant, its place when there are others.
            (VariantPatch, VariantInput, {"on_hand"}, {"position"}),
            (ImagePatch, ImageInput, set(), set()),
            (ProductPatch, CreateProduct, set(), set()),
            (CategoryPatch, CreateCategory, set(), set()),
        ],
        ids=lambda kind: getattr(kind, "__name__", None),
    )
    def test_what_can_be_made_can_be_changed(
        self,
        patch: type[msgspec.Struct],
        whole: type[msgspec.Struct],
        only_whole: set[str],
        only_patch: set[str],
    ) -> None:
        made, changed = set(whole.__struct_fields__), set(patch.__struct_fields__)
        assert (made - changed, changed - made) == (only_whole, only_patch)

    @pytest.mark.parametrize(
        "asked, answered, otherwise",
        [
            (VariantInput, VariantView, {"image_url": "image_id", "on_hand": "available"}),
            (ImageInput, ImageView, {}),
            (CreateProduct, Product, {}),
            (CreateCategory, Category, {}),
        ],
        ids=lambda kind: getattr(kind, "__name__", None),
    )
    def test_what_can_be_set_is_shown(
        self, asked: type[msgspec.Struct], answered: type[msgspec.Struct], otherwise: dict[str, str]
    ) -> None:
        assert {otherwise.get(name, name) for name in asked.__struct_fields__} <= set(
            answered.__struct_fields__
        )

    @pytest.mark.parametrize(
        "model, row_kind, kept_back",
        [
            (models.Variant, VariantRow, {"offer"}),
            (models.ProductImage, ImageRow, set()),
            (
                models.Product,
                ProductRow,
                {"document", "document_version", "sort_name", "price_min", "price_max", "in_stock"},
            ),
        ],
        ids=lambda kind: getattr(kind, "__name__", None),
    )
    def test_every_column_is_read(self, model: Any, row_kind: Any, kept_back: set[str]) -> None:
        """But for those that say whose a row is or when it was written, and those that are derived."""
        columns = {column.columns[0].name for column in inspect_model(model).column_attrs}
        keys = {"store_id", "product_id", "created_at", "updated_at"}
        assert columns - keys - kept_back == set(row_kind.__struct_fields__) - keys

    def test_rows_and_answers_of_variants_have_the_same_fields(self) -> None:
        assert (
            VariantRow.__struct_fields__ == VariantView.__struct_fields__ == VariantFields.__struct_fields__
        )

    def test_a_field_without_a_column_stops_the_process(self) -> None:
        """When the module is imported, with what to do about it."""

        class Wider(VariantInput, frozen=True, kw_only=True):
            origin: str = ""

        with pytest.raises(TypeError, match=r"Wider\.origin has no column 'origin' in variants"):
            FieldMap(models.Variant, Wider, rules={}, apart={"image_url", "on_hand"})
