"""How a store sends. Secrets go in, are encrypted, and never come out again."""

from typing import Any

import msgspec

from baas.core.crypto import KeyRing
from baas.core.db import StoreWork
from baas.core.errors import ValidationFailed
from baas.core.outgoing.http import OutgoingRefused, check_url
from baas.core.scope import Mode
from baas.core.values import clock, ids
from baas.core.values.ids import Kind
from baas.services.notifications.channels.smtp import PORTS
from baas.services.notifications.repository import settings as repository
from baas.services.notifications.rules import RULES, RULES_BY_KEY
from baas.services.notifications.schemas import (
    Brand,
    Channel,
    EmailProvider,
    EmailSettings,
    PutEmail,
    PutSettings,
    PutWhatsApp,
    Rule,
    RuleSetting,
    Security,
    Settings,
    WhatsAppSettings,
)
from baas.services.notifications.senders import (
    EMAIL_SECRET,
    SECRETS,
    WHATSAPP_APP_SECRET,
    WHATSAPP_SECRET,
    WHATSAPP_VERIFY_TOKEN,
    renewed,
    seal,
)
from baas.tenants import audit

_PLAIN = ("sender_name", "sender_email", "reply_to", "alerts_to", "locale")
_WHATSAPP_SECRETS = {
    WHATSAPP_SECRET: "access_token",
    WHATSAPP_APP_SECRET: "app_secret",
    WHATSAPP_VERIFY_TOKEN: "verify_token",
}
"""column -> its name in the request."""


async def get_settings(work: StoreWork) -> Settings:
    """How the store sends, with the defaults where it has said nothing."""
    return _shape(work, await repository.find(work))


async def put_settings(
    work: StoreWork, keyring: KeyRing, data: PutSettings, *, allow_local: bool
) -> Settings:
    """Change what is given. `allow_local`: test stores may name a mail server on loopback.

    Raises ValidationFailed for what does not fit together.
    """
    now = clock.now(work.scope)
    row = await repository.lock(work, now)
    before = _shape(work, row)
    changes: dict[str, Any] = {
        name: value for name in _PLAIN if (value := getattr(data, name)) is not msgspec.UNSET
    }
    if data.email is not msgspec.UNSET:
        changes |= _email(work, keyring, row, data.email, allow_local=allow_local)
    if data.whatsapp is not msgspec.UNSET:
        changes |= _whatsapp(work, keyring, row, data.whatsapp)
    if data.rules is not msgspec.UNSET:
        changes["rules"] = {**row["rules"], **_rules(data.rules)}
    if data.brand is not msgspec.UNSET:
        changes["brand"] = msgspec.to_builtins(data.brand)
    provider = changes.get("email_provider", row["email_provider"])
    sender = changes.get("sender_email", row["sender_email"])
    if provider != EmailProvider.DEPLOYMENT and not sender:
        raise ValidationFailed.field("sender_email", "is needed with a provider of your own")
    if changes:
        await repository.update(work, changes, now)
        after = _shape(work, await repository.find(work))
        old, new = _difference(before, after)
        secrets = sorted(name for name in SECRETS if changes.get(name) is not None)
        if secrets:
            new["secrets_set"] = secrets
        if old or new:
            subject = ids.encode(Kind.STORE, work.scope.store_id)
            await audit.record(work, "notification_settings.updated", subject=subject, old=old, new=new)
        return after
    return before


async def renew_secrets(work: StoreWork, keyring: KeyRing) -> int:
    """Encrypt with the present key what another one encrypted; answers how many secrets that were."""
    row = await repository.lock_if_there(work)
    fresh = renewed(keyring, work.scope, row) if row is not None else {}
    if fresh:
        await repository.update(work, fresh, clock.now(work.scope))
    return len(fresh)


def _difference(before: Settings, after: Settings) -> tuple[dict[str, Any], dict[str, Any]]:
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    changed = [name for name in old if old[name] != new[name]]
    return {name: old[name] for name in changed}, {name: new[name] for name in changed}


