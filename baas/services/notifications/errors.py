"""Refusals of the notifications."""

from baas.core.errors import Conflict, ValidationFailed


class TemplateRefused(ValidationFailed):
    """A template that cannot be used. `details`: part, line, reason."""

    title = "The template cannot be rendered."


class NotResendable(Conflict):
    """A notification that cannot be sent again: it is on its way, or what it said was forgotten on purpose."""

    title = "This notification cannot be sent again."
