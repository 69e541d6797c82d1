"""What WhatsApp reports after it took a message: proven, kept once, and believed about this store alone."""

import structlog

from baas.core import crypto
from baas.core.crypto import KeyRing
from baas.core.db import StoreWork
from baas.core.errors import InsufficientScope, NotFound, Unauthenticated
from baas.core.values import clock, ids
from baas.core.work.outbox import emit
from baas.services.notifications.channels.whatsapp_reports import is_signed, reports_of
from baas.services.notifications.events import NotificationEvent
from baas.services.notifications.repository import reports as rows
from baas.services.notifications.repository import settings as settings_rows
from baas.services.notifications.schemas import ReportsTaken, ReportStatus
from baas.services.notifications.senders import WHATSAPP_APP_SECRET, WHATSAPP_VERIFY_TOKEN, unseal
from baas.services.notifications.service.messages import notification_out

log = structlog.get_logger(__name__)


async def check_token(work: StoreWork, keyring: KeyRing, token: str) -> None:
    """See that somebody at Meta knows the word of this store. Raises InsufficientScope, and NotFound without one."""
    row = await settings_rows.find(work)
    if row is None or row[WHATSAPP_VERIFY_TOKEN] is None:
        raise NotFound("This store takes no reports of WhatsApp: its settings have no whatsapp.verify_token.")
    expected = unseal(keyring, work.scope, WHATSAPP_VERIFY_TOKEN, row[WHATSAPP_VERIFY_TOKEN])
    if not crypto.equal(expected, token):
        raise InsufficientScope("This is not the verify token of this store.")


async def receive(work: StoreWork, keyring: KeyRing, body: bytes, signature: str | None) -> ReportsTaken:
    """Keep what Meta reports of this store's messages; a message that could not be delivered fails, once.

    Raises Unauthenticated, MalformedJson, and NotFound without a secret to verify with.
    """
    row = await settings_rows.find(work)
    if row is None or row[WHATSAPP_APP_SECRET] is None:
        raise NotFound("This store takes no reports of WhatsApp: its settings have no whatsapp.app_secret.")
    secret = unseal(keyring, work.scope, WHATSAPP_APP_SECRET, row[WHATSAPP_APP_SECRET])
    if not is_signed(secret, body, signature):
        log.warning("notification.report_refused", store=work.scope.store_id.hex)
        raise Unauthenticated("The signature is not that of this store's Meta app.")
    reports = reports_of(body, row["whatsapp_options"]["phone_number_id"])
    if not reports:
        return ReportsTaken(taken=0)
    await rows.lock(work, shared=True)
    now = clock.now()
    kept = await rows.keep(
        work,
        [
            # Meta's own time, as the store sees it.
            (
                ids.new_id(),
                report.message_id,
                report.status,
                report.error,
                min(report.at or now, now) + work.scope.clock_offset,
            )
            for report in reports
        ],
        now=now,
    )
    await fail(work, *(row["message_id"] for row in kept if row["status"] == ReportStatus.FAILED))
    return ReportsTaken(taken=len(kept))


async def fail(work: StoreWork, *message_ids: str) -> None:
    """What was sent and then reported as failed has failed: say so, in this transaction."""
    if not message_ids:
        return
    for row in await rows.fail(work, message_ids):
        shown = notification_out(row)
        await emit(work, NotificationEvent.FAILED, subject=shown.id, data=shown)
