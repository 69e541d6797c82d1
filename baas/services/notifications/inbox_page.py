"""The pages of the inbox viewer: one style sheet, no script."""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from typing import Final

from baas.services.notifications.schemas import NotificationStatus
from baas.services.notifications.service.inbox import Line, Mail

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#111827;--soft:#667085;--line:#e4e7ec;--card:#fff;--ground:#f2f4f7;--pick:#eef2ff;--accent:#4f46e5}
@media (prefers-color-scheme:dark){:root{--ink:#eef1f6;--soft:#98a2b3;--line:#2a323d;--card:#171c24;--ground:#0d1117;--pick:#232b3d;--accent:#8b8cf8}}
*{box-sizing:border-box}
body{margin:0;height:100vh;display:grid;grid-template-rows:auto 1fr;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
header{display:flex;gap:.75rem;align-items:center;padding:.875rem 1.25rem;background:var(--card);border-bottom:1px solid var(--line)}
header a{color:inherit;text-decoration:none}
h1{margin:0;font-size:1.0625rem;letter-spacing:-.01em}
.count{margin-left:auto;color:var(--soft);font-size:.875rem}
main{min-height:0;display:grid;grid-template-columns:minmax(18rem,24rem) 1fr}
nav{overflow:auto;background:var(--card);border-right:1px solid var(--line)}
nav a{display:block;padding:.8rem 1.25rem;border-bottom:1px solid var(--line);border-left:3px solid transparent;color:inherit;text-decoration:none}
nav a:hover{background:var(--pick)}
nav a[aria-current]{background:var(--pick);border-left-color:var(--accent)}
nav a:focus-visible,label:focus-within{outline:2px solid var(--accent);outline-offset:-2px}
.top{display:flex;gap:.5rem;color:var(--soft);font-size:.8125rem}
.top time{margin-left:auto;white-space:nowrap}
.subject{font-weight:600;overflow-wrap:anywhere}
.to{color:var(--soft);font-size:.8125rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.failed{color:#d92d20}.pending{color:#b54708}
article{min-width:0;overflow:auto;padding:1.25rem}
h2{margin:0 0 .75rem;font-size:1.25rem;letter-spacing:-.015em;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem .875rem;margin:0 0 1rem;font-size:.8125rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
.views{display:flex;flex-wrap:wrap;gap:.375rem;align-items:center}
.views input{position:absolute;opacity:0}
.views label{padding:.3rem .8rem;border:1px solid var(--line);border-radius:999px;background:var(--card);font-size:.8125rem;cursor:pointer}
.views input:checked+label{background:var(--accent);border-color:var(--accent);color:#fff}
.views .pane{display:none;flex-basis:100%;margin-top:.75rem}
#phone:checked~.html,#wide:checked~.html,#plain:checked~.plain{display:block}
iframe{display:block;margin:0 auto;width:100%;height:72vh;min-height:30rem;border:1px solid var(--line);border-radius:1rem;background:#fff;color-scheme:light dark}
#phone:checked~.html iframe{max-width:390px;border-radius:1.75rem}
pre{margin:0;padding:1.25rem;border:1px solid var(--line);border-radius:1rem;background:var(--card);white-space:pre-wrap;overflow-wrap:anywhere;font:.875rem/1.6 ui-monospace,Menlo,Consolas,monospace}
main.bare{display:block}
.empty{max-width:30rem;margin:18vh auto 0;padding:0 1.25rem;text-align:center;color:var(--soft)}
.empty strong{display:block;margin-bottom:.375rem;color:var(--ink);font-size:1.125rem}
@media (max-width:760px){body{height:auto;min-height:100vh}main{display:block}nav{border-right:0}.reading nav{display:none}article{padding:1rem}iframe{height:78vh}}
""".strip()
_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
"""What the pages may do: their one style, and the frame with the mail."""


def listed(mails: Sequence[Line]) -> str:
    """The list."""
    if not mails:
        hint = "<strong>No mail yet</strong>Place an order in a test store, or send something with <code>POST /api/v1/admin/notifications</code>."
        return _document("Inbox", 0, f'<div class="empty">{hint}</div>', "bare")
    chosen = '<div class="empty"><strong>Choose a mail</strong>It is shown as its reader will see it.</div>'
    return _document("Inbox", len(mails), f"{_list(mails, None)}<article>{chosen}</article>", "")


def opened(mail: Mail, mails: Sequence[Line]) -> str:
    """One mail beside the list."""
    line = mail.line
    headers = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        for name, value in mail.headers
        if name != "MIME-Version"
    )
    source = f"/dev/inbox/{line.store_id}/{line.id}/html"
    first, rich = ("plain", "") if mail.html is None else ("phone", "")
    if mail.html is not None:
        rich = (
            '<input type="radio" name="view" id="phone" checked><label for="phone">Phone</label>'
            '<input type="radio" name="view" id="wide"><label for="wide">Wide</label>'
        )
    plain = " checked" if first == "plain" else ""
    frame = (
        f'<div class="pane html"><iframe src="{source}" sandbox="allow-popups allow-popups-to-escape-sandbox"'
        ' referrerpolicy="no-referrer" title="The mail as it will look"></iframe></div>'
    )
    article = (
        f"<article><h2>{escape(line.subject)}</h2><dl>{headers}</dl>"
        f'<div class="views">{rich}<input type="radio" name="view" id="plain"{plain}>'
        f'<label for="plain">Text</label>{frame if mail.html is not None else ""}'
        f'<div class="pane plain"><pre>{escape(mail.body)}</pre></div></div></article>'
    )
    return _document(line.subject, len(mails), _list(mails, line.id) + article, "reading")


def _list(mails: Sequence[Line], current: str | None) -> str:
    rows = []
    for mail in mails:
        here = ' aria-current="page"' if mail.id == current else ""
        state = (
            ""
            if mail.status == NotificationStatus.SENT
            else f' · <span class="{mail.status}">{mail.status}</span>'
        )
        sent = mail.created_at.strftime("%Y-%m-%d %H:%M")
        rows.append(
            f'<a href="/dev/inbox/{mail.store_id}/{mail.id}"{here}>'
            f'<div class="top"><span>{escape(mail.store_name)}{state}</span><time>{sent}</time></div>'
            f'<div class="subject">{escape(mail.subject or "(no subject)")}</div>'
            f'<div class="to">{escape(mail.to)}</div></a>'
        )
    return f'<nav aria-label="Mails">{"".join(rows)}</nav>'


def _document(title: str, count: int, content: str, kind: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>"
        '<header><a href="/dev/inbox"><h1>Inbox</h1></a>'
        f'<span class="count">{count} mail{"" if count == 1 else "s"}</span></header>'
        f'<main class="{kind}">{content}</main></body></html>'
    )
