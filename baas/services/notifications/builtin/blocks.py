"""The pieces of a message: tables and inline styles, because mail programs know little else.

Every piece is Liquid. Colours have classes as well, which a dark scheme overrides where a program knows one.
"""

from typing import Final

from baas.services.notifications.builtin.phrases import Phrases, Words

_FONT: Final = "-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_PAGE: Final = "#f2f4f7"
_CARD: Final = "#ffffff"
_INK: Final = "#111827"
_SOFT: Final = "#5b6472"
_LINE: Final = "#e5e8ec"
_PANEL: Final = "#f6f7f9"

_STYLE: Final = """
:root{color-scheme:light dark;supported-color-schemes:light dark}
body{margin:0;padding:0;width:100%!important;-webkit-text-size-adjust:100%}
table{border-collapse:separate;border-spacing:0}
img{border:0;display:block}
@media (max-width:480px){
.outer{padding:12px 8px 24px!important}
.pad{padding-left:22px!important;padding-right:22px!important}
.head{font-size:25px!important}
}
@media (prefers-color-scheme:dark){
.page{background-color:#0d1117!important}
.card{background-color:#171c24!important}
.ink{color:#eef1f6!important}
.soft{color:#a3adba!important}
.line{border-color:#2a323d!important}
.panel{background-color:#212833!important}
}
""".strip()


def page(language: str, phrases: Phrases, words: Words, blocks: str) -> str:
    """The whole HTML of a message around its blocks."""
    return f"""<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{phrases.subject}</title>
<style>
{_STYLE}
</style>
</head>
<body class="page" style="margin:0;padding:0;background-color:{_PAGE};font-family:{_FONT};">
<div style="display:none;max-height:0;overflow:hidden;opacity:0;">{phrases.preview}{"&#847; &zwnj; " * 30}</div>
<table role="presentation" class="page" width="100%" style="background-color:{_PAGE};">
<tr><td class="outer" align="center" style="padding:32px 12px 40px;overflow-wrap:anywhere;">
<table role="presentation" width="100%" style="max-width:560px;margin:0 auto;">
<tr><td class="card" style="background-color:{_CARD};border-radius:18px;overflow:hidden;">
<table role="presentation" width="100%">
<tr><td style="height:6px;line-height:6px;font-size:0;background-color:{{{{ brand.color }}}};">&nbsp;</td></tr>
<tr><td class="pad" style="padding:26px 36px 0;">
{{% assign logo = brand.logo_url | web_url %}}{{% if logo != "" %}}
<img src="{{{{ logo }}}}" alt="{{{{ brand.name }}}}" height="40" style="height:40px;width:auto;max-width:200px;font-size:18px;font-weight:700;color:{_INK};">
{{% else %}}
<p class="ink" style="margin:0;font-size:18px;line-height:26px;font-weight:700;letter-spacing:-.01em;color:{_INK};">{{{{ brand.name }}}}</p>
{{% endif %}}
</td></tr>
{blocks}
<tr><td style="height:36px;line-height:36px;font-size:0;">&nbsp;</td></tr>
</table>
</td></tr>
<tr><td class="pad" align="center" style="padding:22px 36px 0;">
{{% if brand.footer %}}<p class="soft" style="margin:0 0 6px;font-size:13px;line-height:20px;color:{_SOFT};">{{{{ brand.footer | newline_to_br }}}}</p>{{% endif %}}
<p class="soft" style="margin:0;font-size:13px;line-height:20px;color:{_SOFT};">{words.from_store}{{% assign home = store.url | web_url %}}{{% if home != "" %}} · <a href="{{{{ home }}}}" class="soft" style="color:{_SOFT};">{{{{ home | remove_first: "https://" | remove_first: "http://" }}}}</a>{{% endif %}}</p>
{{% if store.mode == "test" %}}<p class="soft" style="margin:6px 0 0;font-size:13px;line-height:20px;color:{_SOFT};">{words.test_store}</p>{{% endif %}}
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"""


def row(content: str, *, top: int = 20) -> str:
    """A piece with the card's margins."""
    return f'<tr><td class="pad" style="padding:{top}px 36px 0;">\n{content}\n</td></tr>\n'


def paragraph(text: str, *, soft: bool = False, top: int = 0) -> str:
    """A paragraph."""
    name, colour, size = (
        ("soft", _SOFT, "14px;line-height:22px") if soft else ("ink", _INK, "16px;line-height:25px")
    )
    return f'<p class="{name}" style="margin:{top}px 0 0;font-size:{size};color:{colour};">{text}</p>'


