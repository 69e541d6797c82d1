"""Events, webhook endpoints and deliveries over HTTP."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from baas.core.db import StoreSession, StoreWork
from baas.core.errors import PlanLimitExceeded
from baas.core.serving.context import Ctx
from baas.core.serving.envelope import Data, Listed
from baas.core.serving.paging import DEFAULT_LIMIT
from baas.core.serving.parameters import Cursor, Include, Limit
from baas.core.values import ids
from baas.core.values.ids import Kind
from baas.webhooks import policy
from baas.webhooks.schemas.events import EventState, PublishEvent, StoredEvent
from baas.webhooks.schemas.outbound import (
    CreateEndpoint,
    Delivery,
    DeliveryFilter,
    DeliveryStatus,
    DeliveryWithAttempts,
    Endpoint,
    EndpointWithSecret,
    Replay,
    Replayed,
    UpdateEndpoint,
)
from baas.webhooks.service import deliveries, endpoints, events

Word = Annotated[str | None, QueryParameter(max_length=200)]
Since = Annotated[datetime | None, QueryParameter(description="From this moment on.")]
Until = Annotated[datetime | None, QueryParameter(description="Before this moment.")]


def _wake_sender(ctx: Ctx, work: StoreWork) -> None:
    """Something is due that no event announces: say so once it is committed."""
    work.after_commit(lambda: ctx.runtime.nudger.nudge(policy.LOOP), once=policy.LOOP)


@get("/admin/events", needs="events:read", tags=["events"], summary="List events")
async def list_events(
    ctx: Ctx,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    include: Include = None,
    type_: Annotated[str | None, QueryParameter(name="type", max_length=200)] = None,
    subject: Word = None,
    since: Since = None,
    until: Until = None,
    state_: Annotated[EventState | None, QueryParameter(name="state")] = None,
) -> Response[Listed[StoredEvent]]:
    """The log of the store's events, newest first, kept for 90 days; filtered by type, subject and time.

    `state` leaves the events that handlers of the backend itself failed on: `failing` are tried again, `dead` are not
    until you retry them, and are kept until then.
    """
    page = ctx.page(
        f"events:{type_}:{subject}:{since}:{until}:{state_}", limit=limit, cursor=cursor, include=include
    )
    return await ctx.read_fast(
        lambda work: events.list_events(
            work, page, event_type=type_, subject=subject, since=since, until=until, state=state_
        )
    )


@post("/admin/events", needs="events:write", status_code=201, tags=["events"], summary="Publish an event")
async def create_event(ctx: Ctx, data: JSONBody[PublishEvent]) -> Response[Data[StoredEvent]]:
    """Publish a fact of your own shop: it is logged, and sent to every endpoint that wants its type."""
    return await ctx.write_fast(lambda work: events.publish_event(work, data), status=201)


@get("/admin/events/{event_id:str}", needs="events:read", tags=["events"], summary="Get an event")
async def get_event(ctx: Ctx, event_id: FromPath[str]) -> Response[Data[StoredEvent]]:
    """One event, as every receiver got it."""
    identity = ids.decode(Kind.EVENT, event_id)
    return await ctx.read_fast(lambda work: events.get_event(work, identity))


@post(
    "/admin/events/{event_id:str}/retry",
    needs="events:write",
    status_code=202,
    tags=["events"],
    summary="Retry an event",
)
async def retry_event(ctx: Ctx, event_id: FromPath[str]) -> Response[Data[StoredEvent]]:
    """Have the backend's own handlers that failed on an event try it again at once, and as often as at first."""
    identity = ids.decode(Kind.EVENT, event_id)
    return await ctx.write_fast(lambda work: events.retry_event(work, identity), status=202)


@get("/admin/webhook-endpoints", needs="webhooks:read", tags=["webhooks"], summary="List endpoints")
async def list_webhook_endpoints(
    ctx: Ctx, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None, include: Include = None
) -> Response[Listed[Endpoint]]:
    """The store's endpoints, newest first, without their secrets."""
    page = ctx.page("webhook-endpoints", limit=limit, cursor=cursor, include=include)
    return await ctx.read(lambda session: endpoints.list_endpoints(session, page))


@post(
    "/admin/webhook-endpoints",
    needs="webhooks:write",
    status_code=201,
    tags=["webhooks"],
    summary="Create an endpoint",
    refuses=(PlanLimitExceeded,),
)
async def create_webhook_endpoint(
    ctx: Ctx, data: JSONBody[CreateEndpoint]
) -> Response[Data[EndpointWithSecret]]:
    """Have events sent to an address. The secret that signs them is shown here and never again."""
    runtime = ctx.runtime
    return await ctx.write(
        lambda session: endpoints.create_endpoint(
            session, runtime.keyring, runtime.http, runtime.event_types, data
        ),
        status=201,
    )


@get(
    "/admin/webhook-endpoints/{endpoint_id:str}",
    needs="webhooks:read",
    tags=["webhooks"],
    summary="Get an endpoint",
)
async def get_webhook_endpoint(ctx: Ctx, endpoint_id: FromPath[str]) -> Response[Data[Endpoint]]:
    """One endpoint, with its health."""
    identity = ids.decode(Kind.ENDPOINT, endpoint_id)
    return await ctx.read(lambda session: endpoints.get_endpoint(session, identity))


