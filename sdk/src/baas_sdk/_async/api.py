# Generated from the OpenAPI document by `python -m sdk.scripts.generate`: do not edit.
"""What hangs on the client."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baas_sdk._async.resources.api_keys import AsyncApiKeysRawResource, AsyncApiKeysResource
    from baas_sdk._async.resources.audit_log import AsyncAuditLogRawResource, AsyncAuditLogResource
    from baas_sdk._async.resources.categories import AsyncCategoriesRawResource, AsyncCategoriesResource
    from baas_sdk._async.resources.events import AsyncEventsRawResource, AsyncEventsResource
    from baas_sdk._async.resources.imports import AsyncImportsRawResource, AsyncImportsResource
    from baas_sdk._async.resources.inventory import AsyncInventoryRawResource, AsyncInventoryResource
    from baas_sdk._async.resources.notification_settings import (
        AsyncNotificationSettingsRawResource,
        AsyncNotificationSettingsResource,
    )
    from baas_sdk._async.resources.notification_templates import (
        AsyncNotificationTemplatesRawResource,
        AsyncNotificationTemplatesResource,
    )
    from baas_sdk._async.resources.notifications import (
        AsyncNotificationsRawResource,
        AsyncNotificationsResource,
    )
    from baas_sdk._async.resources.orders import AsyncOrdersRawResource, AsyncOrdersResource
    from baas_sdk._async.resources.payment_providers import (
        AsyncPaymentProvidersRawResource,
        AsyncPaymentProvidersResource,
    )
    from baas_sdk._async.resources.payments import AsyncPaymentsRawResource, AsyncPaymentsResource
    from baas_sdk._async.resources.products import AsyncProductsRawResource, AsyncProductsResource
    from baas_sdk._async.resources.store import AsyncStoreRawResource, AsyncStoreResource
    from baas_sdk._async.resources.storefront import AsyncStorefrontRawResource, AsyncStorefrontResource
    from baas_sdk._async.resources.test_clock import AsyncTestClockRawResource, AsyncTestClockResource
    from baas_sdk._async.resources.webhook_deliveries import (
        AsyncWebhookDeliveriesRawResource,
        AsyncWebhookDeliveriesResource,
    )
    from baas_sdk._async.resources.webhook_endpoints import (
        AsyncWebhookEndpointsRawResource,
        AsyncWebhookEndpointsResource,
    )
    from baas_sdk._async.transport import AsyncTransport


class AsyncApi:
    """The resources of a store."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @cached_property
    def api_keys(self) -> AsyncApiKeysResource:
        """`client.api_keys`."""
        from baas_sdk._async.resources.api_keys import AsyncApiKeysResource

        return AsyncApiKeysResource(self._transport)

    @cached_property
    def audit_log(self) -> AsyncAuditLogResource:
        """`client.audit_log`."""
        from baas_sdk._async.resources.audit_log import AsyncAuditLogResource

        return AsyncAuditLogResource(self._transport)

    @cached_property
    def categories(self) -> AsyncCategoriesResource:
        """`client.categories`."""
        from baas_sdk._async.resources.categories import AsyncCategoriesResource

        return AsyncCategoriesResource(self._transport)

    @cached_property
    def events(self) -> AsyncEventsResource:
        """`client.events`."""
        from baas_sdk._async.resources.events import AsyncEventsResource

        return AsyncEventsResource(self._transport)

    @cached_property
    def imports(self) -> AsyncImportsResource:
        """`client.imports`."""
        from baas_sdk._async.resources.imports import AsyncImportsResource

        return AsyncImportsResource(self._transport)

    @cached_property
    def inventory(self) -> AsyncInventoryResource:
        """`client.inventory`."""
        from baas_sdk._async.resources.inventory import AsyncInventoryResource

        return AsyncInventoryResource(self._transport)

    @cached_property
    def notification_settings(self) -> AsyncNotificationSettingsResource:
        """`client.notification_settings`."""
        from baas_sdk._async.resources.notification_settings import AsyncNotificationSettingsResource

        return AsyncNotificationSettingsResource(self._transport)

    @cached_property
    def notification_templates(self) -> AsyncNotificationTemplatesResource:
        """`client.notification_templates`."""
        from baas_sdk._async.resources.notification_templates import AsyncNotificationTemplatesResource

        return AsyncNotificationTemplatesResource(self._transport)

    @cached_property
    def notifications(self) -> AsyncNotificationsResource:
        """`client.notifications`."""
        from baas_sdk._async.resources.notifications import AsyncNotificationsResource

        return AsyncNotificationsResource(self._transport)

    @cached_property
    def orders(self) -> AsyncOrdersResource:
        """`client.orders`."""
        from baas_sdk._async.resources.orders import AsyncOrdersResource

        return AsyncOrdersResource(self._transport)

    @cached_property
    def payment_providers(self) -> AsyncPaymentProvidersResource:
        """`client.payment_providers`."""
        from baas_sdk._async.resources.payment_providers import AsyncPaymentProvidersResource

        return AsyncPaymentProvidersResource(self._transport)

    @cached_property
    def payments(self) -> AsyncPaymentsResource:
        """`client.payments`."""
        from baas_sdk._async.resources.payments import AsyncPaymentsResource

        return AsyncPaymentsResource(self._transport)

    @cached_property
    def products(self) -> AsyncProductsResource:
        """`client.products`."""
        from baas_sdk._async.resources.products import AsyncProductsResource

        return AsyncProductsResource(self._transport)

    @cached_property
    def store(self) -> AsyncStoreResource:
        """`client.store`."""
        from baas_sdk._async.resources.store import AsyncStoreResource

        return AsyncStoreResource(self._transport)

    @cached_property
    def storefront(self) -> AsyncStorefrontResource:
        """`client.storefront`."""
        from baas_sdk._async.resources.storefront import AsyncStorefrontResource

        return AsyncStorefrontResource(self._transport)

    @cached_property
    def test_clock(self) -> AsyncTestClockResource:
        """`client.test_clock`."""
        from baas_sdk._async.resources.test_clock import AsyncTestClockResource

        return AsyncTestClockResource(self._transport)

    @cached_property
    def webhook_deliveries(self) -> AsyncWebhookDeliveriesResource:
        """`client.webhook_deliveries`."""
        from baas_sdk._async.resources.webhook_deliveries import AsyncWebhookDeliveriesResource

        return AsyncWebhookDeliveriesResource(self._transport)

    @cached_property
    def webhook_endpoints(self) -> AsyncWebhookEndpointsResource:
        """`client.webhook_endpoints`."""
        from baas_sdk._async.resources.webhook_endpoints import AsyncWebhookEndpointsResource

        return AsyncWebhookEndpointsResource(self._transport)