def opening(phrases: Phrases, words: Words, *, personal: bool) -> str:
    """Badge, heading, greeting and the first sentence."""
    greeting = f"{{% if customer_name %}}{paragraph(words.greeting, top=14)}{{% endif %}}" if personal else ""
    return row(
        f'<p style="margin:0;"><span style="display:inline-block;padding:5px 12px;border-radius:999px;font-size:12px;'
        f"line-height:16px;font-weight:700;letter-spacing:.04em;text-transform:uppercase;"
        f'background-color:{{{{ brand.color }}}};color:{{{{ brand.color | contrast }}}};">{phrases.badge}</span></p>\n'
        f'<h1 class="ink head" style="margin:14px 0 0;font-size:28px;line-height:1.2;font-weight:750;'
        f'letter-spacing:-.02em;color:{_INK};">{phrases.heading}</h1>\n'
        f"{greeting}{paragraph(phrases.intro, top=8 if personal else 14)}",
        top=24,
    )


def button(label: str, words: Words, *, url: str = "action_url") -> str:
    """A large button, when there is an address for it."""
    return (
        f'{{% assign target = {url} | web_url %}}{{% if target != "" %}}'
        + row(
            '<table role="presentation" width="100%"><tr><td align="center" style="border-radius:12px;'
            'background-color:{{ brand.color }};">'
            '<a href="{{ target }}" style="display:block;padding:15px 20px;border-radius:12px;'
            "font-size:16px;line-height:22px;font-weight:700;"
            f'text-decoration:none;color:{{{{ brand.color | contrast }}}};">{label}</a></td></tr></table>\n'
            f'<p class="soft" style="margin:12px 0 0;font-size:12px;line-height:18px;color:{_SOFT};'
            f'word-break:break-all;">{words.link_hint} <a href="{{{{ target }}}}" class="soft" '
            f'style="color:{_SOFT};">{{{{ target }}}}</a></p>',
            top=24,
        )
        + "{% endif %}\n"
    )


def note(text: str) -> str:
    """A quiet last sentence."""
    return row(paragraph(text, soft=True), top=22)


def panel(content: str) -> str:
    """A box that stands out a little."""
    return row(
        f'<table role="presentation" width="100%"><tr><td class="panel" style="padding:16px 18px;border-radius:14px;'
        f'background-color:{_PANEL};">\n{content}\n</td></tr></table>',
        top=22,
    )


def fact(label: str, value: str, *, when: str | None = None) -> str:
    """A label and its value, one above the other."""
    text = (
        f'<p class="soft" style="margin:0;font-size:12px;line-height:18px;color:{_SOFT};">{label}</p>'
        f'<p class="ink" style="margin:0 0 8px;font-size:15px;line-height:22px;font-weight:600;color:{_INK};'
        f'word-break:break-word;">{value}</p>'
    )
    return f"{{% if {when} %}}{text}{{% endif %}}" if when else text


def items(source: str, words: Words) -> str:
    """The lines of an order or a cart, with pictures."""
    picture = (
        "{% assign picture = item.image_url | web_url %}"
        '{% if picture != "" %}<img src="{{ picture }}" alt="" width="56" height="56" '
        'style="width:56px;height:56px;border-radius:12px;object-fit:cover;">'
        '{% else %}<table role="presentation" width="56"><tr><td class="panel ink" align="center" height="56" '
        f'style="height:56px;border-radius:12px;background-color:{_PANEL};font-size:20px;font-weight:700;'
        f'color:{_INK};">{{{{ name | slice: 0 | upcase }}}}</td></tr></table>{{% endif %}}'
    )
    cell = f"padding:14px 0;border-bottom:1px solid {_LINE};"
    return row(
        f'<table role="presentation" width="100%">\n'
        f"{{% for item in {source}.items limit: 50 %}}{{% assign name = item.product_name | default: item.name %}}\n"
        f'<tr><td class="line" width="56" valign="top" style="{cell}">{picture}</td>\n'
        f'<td class="line" valign="top" style="{cell}padding-left:14px;">'
        f'<p class="ink" style="margin:0;font-size:15px;line-height:22px;font-weight:600;color:{_INK};">{{{{ name }}}}</p>'
        f'<p class="soft" style="margin:2px 0 0;font-size:13px;line-height:20px;color:{_SOFT};">'
        "{% if item.variant_name %}{{ item.variant_name }} · {% endif %}"
        f"{words.quantity} {{{{ item.quantity }}}}</p></td>\n"
        f'<td class="line ink" valign="top" align="right" style="{cell}padding-left:12px;font-size:15px;'
        f'line-height:22px;font-weight:600;white-space:nowrap;color:{_INK};">'
        f"{{{{ item.total | money: {source}.currency }}}}</td></tr>\n"
        "{% endfor %}</table>",
        top=16,
    )


