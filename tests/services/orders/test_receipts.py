"""Receipts: in the store's language and brand, for the shop and for the customer, and for nobody else."""

import io
from typing import Any

import pytest

from baas.services.orders.receipts import amount_text
from baas.worker import Worker
from tests.clients import Shop, provision
from tests.conftest import OPERATOR_KEY
from tests.services.orders.selling import paid_order, place, variant_of


def text_of(body: bytes) -> str:
    """The words on the pages of a PDF that fpdf2 wrote."""
    import re
    import zlib

    assert body.startswith(b"%PDF-")
    words: list[str] = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", body, re.DOTALL):
        try:
            # Also without its last byte: one in 256 looks like the end of the line before `endstream`.
            content = zlib.decompressobj().decompress(stream)
        except zlib.error:
            continue
        words.extend(
            re.sub(rb"\\(.)", rb"\1", found).decode("cp1252")
            for found in re.findall(rb"\((.*?)(?<!\\)\)\s*Tj", content, re.DOTALL)
        )
    return " ".join(words)


async def receipt(shop: Shop, placed: dict[str, Any]) -> str:
    """The words of the shop's copy."""
    path = f"/admin/orders/{placed['order']['id']}/receipt.pdf"
    answer = await shop.admin("GET", path, expect=200)
    assert answer.headers["content-type"] == "application/pdf"
    return text_of(io.BytesIO(answer.content).read())


@pytest.mark.parametrize(
    "locale, words",
    [
        ("es-AR", ["Comprobante", "Envío", "1.210,00"]),
        ("pt-BR", ["Recibo", "Frete"]),
        ("en-US", ["Receipt", "1,210.00"]),
    ],
)
async def test_in_the_language_of_the_store(
    shop: Shop, worker: Worker, locale: str, words: list[str]
) -> None:
    """With its totals as they were sold."""
    store = await provision(shop.http, OPERATOR_KEY, locale=locale)
    brand = {"name": "Casa Ñandú", "color": "#0f766e", "footer": "Gracias"}
    await store.admin("PATCH", "/admin/notification-settings", json={"brand": brand})
    placed = await paid_order(store, worker, (await variant_of(store, price=121_000), 1))
    text = await receipt(store, placed)
    for word in (*words, placed["order"]["number"], "ana@example.com"):
        assert word in text, text


async def test_the_customers_own_copy_needs_the_token(shop: Shop, other_shop: Shop) -> None:
    """And no other store has it."""
    placed = await place(shop)
    path = f"/storefront/orders/{placed['order']['id']}/receipt.pdf"
    token = placed["order"]["access_token"]
    answer = await shop.storefront("GET", f"{path}?token={token}", expect=200)
    assert "Pendiente de pago" in text_of(answer.content)
    await shop.storefront("GET", path, expect=404)
    await shop.storefront("GET", f"{path}?token=wrong", expect=404)
    await other_shop.storefront("GET", f"{path}?token={token}", expect=404)
    await other_shop.admin("GET", path.replace("storefront", "admin"), expect=404)


async def test_names_in_other_scripts_do_not_break_it(shop: Shop) -> None:
    """And long names, and two hundred lines."""
    variants = [
        (await variant_of(shop, None, price=1_000), 1),
        (await variant_of(shop, None, price=99_999_999_999), 3),
    ]
    placed = await place(
        shop,
        *variants,
        shipping_address={"name": "李小龍 " * 20, "line1": "ул. Ленина 1", "city": "Москва", "country": "RU"},
    )
    assert "?" in await receipt(shop, placed)


async def test_letters_of_the_east_and_of_print_are_read(shop: Shop) -> None:
    """As themselves where the fonts have them, by their base letter where not, and nothing is left out."""
    name = "Łukasz Żółć Příliš Žluťoučký Đặng Şahin Œuvre Sǎn"
    address = {"name": name, "line1": "“Café” – l’été… 3 €", "city": "Ko\u0308ln\u200b", "country": "PL"}
    text = await receipt(shop, await place(shop, shipping_address=address))
    assert "Lukasz Zólc Príliš Žlutoucký Dang Sahin Œuvre San" in text
    assert "“Café” – l’été… 3 €" in text
    assert "Köln" in text
    assert "?" not in text


@pytest.mark.parametrize("included", [False, True])
async def test_each_line_says_its_tax(shop: Shop, worker: Worker, included: bool) -> None:
    """As it was sold: a line without tax says none, and the lines add up to the tax of the totals."""
    body = {"prices_include_tax": included, "settings": {"tax_rate": 2100}}
    await shop.admin("PATCH", "/admin/store", json=body, expect=200)
    taxed = await variant_of(shop, price=121_000)
    free = await variant_of(shop, price=50_000, taxable=False)
    placed = await paid_order(shop, worker, (taxed, 2), (free, 1))
    # What the store charges later is no matter of this receipt.
    await shop.admin("PATCH", "/admin/store", json={"settings": {"tax_rate": 500}}, expect=200)
    text = await receipt(shop, placed)
    tax = "420,00" if included else "508,20"
    assert f"2 ARS 1.210,00 ARS {tax} ARS 2.420,00" in text
    assert "1 ARS 500,00 ARS 0,00 ARS 500,00" in text
    assert [item["tax"] for item in placed["order"]["items"]] == [42_000 if included else 50_820, 0]
    assert f"{'Impuestos incluidos' if included else 'Impuestos'} ARS {tax}" in " ".join(text.split())


def test_amounts() -> None:
    """As people write them."""
    assert amount_text(123_456_789, "ARS", "es-AR") == "ARS 1.234.567,89"
    assert amount_text(123_456_789, "MXN", "es-MX") == "MXN 1,234,567.89"
    assert amount_text(-11_990, "CLP", "es-CL") == "-CLP 11.990"
    assert amount_text(5_120, "KWD", "en") == "KWD 5.120"
