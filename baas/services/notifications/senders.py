"""Over what and from whom a store's messages go, from its settings and those of the deployment."""

from collections.abc import Mapping
from typing import Any

import msgspec

from baas.core.crypto import DecryptionFailed, KeyRing
from baas.core.outgoing.http import OutgoingClient
from baas.core.scope import Mode, StoreScope
from baas.core.settings import Environment
from baas.core.settings import Settings as Deployment
from baas.services.notifications.channels.base import Channel as Way
from baas.services.notifications.channels.base import Failure, SendFailed
from baas.services.notifications.channels.inbox import Inbox
from baas.services.notifications.channels.mail_http import Resend, SendGrid
from baas.services.notifications.channels.smtp import Server, Smtp, server_of
from baas.services.notifications.channels.smtp_connections import Connections
from baas.services.notifications.channels.whatsapp import CloudApi, Link
from baas.services.notifications.schemas import Channel, EmailProvider, Security

EMAIL_SECRET = "email_secret"  # noqa: S105  names of columns
WHATSAPP_SECRET = "whatsapp_secret"  # noqa: S105
WHATSAPP_APP_SECRET = "whatsapp_app_secret"  # noqa: S105
WHATSAPP_VERIFY_TOKEN = "whatsapp_verify_token"  # noqa: S105
SECRETS = (EMAIL_SECRET, WHATSAPP_SECRET, WHATSAPP_APP_SECRET, WHATSAPP_VERIFY_TOKEN)


class Sender(msgspec.Struct, frozen=True):
    """A way out with the name on it."""

    way: Way
    key: str
    """Senders with the same key succeed and fail together."""
    name: str = ""
    email: str = ""
    reply_to: str | None = None


def seal(keyring: KeyRing, scope: StoreScope, column: str, secret: str) -> bytes:
    """A secret for its column."""
    return keyring.encrypt(secret.encode(), context=_context(scope, column))


def unseal(keyring: KeyRing, scope: StoreScope, column: str, token: bytes | None) -> str:
    """The secret of a column. Raises SendFailed when there is none that can be read."""
    if token is None:
        raise SendFailed("The sender's password or key is missing.", Failure.CONFIGURATION)
    try:
        return keyring.decrypt(token, context=_context(scope, column)).decode()
    except DecryptionFailed:
        raise SendFailed("The sender's password or key cannot be read.", Failure.CONFIGURATION) from None


def renewed(keyring: KeyRing, scope: StoreScope, row: Mapping[str, Any]) -> dict[str, bytes]:
    """The columns of the settings whose secret another key than the present one encrypted, encrypted anew."""
    return keyring.renew({name: (row[name], _context(scope, name)) for name in SECRETS})


def _context(scope: StoreScope, column: str) -> bytes:
    return scope.key("notification_settings", column).encode()


class Senders:
    """Makes the sender of a message. One per process."""

    def __init__(self, deployment: Deployment, http: OutgoingClient, keyring: KeyRing) -> None:
        self._deployment = deployment
        self._http = http
        self._keyring = keyring
        self._connections = Connections()

    def close(self) -> None:
        """Close the connections that are open and not in use."""
        self._connections.close()

    def of(self, scope: StoreScope, row: Mapping[str, Any] | None, channel: Channel) -> Sender:
        """The sender for a channel of a store; `row` is its settings. Raises SendFailed when there is none."""
        match channel:
            case Channel.WHATSAPP_LINK:
                return Sender(Link(), "wa.me")
            case Channel.WHATSAPP:
                return self._whatsapp(scope, row)
            case Channel.EMAIL:
                return self._email(scope, row)

    def _whatsapp(self, scope: StoreScope, row: Mapping[str, Any] | None) -> Sender:
        if row is None or row["whatsapp_options"] is None:
            raise SendFailed("The store has no WhatsApp number in its settings.", Failure.CONFIGURATION)
        token = unseal(self._keyring, scope, WHATSAPP_SECRET, row["whatsapp_secret"])
        way = CloudApi(
            self._http, self._deployment.whatsapp_url, row["whatsapp_options"]["phone_number_id"], token
        )
        return Sender(way, scope.key("whatsapp"))

    def _email(self, scope: StoreScope, row: Mapping[str, Any] | None) -> Sender:
        deployment = self._deployment
        provider = EmailProvider(row["email_provider"]) if row is not None else EmailProvider.DEPLOYMENT
        own = (row["sender_name"] or row["brand"].get("name")) if row is not None else None
        name = own or scope.store.name
        reply_to = row["reply_to"] if row is not None else None
        if row is None or provider is EmailProvider.DEPLOYMENT:
            # Mail of a test store goes nowhere unless the store brings a provider of its own.
            stays = scope.mode is Mode.TEST or (
                deployment.smtp_url is None and deployment.environment is Environment.DEVELOPMENT
            )
            if stays:
                return Sender(Inbox(), "inbox", name, deployment.mail_from, reply_to)
            if deployment.smtp_url is None:
                raise SendFailed(
                    "There is no sender: this deployment has no mail server, and the store has no provider.",
                    Failure.CONFIGURATION,
                )
            return Sender(
                Smtp(server_of(deployment.smtp_url), self._connections),
                "deployment",
                name,
                deployment.mail_from,
                reply_to,
            )
        secret = None
        if row["email_secret"] is not None or provider is not EmailProvider.SMTP:
            secret = unseal(self._keyring, scope, EMAIL_SECRET, row["email_secret"])
        way = self._own(scope, provider, row["email_options"], secret)
        return Sender(way, scope.key("email"), name, row["sender_email"] or deployment.mail_from, reply_to)

    def _own(
        self, scope: StoreScope, provider: EmailProvider, options: dict[str, Any], secret: str | None
    ) -> Way:
        deployment = self._deployment
        if provider is EmailProvider.RESEND:
            return Resend(self._http, deployment.resend_url, secret or "")
        if provider is EmailProvider.SENDGRID:
            return SendGrid(self._http, deployment.sendgrid_url, secret or "")
        return Smtp(
            Server(
                host=options["host"],
                port=options["port"],
                security=Security(options["security"]),
                username=options.get("username"),
                password=secret,
                trusted=False,
                allow_loopback=deployment.allow_local_receivers and scope.mode is Mode.TEST,
            ),
            self._connections,
        )
