"""An order as a receipt in PDF: in the store's language and brand, with the totals and taxes as they were sold.

It is no fiscal invoice, and says so: those are made by the authority's own system in every country.
"""

import unicodedata
from datetime import datetime
from typing import Final

from fpdf import FPDF
from fpdf.enums import MethodReturnValue, XPos, YPos

from baas.core.values import money
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
_ENCODING: Final = "cp1252"
"""What the fonts that every reader of PDF has can show."""
_ALONE: Final = dict(
    zip(
        "ŁłĐđĦħŦŧŊŋıƏəẞ−",
        ("L", "l", "D", "d", "H", "h", "T", "t", "N", "n", "i", "A", "a", "SS", "-"),
        strict=True,
    )
)
"""Letters that Unicode does not take apart, and what people write for them."""
_INK: Final = (27, 31, 36)
_SOFT: Final = (100, 108, 118)
_LINE: Final = (222, 226, 231)
_WIDTH: Final = 174
"""Millimetres between the margins."""
_COLUMNS: Final = (70, 14, 30, 28, 32)


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
        self.core_fonts_encoding = _ENCODING
        self.set_margin(18)
        self.set_auto_page_break(True, 20)

    def fit(self, width: float, height: float, text: str, *, size: float, fill: bool = False) -> None:
        """A cell to the right, in a smaller type when its text is too wide for it."""
        self.set_font_size(size)
        self.set_font_size(min(size, size * (width - 2) / max(self.get_string_width(text), 1)))
        self.cell(width, height, text, align="R", fill=fill)

    def footer(self) -> None:
        """The number of the page."""
        self.set_y(-14)
        self.set_font("Helvetica", size=8)
        self.set_text_color(*_SOFT)
        self.cell(0, 5, _safe(f"{self._word} {self.page_no()}"), align="R")


