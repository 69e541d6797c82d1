"""Refusals of this package."""

from baas.core.errors import AppError


class EndpointDisabled(AppError):
    """Nothing is sent to an endpoint while it is disabled. `details.reason` says why it is."""

    code, status, title = "conflict", 409, "This endpoint is disabled; enable it first."


class NothingFailed(AppError):
    """An event is retried that no handler of the backend has failed on, or that all have heard meanwhile."""

    code, status, title = "conflict", 409, "No handler has failed on this event."
