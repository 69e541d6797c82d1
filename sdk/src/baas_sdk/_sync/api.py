# Made of its asynchronous twin by `python -m sdk.scripts.generate`: do not edit.
"""What hangs on the client."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from baas_sdk._sync.resources.api_keys import ApiKeysRawResource, ApiKeysResource
    from baas_sdk._sync.resources.audit_log import AuditLogRawResource, AuditLogResource
    from baas_sdk._sync.resources.categories import CategoriesRawResource, CategoriesResource
    from baas_sdk._sync.resources.events import EventsRawResource, EventsResource
    from baas_sdk._sync.resources.imports import ImportsRawResource, ImportsResource
    from baas_sdk._sync.resources.inventory import InventoryRawResource, InventoryResource
    from baas_sdk._sync.resources.notification_settings import (
        NotificationSettingsRawResource,
        NotificationSettingsResource,
    )
    from baas_sdk._sync.resources.notification_templates import (
        NotificationTemplatesRawResource,
        NotificationTemplatesResource,
    )
    from baas_sdk._sync.resources.notifications import (
        NotificationsRawResource,
        NotificationsResource,
    )
    from baas_sdk._sync.resources.orders import OrdersRawResource, OrdersResource
    from baas_sdk._sync.resources.payment_providers import (
        PaymentProvidersRawResource,
        PaymentProvidersResource,
    )
    from baas_sdk._sync.resources.payments import PaymentsRawResource, PaymentsResource
    from baas_sdk._sync.resources.products import ProductsRawResource, ProductsResource
    from baas_sdk._sync.resources.store import StoreRawResource, StoreResource
    from baas_sdk._sync.resources.storefront import StorefrontRawResource, StorefrontResource
    from baas_sdk._sync.resources.test_clock import TestClockRawResource, TestClockResource
    from baas_sdk._sync.resources.webhook_deliveries import (
        WebhookDeliveriesRawResource,
        WebhookDeliveriesResource,
    )
    from baas_sdk._sync.resources.webhook_endpoints import (
        WebhookEndpointsRawResource,
        WebhookEndpointsResource,
    )
    from baas_sdk._sync.transport import Transport


class Api:
    """The resources of a store."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @cached_property
    def api_keys(self) -> ApiKeysResource:
        """`client.api_keys`."""
        from baas_sdk._sync.resources.api_keys import ApiKeysResource

        return ApiKeysResource(self._transport)

    @cached_property
    def audit_log(self) -> AuditLogResource:
        """`client.audit_log`."""
        from baas_sdk._sync.resources.audit_log import AuditLogResource

        return AuditLogResource(self._transport)

    @cached_property
    def categories(self) -> CategoriesResource:
        """`client.categories`."""
        from baas_sdk._sync.resources.categories import CategoriesResource

        return CategoriesResource(self._transport)

    @cached_property
    def events(self) -> EventsResource:
        """`client.events`."""
        from baas_sdk._sync.resources.events import EventsResource

        return EventsResource(self._transport)

    @cached_property
    def imports(self) -> ImportsResource:
        """`client.imports`."""
        from baas_sdk._sync.resources.imports import ImportsResource

        return ImportsResource(self._transport)

    @cached_property
    def inventory(self) -> InventoryResource:
        """`client.inventory`."""
        from baas_sdk._sync.resources.inventory import InventoryResource

        return InventoryResource(self._transport)

    @cached_property
    def notification_settings(self) -> NotificationSettingsResource:
        """`client.notification_settings`."""
        from baas_sdk._sync.resources.notification_settings import NotificationSettingsResource

        return NotificationSettingsResource(self._transport)

    @cached_property
    def notification_templates(self) -> NotificationTemplatesResource:
        """`client.notification_templates`."""
        from baas_sdk._sync.resources.notification_templates import NotificationTemplatesResource

        return NotificationTemplatesResource(self._transport)

    @cached_property
    def notifications(self) -> NotificationsResource:
        """`client.notifications`."""
        from baas_sdk._sync.resources.notifications import NotificationsResource

        return NotificationsResource(self._transport)

    @cached_property
    def orders(self) -> OrdersResource:
        """`client.orders`."""
        from baas_sdk._sync.resources.orders import OrdersResource

        return OrdersResource(self._transport)

    @cached_property
    def payment_providers(self) -> PaymentProvidersResource:
        """`client.payment_providers`."""
        from baas_sdk._sync.resources.payment_providers import PaymentProvidersResource

        return PaymentProvidersResource(self._transport)

    @cached_property
    def payments(self) -> PaymentsResource:
        """`client.payments`."""
        from baas_sdk._sync.resources.payments import PaymentsResource

        return PaymentsResource(self._transport)

    @cached_property
    def products(self) -> ProductsResource:
        """`client.products`."""
        from baas_sdk._sync.resources.products import ProductsResource

        return ProductsResource(self._transport)

    @cached_property
    def store(self) -> StoreResource:
        """`client.store`."""
        from baas_sdk._sync.resources.store import StoreResource

        return StoreResource(self._transport)

    @cached_property
    def storefront(self) -> StorefrontResource:
        """`client.storefront`."""
        from baas_sdk._sync.resources.storefront import StorefrontResource

        return StorefrontResource(self._transport)

    @cached_property
    def test_clock(self) -> TestClockResource:
        """`client.test_clock`."""
        from baas_sdk._sync.resources.test_clock import TestClockResource

        return TestClockResource(self._transport)

    @cached_property
    def webhook_deliveries(self) -> WebhookDeliveriesResource:
        """`client.webhook_deliveries`."""
        from baas_sdk._sync.resources.webhook_deliveries import WebhookDeliveriesResource

        return WebhookDeliveriesResource(self._transport)

    @cached_property
    def webhook_endpoints(self) -> WebhookEndpointsResource:
        """`client.webhook_endpoints`."""
        from baas_sdk._sync.resources.webhook_endpoints import WebhookEndpointsResource

        return WebhookEndpointsResource(self._transport)


