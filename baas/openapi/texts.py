"""The sentences of the document that no single handler could say."""

from typing import Final

TITLE: Final = "baas"
DESCRIPTION: Final = """\
A commerce backend for many shops: catalogue, stock, carts, checkout, orders, payments, events and webhooks.
Each store sees itself and nothing else.

**Keys.** Send your store's key as `X-API-KEY`. A publishable key (`pk_…`) goes into web pages and opens the
storefront endpoints, from the origins that the store lists. A secret key (`sk_…`) stays on servers and opens
what its scopes say. Every endpoint names the scope that it needs.

**Answers.** `{"success": true, "data": …, "meta": {…}}`; a list adds `pagination`. A refusal is
`{"success": false, "error": {"code", "message", "details"}, "meta": {…}}`; `code` is stable, `message` is for
people. `meta.request_id`, also in the header `X-Request-Id`, finds the request in our logs.

**Money** is an integer in the currency's minor unit: 1890000 with `ARS` is $ 18.900,00.

**Lists** are paged by keyset: send `pagination.next_cursor` as `cursor`. `include=total` counts the whole list.

**Repeating safely.** Every write takes an `Idempotency-Key`: within 24 hours the same key and body give the first
answer again, with `Idempotent-Replayed: true`.

**Trying out.** A write with `Prefer: dry-run` answers what it would have answered; nothing is stored, sent or charged.

**Limits.** `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` say what is left of the plan's requests
per minute; over it the answer is 429 with `Retry-After`.

When something of ours breaks the answer is 500 `internal_error`; when the database is away, 503 `unavailable`
with `Retry-After`: nothing was done, and a retry is safe.
"""

TAGS: Final = {
    "store": "The store itself: its name, currency, settings, and how much of its plan is used.",
    "keys": "API keys: made, rotated and revoked. A key is shown once, when it is made.",
    "catalogue": "Products with variants and images, the tree of categories, search, and imports.",
    "inventory": "How many there are of each variant, what open orders hold, and every change with its reason.",
    "carts": "What a customer is putting together, priced by the same function that prices the order.",
    "checkout": "From a cart to an order with its payment, and the customer's own view of both.",
    "orders": "What was agreed, with its states from payment to return.",
    "payments": "Attempts to collect money, refunds, and the store's accounts with payment providers.",
    "sandbox": "The hosted page of the sandbox provider, for test stores.",
    "notifications": "Messages over mail and WhatsApp: templates with versions, the log, and how the store sends.",
    "events": "The log of everything that happened in the store, and events of the client's own shop.",
    "webhooks": "Where events are sent, each delivery and each attempt. Signed as Standard Webhooks.",
    "audit": "Who changed what.",
    "operator": "Provisioning of stores, for who runs the deployment.",
}
"""Every tag, in the order of the navigation."""

ERRORS: Final = {
    "400": "The body is no JSON, or the cursor is not from this list",
    "401": "No key, or one that is not valid",
    "402": "The plan does not allow more of this",
    "403": "The store is inactive, the key lacks the scope, or the origin is not listed",
    "404": "There is no such object in this store",
    "409": "Something stands in the way; `details` says what",
    "413": "The body is too large",
    "415": "The body is no `application/json`",
    "422": "A field is wrong or unknown; `details.fields` says which and why",
    "429": "Too many requests; `Retry-After` says when the next one passes",
    "502": "The payment provider refused or does not answer; a retry is safe",
}
"""What each status of a refusal means."""

CODES: Final = {
    "400": ("malformed_json", "invalid_cursor"),
    "401": ("unauthenticated", "invalid_api_key"),
    "402": ("plan_limit_exceeded",),
    "403": ("insufficient_scope", "store_inactive", "origin_not_allowed"),
    "404": ("not_found",),
    "409": ("conflict", "idempotency_in_progress"),
    "413": ("payload_too_large",),
    "415": ("unsupported_media_type",),
    "422": ("validation_error", "idempotency_key_reused"),
    "429": ("rate_limited",),
    "502": ("payment_provider_error",),
}
"""The codes that any endpoint with this status may answer."""

ALSO: Final = {"create_import": {202: "The file is large; the import goes on in the background"}}
"""operation -> further statuses of success, with the same body."""

_OUTCOME: Final = {
    "type": "object",
    "required": ["outcome"],
    "properties": {"outcome": {"type": "string", "enum": ["approved", "rejected", "pending"]}},
}
FORMS: Final = {
    "decide_sandbox_payment": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {"schema": _OUTCOME},
            "application/json": {"schema": _OUTCOME, "example": {"outcome": "approved"}},
        },
    }
}
"""operation -> its body, where the handler reads it by hand."""

RESERVED: Final = "Reserved: nothing of this version emits it."
PUBLISHED: Final = "Of an order that the shop keeps elsewhere, `data` is what it published."
