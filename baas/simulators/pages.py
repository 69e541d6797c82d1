"""The page on which a person pays, and the way back to the shop."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from aiohttp import web

_STYLE: Final = (
    "body{font:16px system-ui;margin:0;background:#eef1f5;color:#1b1f24}main{max-width:26rem;margin:8vh auto;"
    "background:#fff;padding:2rem;border-radius:12px;box-shadow:0 2px 12px #0002}h1{font-size:1rem;margin:0;"
    "color:#59636e}p.sum{font-size:2rem;margin:.5rem 0 1.5rem}button{display:block;width:100%;padding:.8rem;"
    "margin:.5rem 0;border:0;border-radius:8px;font:inherit;background:#0a66c2;color:#fff;cursor:pointer}"
    "button.no{background:#b3261e}button.wait{background:#7a5c00}small{color:#59636e}"
    "button.leave{background:none;color:#0a66c2}"
    "button:focus-visible{outline:3px solid #1b1f24;outline-offset:2px}"
)
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def pay_page(
    provider: str, title: str, amount: str, choices: Sequence[tuple[str, str, str]], *, note: str = ""
) -> web.Response:
    """A form with one button for each (value, words, class)."""
    buttons = "".join(
        f'<button name="outcome" value="{escape(value)}" class="{escape(kind)}">{escape(words)}</button>'
        for value, words, kind in choices
    )
    return web.Response(
        text=(
            '<!doctype html><html lang="en"><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            f"<title>{escape(provider)} simulator</title><style>{_STYLE}</style><main><h1>{escape(provider)} "
            f'simulator</h1><p>{escape(title)}</p><p class="sum">{escape(amount)}</p>'
            f'<form method="post">{buttons}</form><small>{escape(note)}No money moves here.</small></main></html>'
        ),
        content_type="text/html",
        headers=_HEADERS,
    )


def back(url: str, extra: Mapping[str, str]) -> web.Response:
    """Send the payer back to the shop."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, urlencode(extra)) if part)
    return web.Response(status=303, headers={"Location": urlunsplit(parts._replace(query=query))})
