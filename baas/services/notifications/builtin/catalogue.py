"""Every built-in template by key, channel and language, composed when it is first asked for."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from baas.services.notifications.builtin import blocks, en, es, pt
from baas.services.notifications.builtin.phrases import Phrases, Words
from baas.services.notifications.rendering.words import Source

LANGUAGES: Final = ("en", "es", "pt")
KEYS: Final = tuple(es.PHRASES)
FALLBACK: Final = "en"
SENSITIVE: Final = frozenset({"password_reset", "email_verification"})
"""What these carry opens an account: it is forgotten when the message is gone."""
_WORDS: Final[Mapping[str, Words]] = {"en": en.WORDS, "es": es.WORDS, "pt": pt.WORDS}
_PHRASES: Final[Mapping[str, Mapping[str, Phrases]]] = {"en": en.PHRASES, "es": es.PHRASES, "pt": pt.PHRASES}
_TO_THE_STORE: Final = frozenset({"low_stock", "webhook_disabled"})
_ORDER_LINES: Final = frozenset({"order_confirmation", "payment_received", "order_cancelled", "refund"})


def language_of(locale: str) -> str:
    """The built-in language for a locale: its own, or English."""
    language = locale.partition("-")[0].lower()
    return language if language in LANGUAGES else FALLBACK


def words_of(language: str) -> Words:
    """The words of a built-in language."""
    return _WORDS[language]


_IF: Final = re.compile(r"\{% if ([a-z0-9_.]+) %\}")


def _present(source: str) -> str:
    """Let every `{% if field %}` mean that there is something in it: to Liquid an empty text is true."""
    return _IF.sub(r'{% if \1 and \1 != "" %}', source)


def _lost(words: Words) -> str:
    """Why an endpoint was given up, in the language of the message; for a reason that has no words here, the API's."""
    return (
        f'{{% case endpoint.disabled_code %}}{{% when "gone" %}}{words.endpoint_gone}'
        f'{{% when "failed" %}}{words.endpoint_failed}'
        "{% else %}{{ endpoint.disabled_reason }}{% endcase %}"
    )


@cache
def email(key: str, language: str) -> Source:
    """A mail. Raises KeyError for a key that is not built in."""
    phrases, words = _PHRASES[language][key], _WORDS[language]
    personal = key not in _TO_THE_STORE
    html = blocks.opening(phrases, words, personal=personal)
    text = ""
    if key == "order_shipped":
        html += blocks.tracking(words)
        text += (
            "{% if order.tracking.carrier %}\n" + words.carrier + ": {{ order.tracking.carrier }}{% endif %}"
            "{% if order.tracking.number %}\n"
            + words.tracking_number
            + ": {{ order.tracking.number }}{% endif %}\n"
        )
        html += blocks.button(words.track, words, url="order.tracking.url")
        text += blocks.text_button(words.track, url="order.tracking.url")
    elif phrases.button is not None:
        html += blocks.button(phrases.button, words)
    if key in _ORDER_LINES or key == "order_shipped":
        html += blocks.items("order", words) + blocks.totals("order", words)
        text += blocks.text_items("order", words)
    if key in {"order_confirmation", "payment_received", "order_shipped"}:
        html += blocks.address("order", words)
    if key == "abandoned_cart":
        html += blocks.items("cart", words) + blocks.totals("cart", words)
        text += blocks.text_items("cart", words)
    if key == "order_cancelled":
        html += (
            "{% if order.cancel_reason %}"
            + blocks.panel(blocks.fact(words.reason, "{{ order.cancel_reason }}"))
            + "{% endif %}"
        )
        text += "{% if order.cancel_reason %}\n" + words.reason + ": {{ order.cancel_reason }}\n{% endif %}"
    if key == "low_stock":
        html += blocks.panel(
            blocks.fact(
                words.product,
                "{{ variant.product_name }}{% if variant.variant_name %} · {{ variant.variant_name }}{% endif %}",
            )
            + blocks.fact(words.sku, "{{ variant.sku }}", when="variant.sku")
            + blocks.fact(words.available, "{{ variant.available }}")
        )
        text += f"\n{{{{ variant.product_name }}}}{{% if variant.variant_name %}} ({{{{ variant.variant_name }}}}){{% endif %}}\n{words.available}: {{{{ variant.available }}}}\n"
    if key == "webhook_disabled":
        html += blocks.panel(
            blocks.fact(words.address, "{{ endpoint.url }}")
            + blocks.fact(words.reason, _lost(words), when="endpoint.disabled_reason")
        )
        text += f"\n{words.address}: {{{{ endpoint.url }}}}\n{words.reason}: {_lost(words)}\n"
    if phrases.button is not None and key != "order_shipped":
        text += blocks.text_button(phrases.button)
    if phrases.outro is not None:
        html += blocks.note(phrases.outro)
        text += f"\n{phrases.outro}\n"
    return Source(
        subject=_present(phrases.subject),
        html=_present(blocks.page(language, phrases, words, html)),
        body=_present(blocks.text_page(phrases, words, text, personal=personal)),
    )


@cache
def whatsapp(key: str, language: str) -> Source:
    """A short text for WhatsApp, which shows `*…*` bold. Raises KeyError for a key that is not built in."""
    phrases, words = _PHRASES[language][key], _WORDS[language]
    lines = [f"*{{{{ brand.name }}}}* · {phrases.badge}", ""]
    if key not in _TO_THE_STORE:
        lines[-1] += "{% if customer_name %}" + words.greeting + "\n{% endif %}"
    lines[-1] += phrases.intro
    if key == "order_shipped":
        lines.append(
            f"{{% if order.tracking.number %}}{words.tracking_number}: {{{{ order.tracking.number }}}}{{% endif %}}"
        )
        lines.append("{{ order.tracking.url | web_url }}")
    elif key in _ORDER_LINES:
        lines.append(f"{words.total}: {{{{ order.total | money: order.currency }}}}")
    elif key == "low_stock":
        lines.append("{{ variant.product_name }}: {{ variant.available }}")
    elif key == "webhook_disabled":
        lines.append("{{ endpoint.url }}")
    if phrases.button is not None and key != "order_shipped":
        lines.append("{{ action_url | web_url }}")
    return Source(subject=None, html=None, body=_present("\n".join(lines) + "\n"))


@cache
def direct(language: str) -> Source:
    """A message without a template: the given subject and text, in the store's looks."""
    words = _WORDS[language]
    phrases = Phrases(
        subject="{{ message.subject }}",
        preview="{{ message.body | truncate: 120 }}",
        badge="",
        heading="{{ message.subject }}",
        intro="{{ message.body | newline_to_br }}",
    )
    heading = blocks.row(
        '<h1 class="ink head" style="margin:0;font-size:26px;line-height:1.25;font-weight:750;'
        'letter-spacing:-.02em;color:#111827;">{{ message.subject }}</h1>'
        + blocks.paragraph("{{ message.body | newline_to_br }}", top=14),
        top=24,
    )
    return Source(
        subject=phrases.subject,
        html=blocks.page(language, phrases, words, heading),
        body="{{ message.body }}\n",
    )
