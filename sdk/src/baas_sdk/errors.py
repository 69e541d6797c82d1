"""Everything the SDK raises.

    BaasError
    ├── ConfigurationError            no key, no address, or one that cannot be one
    ├── InvalidArgument               refused before anything was sent
    ├── InvalidWebhook                not signed with your secret, changed, too old, or no event
    ├── ConnectionFailed              no answer
    │   └── TimedOut                  no answer in time
    ├── InvalidAnswer                 an answer that is not the API's
    └── StatusError                   the API refused
        ├── NotModified        304
        ├── BadRequest         400    MalformedJson, InvalidCursor
        ├── Unauthenticated    401    InvalidApiKey
        ├── PaymentRequired    402    PlanLimitExceeded
        ├── Forbidden          403    InsufficientScope, OriginNotAllowed, StoreInactive
        ├── NotFound           404
        ├── MethodNotAllowed   405
        ├── Conflict           409    InsufficientStock, PriceChanged, InvalidTransition,
        │                             IdempotencyInProgress, PaymentProviderUnconfigured
        ├── PayloadTooLarge    413
        ├── UnsupportedMediaType 415
        ├── Unprocessable      422    ValidationFailed, IdempotencyKeyReused
        ├── RateLimited        429
        └── ServerError        5xx    InternalError, PaymentProviderError, Unavailable

The class follows the machine code of the refusal; a code that this version does not know gets the class of
its status, so code that catches `Conflict` also catches the conflicts of next year.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

__all__ = [
    "BaasError",
    "BadRequest",
    "ConfigurationError",
    "Conflict",
    "ConnectionFailed",
    "Forbidden",
    "IdempotencyInProgress",
    "IdempotencyKeyReused",
    "InsufficientScope",
    "InsufficientStock",
    "InternalError",
    "InvalidAnswer",
    "InvalidApiKey",
    "InvalidArgument",
    "InvalidCursor",
    "InvalidTransition",
    "InvalidWebhook",
    "MalformedJson",
    "MethodNotAllowed",
    "NotFound",
    "NotModified",
    "OriginNotAllowed",
    "PayloadTooLarge",
    "PaymentProviderError",
    "PaymentProviderUnconfigured",
    "PaymentRequired",
    "PlanLimitExceeded",
    "PriceChanged",
    "RateLimited",
    "ServerError",
    "StatusError",
    "StoreInactive",
    "TimedOut",
    "Unauthenticated",
    "Unavailable",
    "Unprocessable",
    "UnsupportedMediaType",
    "ValidationFailed",
]


class BaasError(Exception):
    """The base of everything here. Can be pickled: job queues send exceptions from process to process."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args, self.__dict__)


def _again(kind: type[BaasError], args: tuple[Any, ...], state: dict[str, Any]) -> BaasError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(BaasError):
    """The client cannot be made: a key or an address is missing or cannot be one."""


class InvalidArgument(BaasError, ValueError):
    """An argument that the API would not understand; nothing was sent."""


class InvalidWebhook(BaasError):
    """A request that is not a webhook of your store. Answer 400 and do nothing else."""


class ConnectionFailed(BaasError):
    """The API did not answer, in none of the tries.

    Whether a write had an effect is unknown. Repeat it with the same `idempotency_key`, and it has one.
    """

    def __init__(self, message: str, *, idempotency_key: str | None = None, tries: int = 1) -> None:
        super().__init__(message)
        self.idempotency_key = idempotency_key
        """The key that was sent with the write; None for a read."""
        self.tries = tries
        """How often it was tried."""


class TimedOut(ConnectionFailed):
    """The API did not answer in time."""


class InvalidAnswer(BaasError):
    """An answer that is not the API's: a proxy's page, or a document of another version."""

    def __init__(self, message: str, *, status: int, request_id: str | None, body: bytes) -> None:
        super().__init__(f"{request_id or 'no request id'}: {message}")
        self.status = status
        self.request_id = request_id
        self.body = body


class StatusError(BaasError):
    """The API refused. The text begins with the request id, which finds the request in the API's logs."""

    code: ClassVar[str] = ""
    """The machine code that this class stands for; empty for the classes of a status."""

    def __init__(
        self,
        message: str,
        *,
        status: int,
        error_code: str = "",
        details: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        idempotency_key: str | None = None,
    ) -> None:
        self.message: str = message
        self.status: int = status
        """The HTTP status."""
        self.error_code: str = error_code or self.code
        """The machine code of the refusal, also when this version has no class for it."""
        self.details: dict[str, Any] = dict(details or {})
        """Which field or object, and why."""
        self.request_id: str | None = request_id
        self.retry_after: float | None = retry_after
        """Seconds after which a retry makes sense, when the API says so."""
        self.idempotency_key: str | None = idempotency_key
        """The key that was sent with the write; None for a read."""
        super().__init__(f"{request_id or 'no request id'}: {message} ({self.error_code or status})")

    def _text(self, name: str) -> str | None:
        value = self.details.get(name)
        return value if isinstance(value, str) else None

    def _number(self, name: str) -> int | None:
        value = self.details.get(name)
        return value if isinstance(value, int) else None


class NotModified(StatusError):
    """304: what you have, by its ETag, is still the same."""


class BadRequest(StatusError):
    """400."""


class MalformedJson(BadRequest):
    """The body is not JSON."""

    code = "malformed_json"


class InvalidCursor(BadRequest):
    """A cursor of another list, or of another store."""

    code = "invalid_cursor"