def _head(page: _Page, order: Order, look: Look, words: dict[str, str]) -> None:
    page.set_fill_color(*_rgb(look.color))
    page.rect(0, 0, page.w, 5, style="F")
    # A light color would not be read on paper.
    page.set_text_color(*(_INK if _on(_rgb(look.color)) == _INK else _rgb(look.color)))
    page.set_font("Helvetica", "B", 20)
    top = page.get_y()
    page.multi_cell(_WIDTH - 62, 9, _safe(look.name), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    bottom = page.get_y()
    page.set_xy(page.l_margin + _WIDTH - 60, top)
    page.set_text_color(*_INK)
    page.set_font("Helvetica", "B", 13)
    page.cell(60, 9, _safe(f"{words['receipt']} {order.number}"), align="R")
    page.set_xy(page.l_margin + _WIDTH - 60, top + 8)
    page.set_text_color(*_SOFT)
    page.set_font("Helvetica", size=10)
    page.cell(60, 6, _safe(_date(order.paid_at or order.placed_at, look.locale)), align="R")
    page.set_y(max(bottom, top + 14) + 6)
    address = order.shipping_address or order.billing_address
    columns = [
        (words["address"], "" if address is None else _address(address)),
        (words["customer"], order.email or ""),
    ]
    top, bottom, half = page.get_y(), page.get_y(), _WIDTH / 2
    for place, (name, value) in enumerate(columns):
        if not value:
            continue
        page.set_xy(page.l_margin + place * half, top)
        page.set_text_color(*_SOFT)
        page.set_font("Helvetica", size=8)
        page.cell(half, 5, _safe(name))
        page.set_xy(page.l_margin + place * half, top + 5)
        page.set_text_color(*_INK)
        page.set_font("Helvetica", size=10)
        page.multi_cell(half - 6, 5, _safe(value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        bottom = max(bottom, page.get_y())
    page.set_y(bottom + 8)


def _lines(page: _Page, order: Order, look: Look, words: dict[str, str]) -> None:
    _line_names(page, look, words)
    for item in order.items:
        title = " · ".join(part for part in (item.product_name, item.variant_name, item.sku) if part)
        page.set_font("Helvetica", size=9)
        rows = page.multi_cell(_COLUMNS[0] - 2, 5, _safe(title), dry_run=True, output=MethodReturnValue.LINES)
        assert isinstance(rows, list)
        if page.will_page_break(min(5 * len(rows), 120) + 4):
            page.add_page()
            _line_names(page, look, words)
        page.ln(2)
        page.set_text_color(*_INK)
        page.set_font("Helvetica", size=9)
        top = page.get_y()
        cells = (
            str(item.quantity),
            amount_text(item.unit_price, order.currency, look.locale),
            amount_text(item.tax, order.currency, look.locale),
            amount_text(item.total, order.currency, look.locale),
        )
        page.set_x(page.l_margin + _COLUMNS[0])
        for width, text in zip(_COLUMNS[1:], cells, strict=True):
            page.fit(width, 5, _safe(text), size=9)
        page.set_xy(page.l_margin, top)
        page.multi_cell(_COLUMNS[0] - 2, 5, _safe(title), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        page.ln(2)
        page.set_draw_color(*_LINE)
        page.line(page.l_margin, page.get_y(), page.l_margin + _WIDTH, page.get_y())
    page.ln(4)


def _line_names(page: _Page, look: Look, words: dict[str, str]) -> None:
    page.set_font("Helvetica", "B", 8)
    page.set_text_color(*_SOFT)
    page.set_draw_color(*_rgb(look.color))
    page.set_line_width(0.5)
    for width, name in zip(_COLUMNS, ("item", "quantity", "price", "tax", "total"), strict=True):
        page.cell(width, 7, _safe(words[name]), border="B", align="L" if name == "item" else "R")
    page.set_line_width(0.2)
    page.ln(7)


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
    if page.will_page_break(7 * len(rows) + 16):
        page.add_page()
    left = _WIDTH - 90
    for name, value in rows:
        is_total = name == "total"
        if is_total:
            page.ln(1)
            page.set_fill_color(*_rgb(look.color))
            page.set_text_color(*_on(_rgb(look.color)))
        else:
            page.set_text_color(*(_SOFT if name == "tax_included" else _INK))
        page.set_font("Helvetica", "B" if is_total else "", 12 if is_total else 10)
        page.set_x(page.l_margin + left)
        height = 10 if is_total else 6
        page.cell(38, height, _safe(f" {words[name]}"), fill=is_total)
        text = f"{amount_text(value, order.currency, look.locale)} "
        page.fit(52, height, _safe(text), size=12 if is_total else 10, fill=is_total)
        page.ln(height + (2 if is_total else 0))
    if order.payment_status in {PaymentState.PENDING, PaymentState.FAILED}:
        page.set_text_color(*_INK)
        page.set_font("Helvetica", "B", 10)
        page.cell(_WIDTH - 1, 8, _safe(words["unpaid"]), align="R")
        page.ln(8)


def _address(address: AddressView) -> str:
    city = " ".join(part for part in (address.postal_code, address.city) if part)
    street = ", ".join(part for part in (address.line1, address.line2) if part)
    place = ", ".join(part for part in (city, address.region, address.country) if part)
    return "\n".join(part for part in (address.name, address.company, street, place) if part)


def _date(moment: datetime, locale: str) -> str:
    return moment.strftime("%Y-%m-%d" if locale.startswith("en") else "%d/%m/%Y")


def _rgb(color: str) -> tuple[int, int, int]:
    try:
        value = int(color.removeprefix("#"), 16)
    except ValueError:
        return _INK
    return value >> 16 & 255, value >> 8 & 255, value & 255


def _on(color: tuple[int, int, int]) -> tuple[int, int, int]:
    """What is readable on a color: white on a dark one, ink on a light one."""
    red, green, blue = color
    return (255, 255, 255) if 299 * red + 587 * green + 114 * blue < 150_000 else _INK


def _safe(text: str) -> str:
    """The text with what the built-in fonts have: letters of western Europe, and others by their base letter.

    A letter that has none there, such as those of other scripts, shows as a question mark.
    """
    return "".join(_plain(character) for character in unicodedata.normalize("NFC", text))


def _plain(character: str) -> str:
    if _is_in_fonts(character):
        return character
    if unicodedata.category(character) in {"Cf", "Mn"}:
        return ""
    base = _ALONE.get(character) or unicodedata.normalize("NFKD", character)
    return "".join(part for part in base if _is_in_fonts(part)) or "?"


def _is_in_fonts(character: str) -> bool:
    try:
        character.encode(_ENCODING)
    except UnicodeEncodeError:
        return False
    return True