@patch(
    "/admin/webhook-endpoints/{endpoint_id:str}",
    needs="webhooks:write",
    tags=["webhooks"],
    summary="Update an endpoint",
)
async def update_webhook_endpoint(
    ctx: Ctx, endpoint_id: FromPath[str], data: JSONBody[UpdateEndpoint]
) -> Response[Data[Endpoint]]:
    """Change an endpoint, disable it, or enable it again; what is absent stays."""
    identity = ids.decode(Kind.ENDPOINT, endpoint_id)
    return await ctx.write(
        lambda session: endpoints.update_endpoint(
            session, ctx.runtime.http, ctx.runtime.event_types, identity, data
        )
    )


@delete(
    "/admin/webhook-endpoints/{endpoint_id:str}",
    needs="webhooks:write",
    status_code=200,
    tags=["webhooks"],
    summary="Delete an endpoint",
)
async def delete_webhook_endpoint(ctx: Ctx, endpoint_id: FromPath[str]) -> Response[Data[Endpoint]]:
    """Send nothing more to an address. Its deliveries stay readable in the log."""
    identity = ids.decode(Kind.ENDPOINT, endpoint_id)
    return await ctx.write(lambda session: endpoints.delete_endpoint(session, identity))


@post(
    "/admin/webhook-endpoints/{endpoint_id:str}/rotate-secret",
    needs="webhooks:write",
    status_code=200,
    tags=["webhooks"],
    summary="Rotate the secret",
)
async def rotate_webhook_secret(ctx: Ctx, endpoint_id: FromPath[str]) -> Response[Data[EndpointWithSecret]]:
    """Make a new secret. For 24 hours both sign, so that receivers can change over without a gap."""
    identity = ids.decode(Kind.ENDPOINT, endpoint_id)
    return await ctx.write(lambda session: endpoints.rotate_secret(session, ctx.runtime.keyring, identity))


@post(
    "/admin/webhook-endpoints/{endpoint_id:str}/test",
    needs="webhooks:write",
    status_code=202,
    tags=["webhooks"],
    summary="Send a test",
)
async def test_webhook_endpoint(ctx: Ctx, endpoint_id: FromPath[str]) -> Response[Data[Delivery]]:
    """Send a `webhook_endpoint.test` event to this endpoint alone, and see in its delivery how it went."""
    identity = ids.decode(Kind.ENDPOINT, endpoint_id)

    async def verb(session: StoreSession) -> Delivery:
        _wake_sender(ctx, session)
        return await endpoints.send_test(session, identity)

    return await ctx.write(verb, status=202)


@post(
    "/admin/webhook-endpoints/{endpoint_id:str}/replay",
    needs="webhooks:write",
    status_code=202,
    tags=["webhooks"],
    summary="Replay events",
)
async def replay_webhook_endpoint(
    ctx: Ctx, endpoint_id: FromPath[str], data: JSONBody[Replay]
) -> Response[Data[Replayed]]:
    """Send again what failed since a moment, or everything, up to ten thousand events at a time."""
    identity = ids.decode(Kind.ENDPOINT, endpoint_id)

    async def verb(session: StoreSession) -> Replayed:
        _wake_sender(ctx, session)
        return await deliveries.replay(session, ctx.runtime.event_types, identity, data)

    return await ctx.write(verb, status=202)


@get("/admin/webhook-deliveries", needs="webhooks:read", tags=["webhooks"], summary="List deliveries")
async def list_webhook_deliveries(
    ctx: Ctx,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    include: Include = None,
    endpoint_id: Word = None,
    event_id: Word = None,
    event_type: Word = None,
    status: FromQuery[DeliveryStatus | None] = None,
    since: Since = None,
    until: Until = None,
) -> Response[Listed[Delivery]]:
    """What was sent where and how it went, newest first."""
    filters = DeliveryFilter(
        endpoint_id=endpoint_id,
        event_id=event_id,
        event_type=event_type,
        status=status,
        since=since,
        until=until,
    )
    page = ctx.page(f"webhook-deliveries:{filters}", limit=limit, cursor=cursor, include=include)
    return await ctx.read_fast(lambda work: deliveries.list_deliveries(work, page, filters))


@get(
    "/admin/webhook-deliveries/{delivery_id:str}",
    needs="webhooks:read",
    tags=["webhooks"],
    summary="Get a delivery",
)
async def get_webhook_delivery(ctx: Ctx, delivery_id: FromPath[str]) -> Response[Data[DeliveryWithAttempts]]:
    """One delivery with each of its attempts: status, duration, the beginning of the answer, the error."""
    identity = ids.decode(Kind.DELIVERY, delivery_id)
    return await ctx.read_fast(lambda work: deliveries.get_delivery(work, identity))


@post(
    "/admin/webhook-deliveries/{delivery_id:str}/retry",
    needs="webhooks:write",
    status_code=202,
    tags=["webhooks"],
    summary="Retry a delivery",
)
async def retry_webhook_delivery(ctx: Ctx, delivery_id: FromPath[str]) -> Response[Data[Delivery]]:
    """Send a delivery again now, with its schedule from the start."""
    identity = ids.decode(Kind.DELIVERY, delivery_id)

    async def verb(work: StoreWork) -> Delivery:
        _wake_sender(ctx, work)
        return await deliveries.retry_delivery(work, identity)

    return await ctx.write_fast(verb, status=202)


ROUTES: list[HTTPRouteHandler | Any] = [
    list_events,
    create_event,
    get_event,
    retry_event,
    list_webhook_endpoints,
    create_webhook_endpoint,
    get_webhook_endpoint,
    update_webhook_endpoint,
    delete_webhook_endpoint,
    rotate_webhook_secret,
    test_webhook_endpoint,
    replay_webhook_endpoint,
    list_webhook_deliveries,
    get_webhook_delivery,
    retry_webhook_delivery,
]