def totals(source: str, words: Words) -> str:
    """The sums of an order or a cart."""

    def line(label: str, value: str, *, when: str | None = None, strong: bool = False) -> str:
        size = "18px;line-height:28px;font-weight:750" if strong else "14px;line-height:24px"
        name, colour = ("ink", _INK) if strong else ("soft", _SOFT)
        text = (
            f'<tr><td class="{name}" style="padding:2px 0;font-size:{size};color:{colour};">{label}</td>'
            f'<td class="{name}" align="right" style="padding:2px 0;font-size:{size};white-space:nowrap;'
            f'color:{colour};">{value}</td></tr>\n'
        )
        return f"{{% if {when} %}}{text}{{% endif %}}" if when else text

    def amount(field: str, sign: str = "") -> str:
        return f"{sign}{{{{ {source}.{field} | money: {source}.currency }}}}"

    return row(
        '<table role="presentation" width="100%">\n'
        + line(words.subtotal, amount("subtotal"), when=f"{source}.subtotal")
        + line(words.discount, amount("discount_total", "−"), when=f"{source}.discount_total > 0")
        + f"{{% if {source}.shipping_total > 0 %}}"
        + line(words.shipping, amount("shipping_total"))
        + f"{{% elsif {source}.shipping_address %}}"
        + line(words.shipping, words.free)
        + "{% endif %}"
        + line(
            f"{{% if {source}.prices_include_tax %}}{words.tax_included}{{% else %}}{words.tax}{{% endif %}}",
            amount("tax_total"),
            when=f"{source}.tax_total > 0",
        )
        + line(words.total, amount("total"), strong=True)
        + line(words.refunded, amount("amount_refunded", "−"), when=f"{source}.amount_refunded > 0")
        + "</table>",
        top=12,
    )


def address(source: str, words: Words) -> str:
    """Where an order goes."""
    return (
        f"{{% assign place = {source}.shipping_address %}}{{% if place %}}"
        + panel(
            f'<p class="soft" style="margin:0 0 2px;font-size:12px;line-height:18px;color:{_SOFT};">{words.ship_to}</p>'
            f'<p class="ink" style="margin:0;font-size:15px;line-height:23px;color:{_INK};">'
            "<strong>{{ place.name }}</strong><br>{{ place.line1 }}"
            "{% if place.line2 %}, {{ place.line2 }}{% endif %}<br>"
            "{% if place.postal_code %}{{ place.postal_code }} {% endif %}{{ place.city }}"
            "{% if place.region %}, {{ place.region }}{% endif %}</p>"
        )
        + "{% endif %}\n"
    )


def tracking(words: Words) -> str:
    """How to follow a parcel."""
    return (
        "{% assign parcel = order.tracking %}{% if parcel.carrier or parcel.number %}"
        + panel(
            fact(words.carrier, "{{ parcel.carrier }}", when="parcel.carrier")
            + fact(words.tracking_number, "{{ parcel.number }}", when="parcel.number")
        )
        + "{% endif %}\n"
    )


def text_page(phrases: Phrases, words: Words, blocks: str, *, personal: bool) -> str:
    """The plain text of a message around its blocks."""
    greeting = f"{{% if customer_name %}}{words.greeting}\n\n{{% endif %}}" if personal else ""
    return (
        f"{phrases.heading}\n\n{greeting}{phrases.intro}\n{blocks}\n-- \n{words.from_store}"
        "{% if brand.footer %}\n{{ brand.footer }}{% endif %}{% if store.url %}\n{{ store.url }}{% endif %}\n"
        f'{{% if store.mode == "test" %}}{words.test_store}\n{{% endif %}}'
    )


def text_items(source: str, words: Words) -> str:
    """The lines and sums of an order or a cart."""
    total = f"{{{{ {source}.total | money: {source}.currency }}}}"
    return (
        f"\n{{% for item in {source}.items limit: 50 %}}"
        f"- {{{{ item.product_name | default: item.name }}}}{{% if item.variant_name %}} ({{{{ item.variant_name }}}}){{% endif %}}"
        f" × {{{{ item.quantity }}}}: {{{{ item.total | money: {source}.currency }}}}\n{{% endfor %}}"
        f"{{% if {source}.discount_total > 0 %}}{words.discount}: −{{{{ {source}.discount_total | money: {source}.currency }}}}\n{{% endif %}}"
        f"{{% if {source}.shipping_total > 0 %}}{words.shipping}: {{{{ {source}.shipping_total | money: {source}.currency }}}}\n{{% endif %}}"
        f"{{% if {source}.tax_total > 0 %}}{{% if {source}.prices_include_tax %}}{words.tax_included}{{% else %}}{words.tax}{{% endif %}}"
        f": {{{{ {source}.tax_total | money: {source}.currency }}}}\n{{% endif %}}"
        f"{words.total}: {total}\n"
    )


def text_button(label: str, *, url: str = "action_url") -> str:
    """A label and its address."""
    return f'{{% assign target = {url} | web_url %}}{{% if target != "" %}}\n{label}: {{{{ target }}}}\n{{% endif %}}'
