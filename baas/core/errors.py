"""Refusals: classes with a stable code and a status. Everything else that is raised is a bug (500).

One renderer (`baas.core.serving.envelope.failure`) turns them into the failure envelope of the HTTP contract.
"""

from typing import Any, ClassVar


class AppError(Exception):
    """A refusal that the caller can act on.

    `code` is the stable word that the SDK maps to an exception class; `status` is the HTTP status;
    `details` says which field or object and why, and never holds a secret or another store's data.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = message or self.title
        self.details: dict[str, Any] = details
        super().__init__(self.message)

    @property
    def headers(self) -> dict[str, str]:
        """Extra response headers that belong to this refusal."""
        return {}


class ValidationFailed(AppError):
    """The body or a parameter does not have the promised shape. `details` maps field to reason."""

    code, status, title = "validation_error", 422, "The request is not valid."

    @classmethod
    def field(cls, field: str, reason: str) -> "ValidationFailed":
        """A refusal about one field, named by its path in the request."""
        return cls(f"{field}: {reason}", fields={field: reason})


class MalformedJson(AppError):
    """The body is not JSON."""

    code, status, title = "malformed_json", 400, "The body is not valid JSON."


class InvalidCursor(AppError):
    """A cursor that this store did not get from this list."""

    code, status, title = "invalid_cursor", 400, "The cursor is not valid for this list."


class Unauthenticated(AppError):
    """No credential where one is needed."""

    code, status, title = "unauthenticated", 401, "Send your key in the X-API-KEY header."


class InvalidApiKey(AppError):
    """A key that is unknown, revoked or expired."""

    code, status, title = "invalid_api_key", 401, "This key is not valid."


class StoreInactive(AppError):
    """The key is right, but its store was deactivated."""

    code, status, title = "store_inactive", 403, "This store is not active."


class InsufficientScope(AppError):
    """The key may not do this. `details.needs` names the missing scope."""

    code, status, title = "insufficient_scope", 403, "This key may not do that."


class OriginNotAllowed(AppError):
    """A browser page from an origin that is not on the store's list."""

    code, status, title = (
        "origin_not_allowed",
        403,
        "This origin is not on the store's list of allowed origins.",
    )


class NotFound(AppError):
    """No such thing in this store; another store's object answers the same."""

    code, status, title = "not_found", 404, "There is no such object in this store."


class MethodNotAllowed(AppError):
    """The address exists, but not for this method."""

    code, status, title = "method_not_allowed", 405, "This method is not allowed here."


class Conflict(AppError):
    """Something else in the store stands in the way; `details` says what."""

    code, status, title = "conflict", 409, "This conflicts with what is already there."


class InvalidTransition(AppError):
    """A state that cannot be reached from the present one. `details`: from, to, allowed."""

    code, status, title = "invalid_transition", 409, "That step is not allowed in the present state."


class IdempotencyInProgress(AppError):
    """The twin of this request is still running; ask again in a moment."""

    code, status, title = (
        "idempotency_in_progress",
        409,
        "A request with this Idempotency-Key is still running.",
    )

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class IdempotencyKeyReused(AppError):
    """The key was used for another request within 24 hours."""

    code, status, title = "idempotency_key_reused", 422, "This Idempotency-Key was used for another request."


class PayloadTooLarge(AppError):
    """The body exceeds the stated limit (`details.limit`, in bytes)."""

    code, status, title = "payload_too_large", 413, "The body is too large."


class UnsupportedMediaType(AppError):
    """A body that is neither JSON nor what the endpoint takes."""

    code, status, title = "unsupported_media_type", 415, "Send the body as application/json."


class PlanLimitExceeded(AppError):
    """The store's plan does not allow more. `details`: limit, used, name."""

    code, status, title = "plan_limit_exceeded", 402, "The store's plan does not allow more of this."


class RateLimited(AppError):
    """Too many requests; `retry_after` in seconds."""

    code, status, title = "rate_limited", 429, "Too many requests."

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": str(self.details.get("retry_after", 1))}


class InternalError(AppError):
    """A bug of ours. Never raised: it is how anything unforeseen is answered."""

    code, status, title = (
        "internal_error",
        500,
        "Something went wrong on our side; the request id helps us find it.",
    )


class Unavailable(AppError):
    """The backend cannot answer now; nothing was done, and a retry is safe."""

    code, status, title = "unavailable", 503, "The service is not available right now."

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}