class RawApi:
    """The resources of a store, answering RawResponse."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @cached_property
    def api_keys(self) -> ApiKeysRawResource:
        """`client.api_keys`."""
        from baas_sdk._sync.resources.api_keys import ApiKeysRawResource

        return ApiKeysRawResource(self._transport)

    @cached_property
    def audit_log(self) -> AuditLogRawResource:
        """`client.audit_log`."""
        from baas_sdk._sync.resources.audit_log import AuditLogRawResource

        return AuditLogRawResource(self._transport)

    @cached_property
    def categories(self) -> CategoriesRawResource:
        """`client.categories`."""
        from baas_sdk._sync.resources.categories import CategoriesRawResource

        return CategoriesRawResource(self._transport)

    @cached_property
    def events(self) -> EventsRawResource:
        """`client.events`."""
        from baas_sdk._sync.resources.events import EventsRawResource

        return EventsRawResource(self._transport)

    @cached_property
    def imports(self) -> ImportsRawResource:
        """`client.imports`."""
        from baas_sdk._sync.resources.imports import ImportsRawResource

        return ImportsRawResource(self._transport)

    @cached_property
    def inventory(self) -> InventoryRawResource:
        """`client.inventory`."""
        from baas_sdk._sync.resources.inventory import InventoryRawResource

        return InventoryRawResource(self._transport)

    @cached_property
    def notification_settings(self) -> NotificationSettingsRawResource:
        """`client.notification_settings`."""
        from baas_sdk._sync.resources.notification_settings import NotificationSettingsRawResource

        return NotificationSettingsRawResource(self._transport)

    @cached_property
    def notification_templates(self) -> NotificationTemplatesRawResource:
        """`client.notification_templates`."""
        from baas_sdk._sync.resources.notification_templates import NotificationTemplatesRawResource

        return NotificationTemplatesRawResource(self._transport)

    @cached_property
    def notifications(self) -> NotificationsRawResource:
        """`client.notifications`."""
        from baas_sdk._sync.resources.notifications import NotificationsRawResource

        return NotificationsRawResource(self._transport)

    @cached_property
    def orders(self) -> OrdersRawResource:
        """`client.orders`."""
        from baas_sdk._sync.resources.orders import OrdersRawResource

        return OrdersRawResource(self._transport)

    @cached_property
    def payment_providers(self) -> PaymentProvidersRawResource:
        """`client.payment_providers`."""
        from baas_sdk._sync.resources.payment_providers import PaymentProvidersRawResource

        return PaymentProvidersRawResource(self._transport)

    @cached_property
    def payments(self) -> PaymentsRawResource:
        """`client.payments`."""
        from baas_sdk._sync.resources.payments import PaymentsRawResource

        return PaymentsRawResource(self._transport)

    @cached_property
    def products(self) -> ProductsRawResource:
        """`client.products`."""
        from baas_sdk._sync.resources.products import ProductsRawResource

        return ProductsRawResource(self._transport)

    @cached_property
    def store(self) -> StoreRawResource:
        """`client.store`."""
        from baas_sdk._sync.resources.store import StoreRawResource

        return StoreRawResource(self._transport)

    @cached_property
    def storefront(self) -> StorefrontRawResource:
        """`client.storefront`."""
        from baas_sdk._sync.resources.storefront import StorefrontRawResource

        return StorefrontRawResource(self._transport)

    @cached_property
    def test_clock(self) -> TestClockRawResource:
        """`client.test_clock`."""
        from baas_sdk._sync.resources.test_clock import TestClockRawResource

        return TestClockRawResource(self._transport)

    @cached_property
    def webhook_deliveries(self) -> WebhookDeliveriesRawResource:
        """`client.webhook_deliveries`."""
        from baas_sdk._sync.resources.webhook_deliveries import WebhookDeliveriesRawResource

        return WebhookDeliveriesRawResource(self._transport)

    @cached_property
    def webhook_endpoints(self) -> WebhookEndpointsRawResource:
        """`client.webhook_endpoints`."""
        from baas_sdk._sync.resources.webhook_endpoints import WebhookEndpointsRawResource

        return WebhookEndpointsRawResource(self._transport)
