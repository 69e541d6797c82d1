"""The events that notifications emit."""

from baas.core.work.event_types import EventType
from baas.services.notifications.schemas import Notification


class NotificationEvent(EventType):
    """Of a message, when no further attempt follows."""

    SENT = "notification.sent", Notification, "A message was handed over."
    FAILED = (
        "notification.failed",
        Notification,
        "A message was given up, or WhatsApp took it and reported that it could not be delivered.",
    )
