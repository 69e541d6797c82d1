"""The application, assembled. Nothing here is decided by the environment: `create_app(settings)` is all."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin

from baas import system
from baas.assembly import COUNTERS, close_runtime, open_runtime
from baas.core.errors import AppError
from baas.core.observe import metrics
from baas.core.redis.client import redis_client
from baas.core.redis.ratelimit import RateLimiter
from baas.core.schema.migrations import Schema
from baas.core.serving.context import provide_context
from baas.core.serving.requests import StrictRequest, on_bug, on_framework_refusal, on_refusal
from baas.core.settings import Environment, Settings
from baas.core.work.jobs import Every
from baas.openapi import document_routes
from baas.services.carts import routes as carts_routes
from baas.services.catalog import routes as catalog_routes
from baas.services.imports import routes as imports_routes
from baas.services.inventory import routes as inventory_routes
from baas.services.notifications import inbox_routes
from baas.services.notifications import routes as notifications_routes
from baas.services.orders import routes as orders_routes
from baas.services.payments import routes as payments_routes
from baas.services.payments import sandbox_routes
from baas.tenants import operator_routes
from baas.tenants import routes as tenants_routes
from baas.tenants.door.edge import Edge
from baas.tenants.door.front import Front
from baas.tenants.door.keys import KeyTable, StoreNews
from baas.tenants.routes import Tenancy
from baas.webhooks import routes as webhooks_routes
from baas.widget_files import widget_routes

BASE_PATH: Final = "/api/v1"

PACKAGE_ROUTES: list[Any] = [
    *tenants_routes.ROUTES,
    *operator_routes.ROUTES,
    *catalog_routes.ROUTES,
    *inventory_routes.ROUTES,
    *carts_routes.ROUTES,
    *payments_routes.ROUTES,
    *sandbox_routes.ROUTES,
    *orders_routes.ROUTES,
    *imports_routes.ROUTES,
    *notifications_routes.ROUTES,
    *webhooks_routes.ROUTES,
]
"""Every handler under the base path."""

DEVELOPMENT_ROUTES: list[Any] = list(inbox_routes.ROUTES)
"""Handlers without a base path that only a development machine has."""


class UndeclaredRoute(RuntimeError):
    """A route that says neither what it needs nor that it is public."""


class Api(Litestar):
    """The framework with what this API uses of it, whatever else is installed beside it.

    It would load the support of pydantic where tools of a developer brought that along: a tenth of the start and 8 MB, and
    production has none.
    """

    # D-067: a private method of the framework; tests/cli/test_start.py fails when it is renamed.
    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


def create_app(settings: Settings) -> Litestar:
    """The API process of a deployment. Raises UndeclaredRoute when a route declares no need."""
    runtime = open_runtime(settings)
    table = KeyTable(runtime.database, settings.secret)
    news = StoreNews(runtime.redis, redis_client(settings.redis_url, blocking=True), table)
    limiter = RateLimiter(runtime.redis, processes=settings.workers)
    tenancy = Tenancy(table, COUNTERS, limiter)
    readiness = system.Readiness(runtime, Schema())

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncIterator[None]:
        await runtime.database.open()
        runtime.database.signals.on_events = lambda: runtime.nudger.nudge("relay")
        runtime.database.signals.on_store_changed = news.announce
        runtime.nudger.start()
        news.start()
        notes = Every(30.0, table.note_use)
        notes.start()
        metrics.watch_cache("answers", runtime.cache)
        metrics.watch(metrics.db_pool_in_use, "app", lambda: runtime.database.connections_in_use)
        try:
            yield
        finally:
            await notes.close()
            await news.close()
            await close_runtime(runtime)

    app = Api(
        route_handlers=[
            Router(BASE_PATH, route_handlers=list(PACKAGE_ROUTES)),
            *system.ROUTES,
            *document_routes(),
            *widget_routes(settings.environment),
            *(DEVELOPMENT_ROUTES if settings.environment is Environment.DEVELOPMENT else ()),
        ],
        dependencies={
            "ctx": Provide(provide_context, sync_to_thread=False),
            "tenancy": Provide(_always(tenancy), sync_to_thread=False, use_cache=True),
            "readiness": Provide(_always(readiness), sync_to_thread=False, use_cache=True),
        },
        middleware=[DefineMiddleware(Edge, runtime=runtime, table=table, limiter=limiter)],
        exception_handlers={AppError: on_refusal, HTTPException: on_framework_refusal, Exception: on_bug},
        request_class=StrictRequest,
        request_max_body_size=settings.max_upload_bytes,
        openapi_config=None,
        lifespan=[lifespan],
        state=State({"runtime": runtime, "table": table}),
        logging_config=None,
        debug=False,
    )
    refuse_undeclared(app)
    app.asgi_handler = Front(app, Edge(app.asgi_handler, runtime=runtime, table=table, limiter=limiter))
    return app


def refuse_undeclared(app: Litestar) -> None:
    """Raise UndeclaredRoute when a handler says neither `needs` nor `public`."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if not isinstance(handler, HTTPRouteHandler) or handler.http_methods == {"OPTIONS"}:
                continue
            if bool(handler.opt.get("public")) == ("needs" in handler.opt):
                raise UndeclaredRoute(
                    f"{route.path}: {handler} declares neither needs=… nor public=True, or both."
                )


def _always(value: Any) -> Callable[[], Any]:
    def provide() -> Any:
        return value

    return provide
