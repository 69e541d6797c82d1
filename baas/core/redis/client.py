"""How a process asks Redis: what every cache, limit and subscriber goes over."""

from redis.asyncio import Redis


def redis_client(redis_url: str, *, blocking: bool = False) -> Redis:
    """A client for caches and limits: short time-outs, no retries, since each use has a fallback.

    `blocking` is for a subscriber, which waits on purpose.
    """
    client: Redis = Redis.from_url(
        redis_url,
        socket_timeout=None if blocking else 0.25,
        socket_connect_timeout=1.0 if blocking else 0.25,
        socket_keepalive=True,
        health_check_interval=15,
    )
    return client