class Unauthenticated(StatusError):
    """401: no key, or one that is not valid."""

    code = "unauthenticated"


class InvalidApiKey(Unauthenticated):
    """The key is unknown, revoked or expired."""

    code = "invalid_api_key"


class PaymentRequired(StatusError):
    """402."""


class PlanLimitExceeded(PaymentRequired):
    """The store's plan does not allow more of this."""

    code = "plan_limit_exceeded"

    @property
    def name(self) -> str | None:
        """Which limit."""
        return self._text("name")

    @property
    def limit(self) -> int | None:
        """How much the plan allows."""
        return self._number("limit")

    @property
    def used(self) -> int | None:
        """How much of it is used."""
        return self._number("used")


class Forbidden(StatusError):
    """403."""


class InsufficientScope(Forbidden):
    """The key may not do that."""

    code = "insufficient_scope"

    @property
    def needs(self) -> str | None:
        """The scope that the key lacks."""
        return self._text("needs")


class OriginNotAllowed(Forbidden):
    """A browser page from an origin that is not on the store's list."""

    code = "origin_not_allowed"


class StoreInactive(Forbidden):
    """The store was deactivated."""

    code = "store_inactive"


class NotFound(StatusError):
    """404: there is no such object in this store."""

    code = "not_found"


class MethodNotAllowed(StatusError):
    """405."""

    code = "method_not_allowed"


class Conflict(StatusError):
    """409: something stands in the way; `details` says what."""

    code = "conflict"


class InsufficientStock(Conflict):
    """There is not enough of it."""

    code = "insufficient_stock"

    @property
    def variant_id(self) -> str | None:
        """Of what there is not enough."""
        return self._text("variant_id")

    @property
    def asked(self) -> int | None:
        """How many were wanted."""
        return self._number("asked")

    @property
    def available(self) -> int | None:
        """How many can be had; None when the store does not show it."""
        return self._number("available")


class PriceChanged(Conflict):
    """The total is another one than the customer saw: show it again."""

    code = "price_changed"

    @property
    def expected_total(self) -> int | None:
        """What the customer saw, in the minor unit."""
        return self._number("expected_total")

    @property
    def total(self) -> int | None:
        """What it is now, in the minor unit."""
        return self._number("total")


class InvalidTransition(Conflict):
    """That step is not allowed in the present state."""

    code = "invalid_transition"

    @property
    def current(self) -> str | None:
        """The present state."""
        return self._text("from")

    @property
    def wanted(self) -> str | None:
        """The state that was asked for."""
        return self._text("to")

    @property
    def allowed(self) -> list[str]:
        """The states that can be reached from here."""
        found = self.details.get("allowed")
        return [str(item) for item in found] if isinstance(found, list) else []


class IdempotencyInProgress(Conflict):
    """A request with this idempotency key is still running. The SDK waits for it and asks again."""

    code = "idempotency_in_progress"


class PaymentProviderUnconfigured(Conflict):
    """The store has no account with this payment provider."""

    code = "payment_provider_unconfigured"


class PayloadTooLarge(StatusError):
    """413."""

    code = "payload_too_large"

    @property
    def limit(self) -> int | None:
        """How many bytes a body may have."""
        return self._number("limit")


class UnsupportedMediaType(StatusError):
    """415."""

    code = "unsupported_media_type"


class Unprocessable(StatusError):
    """422."""


class ValidationFailed(Unprocessable):
    """A field is not as it should be."""

    code = "validation_error"

    @property
    def fields(self) -> dict[str, str]:
        """What is wrong, by the path of the field."""
        found = self.details.get("fields")
        return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


class IdempotencyKeyReused(Unprocessable):
    """This idempotency key was used for another request within 24 hours."""

    code = "idempotency_key_reused"


class RateLimited(StatusError):
    """429: too many requests, even after the SDK's own retries."""

    code = "rate_limited"

    @property
    def limit(self) -> int | None:
        """Requests per minute."""
        return self._number("limit")


class ServerError(StatusError):
    """5xx. Nothing was done, or it was done once: repeating with the same `idempotency_key` is safe."""


class InternalError(ServerError):
    """A mistake of the API."""

    code = "internal_error"


class PaymentProviderError(ServerError):
    """The payment provider refused or did not answer. A retry is safe."""

    code = "payment_provider_error"

    @property
    def provider(self) -> str | None:
        """Which provider."""
        return self._text("provider")


class Unavailable(ServerError):
    """The API cannot answer now; nothing was done."""

    code = "unavailable"


_BY_STATUS: dict[int, type[StatusError]] = {
    304: NotModified,
    400: BadRequest,
    401: Unauthenticated,
    402: PaymentRequired,
    403: Forbidden,
    404: NotFound,
    405: MethodNotAllowed,
    409: Conflict,
    413: PayloadTooLarge,
    415: UnsupportedMediaType,
    422: Unprocessable,
    429: RateLimited,
}


def _codes(kind: type[StatusError]) -> dict[str, type[StatusError]]:
    found = {kind.code: kind} if kind.code else {}
    for inner in kind.__subclasses__():
        found.update(_codes(inner))
    return found


BY_CODE: dict[str, type[StatusError]] = _codes(StatusError)
"""The class of every machine code that this version knows."""


def class_for(code: str, status: int) -> type[StatusError]:
    """The class of a refusal: by its code, else by its status."""
    known = BY_CODE.get(code)
    if known is not None:
        return known
    return _BY_STATUS.get(status, ServerError if status >= 500 else StatusError)
