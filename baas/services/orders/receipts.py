"""An order as a receipt in PDF: in the store's language and brand, with the totals and taxes as they were sold.

It is no fiscal invoice, and says so: those are made by the authority's own system in every country.
"""

from datetime import datetime
from typing import Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from baas.core import money
from baas.services.carts.addresses import AddressView
from baas.services.orders.schemas import Look, Order, PaymentState

_WORDS: Final = {
    "en": {
        "receipt": "Receipt", "order": "Order", "date": "Date", "customer": "Customer", "item": "Item",
        "quantity": "Qty", "price": "Price", "total": "Total", "subtotal": "Subtotal", "discount": "Discount",
        "shipping": "Shipping", "tax": "Tax", "tax_included": "Tax included", "paid": "Paid",
        "refunded": "Refunded", "unpaid": "Not paid yet", "note": "This receipt is not a fiscal invoice.",
        "address": "Delivered to", "page": "Page",
    },
    "es": {
        "receipt": "Comprobante", "order": "Pedido", "date": "Fecha", "customer": "Cliente", "item": "Artículo",
        "quantity": "Cant.", "price": "Precio", "total": "Total", "subtotal": "Subtotal", "discount": "Descuento",
        "shipping": "Envío", "tax": "Impuestos", "tax_included": "Impuestos incluidos", "paid": "Pagado",
        "refunded": "Reembolsado", "unpaid": "Pendiente de pago",
        "note": "Este comprobante no es una factura fiscal.", "address": "Entrega en", "page": "Página",
    },
    "pt": {
        "receipt": "Recibo", "order": "Pedido", "date": "Data", "customer": "Cliente", "item": "Item",
        "quantity": "Qtd.", "price": "Preço", "total": "Total", "subtotal": "Subtotal", "discount": "Desconto",
        "shipping": "Frete", "tax": "Impostos", "tax_included": "Impostos incluídos", "paid": "Pago",
        "refunded": "Reembolsado", "unpaid": "Aguardando pagamento",
        "note": "Este recibo não é uma nota fiscal.", "address": "Entregar em", "page": "Página",
    },
}  # fmt: skip
_POINT_DECIMALS: Final = frozenset({"MX", "US", "GT", "HN", "NI", "SV", "DO", "PA", "PR", "PE"})
_INK: Final = (27, 31, 36)
_SOFT: Final = (100, 108, 118)


def amount_text(amount: int, currency: str, locale: str) -> str:
    """An amount as people of that locale write it, with the code of its currency: `ARS 1.234,50`."""
    whole, point, fraction = money.format_decimal(abs(amount), currency).partition(".")
    language, _, country = locale.partition("-")
    grouped = f"{int(whole):,}"
    if language != "en" and country.upper() not in _POINT_DECIMALS:
        grouped, point = grouped.replace(",", "."), "," if point else ""
    return f"{'-' if amount < 0 else ''}{currency} {grouped}{point}{fraction}"


