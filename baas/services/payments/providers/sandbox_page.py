"""The sandbox's hosted page: a form with three buttons, in the store's language, without scripts.

Everything that comes from a store or a payer is escaped; the policy allows one inline style by its hash and
the form's own address, plus the origin of the return address, because browsers apply `form-action` to the
redirect that follows a form.
"""

import base64
import hashlib
from html import escape
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from baas.core.values import ids, money
from baas.core.values.ids import Kind
from baas.services.payments.providers.sandbox import Page

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1a1f27;--soft:#586271;--line:#e3e6eb;--edge:#8a93a1;--card:#fff;--ground:#f4f5f7;--ok:#0b7a4b;--ok-soft:#e6f4ec;--no:#b3261e;--no-soft:#fdecea;--wait:#7a4f00;--wait-soft:#fff4d6;--focus:#1a56db}
@media (prefers-color-scheme:dark){:root{--ink:#eceff3;--soft:#a5aebb;--line:#333a45;--edge:#737d8c;--card:#1a1f27;--ground:#101319;--ok:#5fd6a0;--ok-soft:#12301f;--no:#ff9a92;--no-soft:#3a1a18;--wait:#ffd27a;--wait-soft:#352a10;--focus:#8ab4ff}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-items:center;padding:1.5rem 1rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:100%;max-width:26rem;background:var(--card);border:1px solid var(--line);border-radius:1.25rem;overflow:hidden;box-shadow:0 1px 2px rgb(16 24 40/.05),0 20px 48px -12px rgb(16 24 40/.14)}
.test{margin:0;padding:.625rem 1.5rem;background:#ffe7a3;color:#4a3500;font-size:.875rem;font-weight:500;text-align:center}
.body{padding:2rem clamp(1.25rem,6vw,2rem) 1.5rem}
.shop{display:flex;align-items:center;gap:.75rem}
.shop span{flex:none;display:grid;place-items:center;width:2.5rem;height:2.5rem;border-radius:.75rem;background:var(--ink);color:var(--card);font-weight:600;text-transform:uppercase}
h1{margin:0;font-size:1rem;font-weight:600;line-height:1.3;overflow-wrap:anywhere}
.amount{margin:1.5rem 0 0;font-size:clamp(1.75rem,8vw,2.375rem);font-weight:650;line-height:1.15;letter-spacing:-.025em;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.what{margin:.25rem 0 0;color:var(--soft);overflow-wrap:anywhere}
.state{margin:1.75rem 0 0;padding-top:1.5rem;border-top:1px solid var(--line);font-weight:600}
.approved,.refunded,.rejected,.in_review{padding:.75rem 1rem;border:0;border-radius:.75rem}
.approved,.refunded{background:var(--ok-soft);color:var(--ok)}.rejected{background:var(--no-soft);color:var(--no)}.in_review{background:var(--wait-soft);color:var(--wait)}
form{display:grid;grid-template-columns:1fr 1fr;gap:.75rem;margin-top:1rem}
button,.back{font:inherit;font-weight:600;line-height:1.2;min-height:3.25rem;padding:.5rem;border-radius:.75rem;border:1px solid var(--edge);background:transparent;color:var(--ink);cursor:pointer;text-align:center;text-decoration:none}
.go{grid-column:1/-1;background:#0b7a4b;border-color:#0b7a4b;color:#fff}
.no{color:var(--no)}
.back{display:grid;place-items:center;margin-top:.75rem}
.approved~.back,.refunded~.back{background:var(--ink);border-color:var(--ink);color:var(--card);margin-top:1.5rem}
@media (hover:hover){.go:hover{filter:brightness(1.12)}button:not(.go):hover,.back:hover{border-color:var(--ink)}}
button:focus-visible,a:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.id{margin:1.5rem 0 0;color:var(--soft);font-size:.8125rem;text-align:center;overflow-wrap:anywhere}
""".strip()
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_TEXTS: Final = {
    "en": {
        "title": "Test payment",
        "test": "Test mode: no real money moves.",
        "approve": "Approve payment",
        "reject": "Reject",
        "pending": "Leave pending",
        "created": "How should this payment end?",
        "approved": "The payment was approved.",
        "rejected": "The payment was rejected. You can try again.",
        "in_review": "The payment is under review.",
        "refunded": "The payment was refunded.",
        "back": "Back to the shop",
        "id": "Payment",
    },
    "es": {
        "title": "Pago de prueba",
        "test": "Modo de prueba: no se mueve dinero real.",
        "approve": "Aprobar el pago",
        "reject": "Rechazar",
        "pending": "Dejar pendiente",
        "created": "¿Cómo debe terminar este pago?",
        "approved": "El pago fue aprobado.",
        "rejected": "El pago fue rechazado. Se puede intentar de nuevo.",
        "in_review": "El pago está en revisión.",
        "refunded": "El pago fue devuelto.",
        "back": "Volver a la tienda",
        "id": "Pago",
    },
    "pt": {
        "title": "Pagamento de teste",
        "test": "Modo de teste: nenhum dinheiro real é movimentado.",
        "approve": "Aprovar o pagamento",
        "reject": "Recusar",
        "pending": "Deixar pendente",
        "created": "Como este pagamento deve terminar?",
        "approved": "O pagamento foi aprovado.",
        "rejected": "O pagamento foi recusado. Você pode tentar novamente.",
        "in_review": "O pagamento está em análise.",
        "refunded": "O pagamento foi devolvido.",
        "back": "Voltar à loja",
        "id": "Pagamento",
    },
}


def render(page: Page, *, store_name: str, locale: str) -> bytes:
    """The page as HTML."""
    language = locale.partition("-")[0].lower()
    language = language if language in _TEXTS else "en"
    texts = _TEXTS[language]
    payment = ids.encode(Kind.PAYMENT, page.payment_id)
    parts = [
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f'<meta name="robots" content="noindex"><title>{texts["title"]} · {escape(store_name)}</title>',
        f'<style>{_STYLE}</style></head><body><main><p class="test">{texts["test"]}</p><div class="body">',
        f'<div class="shop"><span aria-hidden="true">{escape(store_name[:1])}</span><h1>{escape(store_name)}</h1></div>'
        f'<p class="amount">{escape(_amount(page, language))}</p>',
    ]
    if page.description:
        parts.append(f'<p class="what">{escape(page.description)}</p>')
    state = page.status if page.status in texts else "created"
    parts.append(f'<p class="state {state}" role="status">{texts[state]}</p>')
    if state in {"created", "rejected", "in_review"}:
        parts.append(
            '<form method="post">'
            f'<button class="go" name="outcome" value="approved">{texts["approve"]}</button>'
            f'<button class="no" name="outcome" value="rejected">{texts["reject"]}</button>'
            f'<button name="outcome" value="pending">{texts["pending"]}</button></form>'
        )
    if page.return_url and state != "created":
        back = escape(return_address(page.return_url, payment, page.status))
        parts.append(f'<a class="back" href="{back}" rel="noreferrer">{texts["back"]}</a>')
    parts.append(f'<p class="id">{texts["id"]} {payment}</p></div></main></body></html>')
    return "".join(parts).encode()


def headers(page: Page) -> dict[str, str]:
    """What keeps the page from being anything else."""
    actions = "'self'"
    origin = _origin(page.return_url)
    if origin:
        actions += f" {origin}"
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action {actions}; "
            "base-uri 'none'; frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def return_address(return_url: str, payment: str, status: str) -> str:
    """The shop's address with the payment's id and what the payer was told; to be shown, never believed."""
    parts = urlsplit(return_url)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("payment_id", payment), ("status", status)]
    address = urlunsplit((parts.scheme, parts.netloc, parts.path or "/", urlencode(query), parts.fragment))
    return quote(address, safe="%/:?#[]@!$&'()*+,;=-._~")


def _origin(return_url: str | None) -> str | None:
    if not return_url:
        return None
    parts = urlsplit(return_url)
    return f"{parts.scheme}://{parts.netloc}"


def _amount(page: Page, language: str) -> str:
    text = money.format_decimal(page.amount, page.currency)
    whole, point, fraction = text.partition(".")
    thousands, decimal = (",", ".") if language == "en" else (".", ",")
    groups = f"{int(whole):,}".replace(",", thousands)
    return f"{page.currency} {groups}{decimal if point else ''}{fraction}"