def _email(
    work: StoreWork, keyring: KeyRing, row: Any, data: PutEmail, *, allow_local: bool
) -> dict[str, Any]:
    secret = data.password if data.provider is EmailProvider.SMTP else data.api_key
    same = row["email_provider"] == data.provider.value
    options: dict[str, Any] = {}
    if data.provider is EmailProvider.SMTP:
        if data.host is None:
            raise ValidationFailed.field("email.host", "is needed for SMTP")
        local = allow_local and work.scope.mode is Mode.TEST
        port = data.port or (465 if data.security is Security.TLS else 587)
        if port not in PORTS and not local:
            raise ValidationFailed.field("email.port", f"is one of {', '.join(map(str, sorted(PORTS)))}")
        host = f"[{data.host}]" if ":" in data.host else data.host
        try:
            check_url(f"https://{host}/", allow_insecure=local)
        except OutgoingRefused:
            raise ValidationFailed.field("email.host", "is not the name of a public host") from None
        options = {
            "host": data.host,
            "port": port,
            "security": data.security.value,
            "username": data.username,
        }
        # A password is only ever told to the server and the user it was given for.
        former = row["email_options"]
        same = same and all(former.get(name) == options[name] for name in ("host", "username"))
        if data.username is not None and secret is None and not (same and row["email_secret"]):
            raise ValidationFailed.field("email.password", "is needed for this server and user name")
    elif (
        data.provider is not EmailProvider.DEPLOYMENT
        and secret is None
        and not (same and row["email_secret"])
    ):
        raise ValidationFailed.field("email.api_key", "is needed")
    changes: dict[str, Any] = {"email_provider": data.provider.value, "email_options": options}
    if data.provider is EmailProvider.DEPLOYMENT or not same:
        changes[EMAIL_SECRET] = None
    if secret is not None:
        changes[EMAIL_SECRET] = seal(keyring, work.scope, EMAIL_SECRET, secret)
    return changes


def _whatsapp(work: StoreWork, keyring: KeyRing, row: Any, data: PutWhatsApp | None) -> dict[str, Any]:
    if data is None:
        return {"whatsapp_options": None, **dict.fromkeys(_WHATSAPP_SECRETS)}
    if data.access_token is None and row[WHATSAPP_SECRET] is None:
        raise ValidationFailed.field("whatsapp.access_token", "is needed")
    changes: dict[str, Any] = {"whatsapp_options": {"phone_number_id": data.phone_number_id}}
    for column, name in _WHATSAPP_SECRETS.items():
        secret = getattr(data, name)
        if secret is not None:
            changes[column] = seal(keyring, work.scope, column, secret)
    return changes


def _rules(given: dict[str, RuleSetting]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(RULES_BY_KEY))
    if unknown:
        raise ValidationFailed.field(
            "rules", f"unknown: {', '.join(unknown)}; known: {', '.join(RULES_BY_KEY)}"
        )
    return {
        key: {"enabled": rule.enabled, "channels": sorted(set(rule.channels))} for key, rule in given.items()
    }


def rule_of(row: Any | None, template_key: str) -> RuleSetting:
    """How a rule stands: the store's word, or on and by e-mail."""
    found = row["rules"].get(template_key) if row is not None else None
    return msgspec.convert(found, RuleSetting) if found is not None else RuleSetting()


def locale_of(work: StoreWork, row: Any | None) -> str:
    """The language that the store writes in."""
    return (row["locale"] if row is not None else None) or work.scope.store.locale


def _shape(work: StoreWork, row: Any | None) -> Settings:
    options = row["email_options"] if row is not None else {}
    whatsapp = row["whatsapp_options"] if row is not None else None
    return Settings(
        **{name: row[name] if row is not None else None for name in _PLAIN if name != "locale"},
        locale=locale_of(work, row),
        email=EmailSettings(
            provider=EmailProvider(row["email_provider"] if row is not None else "deployment"),
            host=options.get("host"),
            port=options.get("port"),
            security=Security(options["security"]) if "security" in options else None,
            username=options.get("username"),
            has_secret=row is not None and row["email_secret"] is not None,
        ),
        whatsapp=None
        if whatsapp is None
        else WhatsAppSettings(
            phone_number_id=whatsapp["phone_number_id"],
            has_secret=row is not None and row["whatsapp_secret"] is not None,
            has_app_secret=row is not None and row["whatsapp_app_secret"] is not None,
            has_verify_token=row is not None and row["whatsapp_verify_token"] is not None,
        ),
        rules=[
            Rule(
                template_key=rule.template_key,
                event_type=rule.event_type,
                audience=rule.audience.value,
                enabled=setting.enabled,
                channels=[Channel(channel) for channel in setting.channels],
            )
            for rule in RULES
            for setting in (rule_of(row, rule.template_key),)
        ],
        brand=msgspec.convert(row["brand"] if row is not None else {}, Brand),
    )