def render(order: Order, look: Look) -> bytes:
    """The receipt of an order. Takes some milliseconds of a processor: call it in a thread."""
    words = _WORDS.get(look.locale.partition("-")[0].lower(), _WORDS["en"])
    page = _Page(words["page"])
    page.set_title(_safe(f"{words['receipt']} {order.number}"))
    page.set_author(_safe(look.name))
    page.add_page()
    _head(page, order, look, words)
    _lines(page, order, look, words)
    _totals(page, order, look, words)
    page.set_y(page.get_y() + 8)
    page.set_font("Helvetica", size=8)
    page.set_text_color(*_SOFT)
    for text in (words["note"], look.footer, look.url):
        if text:
            page.multi_cell(0, 4, _safe(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    return bytes(page.output())


class _Page(FPDF):
    """A4 with a page number at its foot."""

    def __init__(self, word: str) -> None:
        super().__init__(format="A4")
        self._word = word
        self.set_margin(18)
        self.set_auto_page_break(True, 20)

    def footer(self) -> None:
        """The number of the page."""
        self.set_y(-14)
        self.set_font("Helvetica", size=8)
        self.set_text_color(*_SOFT)
        self.cell(0, 5, _safe(f"{self._word} {self.page_no()}"), align="R")


def _head(page: _Page, order: Order, look: Look, words: dict[str, str]) -> None:
    page.set_text_color(*_rgb(look.color))
    page.set_font("Helvetica", "B", 18)
    page.multi_cell(0, 9, _safe(look.name), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_text_color(*_INK)
    page.set_font("Helvetica", size=11)
    moment = order.paid_at or order.placed_at
    rows = [(words["receipt"], order.number), (words["date"], _date(moment, look.locale))]
    if order.email:
        rows.append((words["customer"], order.email))
    address = order.shipping_address or order.billing_address
    if address is not None:
        rows.append((words["address"], _address(address)))
    page.ln(2)
    for name, value in rows:
        page.set_font("Helvetica", "B", 10)
        page.cell(34, 6, _safe(name))
        page.set_font("Helvetica", size=10)
        page.multi_cell(0, 6, _safe(value), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(4)


def _lines(page: _Page, order: Order, look: Look, words: dict[str, str]) -> None:
    widths = (90, 18, 33, 33)
    page.set_font("Helvetica", "B", 9)
    page.set_draw_color(*_rgb(look.color))
    names = ("item", "quantity", "price", "total")
    for width, name in zip(widths, names, strict=True):
        page.cell(width, 7, _safe(words[name]), border="B", align="L" if name == "item" else "R")
    page.ln(8)
    page.set_font("Helvetica", size=9)
    for item in order.items:
        title = " · ".join(part for part in (item.product_name, item.variant_name, item.sku) if part)
        top = page.get_y()
        page.multi_cell(widths[0], 5, _safe(title), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        bottom, here = page.get_y(), page.page_no()
        if bottom > top:
            page.set_xy(page.l_margin + widths[0], bottom - 5)
        cells = (
            str(item.quantity),
            amount_text(item.unit_price, order.currency, look.locale),
            amount_text(item.total, order.currency, look.locale),
        )
        for width, text in zip(widths[1:], cells, strict=True):
            page.cell(width, 5, _safe(text), align="R")
        if page.page_no() == here:
            page.set_y(bottom + 1)
    page.ln(2)


def _totals(page: _Page, order: Order, look: Look, words: dict[str, str]) -> None:
    rows = [("subtotal", order.subtotal)]
    if order.discount_total:
        rows.append(("discount", -order.discount_total))
    rows.append(("shipping", order.shipping_total))
    if not order.prices_include_tax:
        rows.append(("tax", order.tax_total))
    rows.append(("total", order.total))
    if order.prices_include_tax and order.tax_total:
        rows.append(("tax_included", order.tax_total))
    if order.amount_paid:
        rows.append(("paid", order.amount_paid))
    if order.amount_refunded:
        rows.append(("refunded", -order.amount_refunded))
    for name, value in rows:
        page.set_font("Helvetica", "B" if name == "total" else "", 12 if name == "total" else 10)
        page.cell(130, 6, _safe(words[name]), align="R")
        page.cell(44, 6, _safe(amount_text(value, order.currency, look.locale)), align="R")
        page.ln(6)
    if order.payment_status in {PaymentState.PENDING, PaymentState.FAILED}:
        page.set_font("Helvetica", "B", 10)
        page.cell(174, 7, _safe(words["unpaid"]), align="R")
        page.ln(7)


def _address(address: AddressView) -> str:
    city = " ".join(part for part in (address.postal_code, address.city) if part)
    parts = (
        address.name,
        address.company,
        address.line1,
        address.line2,
        city,
        address.region,
        address.country,
    )
    return ", ".join(part for part in parts if part)


def _date(moment: datetime, locale: str) -> str:
    return moment.strftime("%Y-%m-%d" if locale.startswith("en") else "%d/%m/%Y")


def _rgb(color: str) -> tuple[int, int, int]:
    try:
        value = int(color.removeprefix("#"), 16)
    except ValueError:
        return _INK
    return value >> 16 & 255, value >> 8 & 255, value & 255


def _safe(text: str) -> str:
    """The text with what the built-in fonts have: Latin letters. Anything else shows as a question mark."""
    plain = text.replace("\N{EN DASH}", "-").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return plain.encode("latin-1", "replace").decode("latin-1")