class AsyncRawApi:
    """The resources of a store, answering RawResponse."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @cached_property
    def api_keys(self) -> AsyncApiKeysRawResource:
        """`client.api_keys`."""
        from baas_sdk._async.resources.api_keys import AsyncApiKeysRawResource

        return AsyncApiKeysRawResource(self._transport)

    @cached_property
    def audit_log(self) -> AsyncAuditLogRawResource:
        """`client.audit_log`."""
        from baas_sdk._async.resources.audit_log import AsyncAuditLogRawResource

        return AsyncAuditLogRawResource(self._transport)

    @cached_property
    def categories(self) -> AsyncCategoriesRawResource:
        """`client.categories`."""
        from baas_sdk._async.resources.categories import AsyncCategoriesRawResource

        return AsyncCategoriesRawResource(self._transport)

    @cached_property
    def events(self) -> AsyncEventsRawResource:
        """`client.events`."""
        from baas_sdk._async.resources.events import AsyncEventsRawResource

        return AsyncEventsRawResource(self._transport)

    @cached_property
    def imports(self) -> AsyncImportsRawResource:
        """`client.imports`."""
        from baas_sdk._async.resources.imports import AsyncImportsRawResource

        return AsyncImportsRawResource(self._transport)

    @cached_property
    def inventory(self) -> AsyncInventoryRawResource:
        """`client.inventory`."""
        from baas_sdk._async.resources.inventory import AsyncInventoryRawResource

        return AsyncInventoryRawResource(self._transport)

    @cached_property
    def notification_settings(self) -> AsyncNotificationSettingsRawResource:
        """`client.notification_settings`."""
        from baas_sdk._async.resources.notification_settings import AsyncNotificationSettingsRawResource

        return AsyncNotificationSettingsRawResource(self._transport)

    @cached_property
    def notification_templates(self) -> AsyncNotificationTemplatesRawResource:
        """`client.notification_templates`."""
        from baas_sdk._async.resources.notification_templates import AsyncNotificationTemplatesRawResource

        return AsyncNotificationTemplatesRawResource(self._transport)

    @cached_property
    def notifications(self) -> AsyncNotificationsRawResource:
        """`client.notifications`."""
        from baas_sdk._async.resources.notifications import AsyncNotificationsRawResource

        return AsyncNotificationsRawResource(self._transport)

    @cached_property
    def orders(self) -> AsyncOrdersRawResource:
        """`client.orders`."""
        from baas_sdk._async.resources.orders import AsyncOrdersRawResource

        return AsyncOrdersRawResource(self._transport)

    @cached_property
    def payment_providers(self) -> AsyncPaymentProvidersRawResource:
        """`client.payment_providers`."""
        from baas_sdk._async.resources.payment_providers import AsyncPaymentProvidersRawResource

        return AsyncPaymentProvidersRawResource(self._transport)

    @cached_property
    def payments(self) -> AsyncPaymentsRawResource:
        """`client.payments`."""
        from baas_sdk._async.resources.payments import AsyncPaymentsRawResource

        return AsyncPaymentsRawResource(self._transport)

    @cached_property
    def products(self) -> AsyncProductsRawResource:
        """`client.products`."""
        from baas_sdk._async.resources.products import AsyncProductsRawResource

        return AsyncProductsRawResource(self._transport)

    @cached_property
    def store(self) -> AsyncStoreRawResource:
        """`client.store`."""
        from baas_sdk._async.resources.store import AsyncStoreRawResource

        return AsyncStoreRawResource(self._transport)

    @cached_property
    def storefront(self) -> AsyncStorefrontRawResource:
        """`client.storefront`."""
        from baas_sdk._async.resources.storefront import AsyncStorefrontRawResource

        return AsyncStorefrontRawResource(self._transport)

    @cached_property
    def test_clock(self) -> AsyncTestClockRawResource:
        """`client.test_clock`."""
        from baas_sdk._async.resources.test_clock import AsyncTestClockRawResource

        return AsyncTestClockRawResource(self._transport)

    @cached_property
    def webhook_deliveries(self) -> AsyncWebhookDeliveriesRawResource:
        """`client.webhook_deliveries`."""
        from baas_sdk._async.resources.webhook_deliveries import AsyncWebhookDeliveriesRawResource

        return AsyncWebhookDeliveriesRawResource(self._transport)

    @cached_property
    def webhook_endpoints(self) -> AsyncWebhookEndpointsRawResource:
        """`client.webhook_endpoints`."""
        from baas_sdk._async.resources.webhook_endpoints import AsyncWebhookEndpointsRawResource

        return AsyncWebhookEndpointsRawResource(self._transport)
