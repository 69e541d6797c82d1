"""Refusals of the payments."""

from baas.core.errors import AppError, Conflict


class PaymentProviderUnconfigured(AppError):
    """The store has no account with this provider, or may not use it. `details`: provider."""

    code, status, title = (
        "payment_provider_unconfigured",
        409,
        "This store cannot take payments through this provider.",
    )


class PaymentProviderError(AppError):
    """The provider did not do it, or did not answer. `details`: provider, its message. A retry is safe."""

    code, status, title = (
        "payment_provider_error",
        502,
        "The payment provider did not do this. Trying again is safe.",
    )


class NotRefundable(Conflict):
    """More than what was paid and not refunded yet. `details`: asked, refundable, status."""

    title = "This payment cannot give back that amount."
