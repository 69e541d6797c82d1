"""An answer is made once, kept within bounds, shared while Redis lives, and never wrong."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from redis.asyncio import Redis

from baas.core.redis.cache import ByteCache, Entry, digest, etag_of
from baas.core.redis.circuit import Circuit
from tests.core.own_redis import OwnRedis


@pytest.fixture(scope="module")
async def own_redis(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnRedis]:
    server = OwnRedis(tmp_path_factory.mktemp("redis"))
    await server.start()
    yield server
    server.stop()


@pytest.fixture
async def redis(own_redis: OwnRedis) -> AsyncIterator[Redis]:
    if own_redis.process is None:
        await own_redis.start()
    client = own_redis.client()
    await client.flushall()
    yield client
    await client.aclose()


def shared(redis: Redis, max_bytes: int = 1 << 20) -> ByteCache:
    """A cache that is not tripped by a busy test machine."""
    return ByteCache(redis, max_bytes=max_bytes, circuit=Circuit("test", patience=2))


class Source:
    """Where bodies come from; counts how often it was asked."""

    def __init__(self, body: bytes = b"body", wait: float = 0.01) -> None:
        self.body = body
        self.wait = wait
        self.asked = 0
        self.error: Exception | None = None

    async def __call__(self) -> bytes:
        self.asked += 1
        await asyncio.sleep(self.wait)
        if self.error is not None:
            raise self.error
        return self.body


def constant(body: bytes) -> Callable[[], Awaitable[bytes]]:
    async def fill() -> bytes:
        return body

    return fill


def test_names_of_free_text_do_not_meet() -> None:
    parts = [("a:b",), ("a", "b"), ("a", None, "b"), ("ab",), ("a", 1), ("a", "1"), (["a", "b"],), ()]
    parts += [("None",), (None,), ("\ud800",), ("\ud801",)]
    assert len({digest(*each) for each in parts}) == len(parts)
    assert digest("á" * 10_000) == digest("á" * 10_000)
    assert len(digest("á" * 10_000)) == 32


class TestOneFill:
    async def test_a_hundred_requests_fill_once(self, redis: Redis) -> None:
        cache, source = shared(redis), Source()
        entries = await asyncio.gather(*(cache.get("k", source) for _ in range(100)))
        assert source.asked == 1
        assert set(map(id, entries)) == {id(entries[0])}
        assert entries[0] == Entry(b"body", etag_of(b"body"))
        assert (cache.hits, cache.misses) == (99, 1)

    async def test_keys_do_not_wait_for_each_other(self) -> None:
        cache, slow = ByteCache(None), Source(wait=5)
        task = asyncio.create_task(cache.get("slow", slow))
        await asyncio.sleep(0)
        assert (await cache.get("quick", constant(b"now"))).body == b"now"
        task.cancel()

    async def test_an_error_reaches_all_and_is_not_kept(self) -> None:
        cache, source = ByteCache(None), Source()
        source.error = RuntimeError("no database")
        answers = await asyncio.gather(*(cache.get("k", source) for _ in range(20)), return_exceptions=True)
        assert source.asked == 1
        assert answers == [source.error] * 20
        source.error = None
        assert (await cache.get("k", source)).body == b"body"

    async def test_who_leaves_while_filling_strands_nobody(self) -> None:
        cache, source = ByteCache(None), Source()
        tasks = [asyncio.create_task(cache.get("k", source)) for _ in range(10)]
        await asyncio.sleep(0.002)
        tasks[0].cancel()  # it fills
        tasks[5].cancel()  # it waits
        answers = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert sum(isinstance(answer, Entry) for answer in answers) == 8
        assert source.asked == 2

    async def test_all_leave(self) -> None:
        cache, source = ByteCache(None), Source()
        tasks = [asyncio.create_task(cache.get("k", source)) for _ in range(10)]
        await asyncio.sleep(0.002)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (await asyncio.wait_for(cache.get("k", source), 5)).body == b"body"

    async def test_a_chaos_of_leaving_and_failing_hangs_nobody(self, redis: Redis) -> None:
        cache, dice = shared(redis, max_bytes=20_000), random.Random(7)

        async def fill() -> bytes:
            await asyncio.sleep(dice.random() / 500)
            if dice.random() < 0.2:
                raise RuntimeError("failed")
            return b"x" * 500

        async def one(number: int) -> None:
            try:
                await asyncio.wait_for(cache.get(f"k{number % 40}", fill), dice.random() / 100)
            except (RuntimeError, TimeoutError):
                pass

        await asyncio.wait_for(asyncio.gather(*(one(number) for number in range(2000))), 30)
        assert not cache._flights
        assert cache.bytes <= 20_000
        await cache.aclose()


class TestInTheProcess:
    async def test_peek_never_fills(self) -> None:
        cache = ByteCache(None)
        assert cache.peek("k") is None
        entry = await cache.get("k", constant(b"body"))
        assert cache.peek("k") is entry

    async def test_the_least_used_leave_first(self) -> None:
        cache = ByteCache(None, max_bytes=10 * (1000 + 352))
        for number in range(10):
            await cache.get(f"k{number}", constant(b"x" * 1000))
        assert len(cache) == 10
        assert cache.peek("k0") is not None
        await cache.get("kX", constant(b"x" * 1000))
        assert cache.peek("k0") is not None
        assert cache.peek("k1") is None
        assert cache.bytes <= 10 * (1000 + 352)

    async def test_a_giant_pushes_nobody_out(self) -> None:
        cache = ByteCache(None, max_bytes=100_000)
        await cache.get("small", constant(b"x"))
        giant = await cache.get("giant", constant(b"x" * 50_000))
        assert len(giant.body) == 50_000
        assert cache.peek("giant") is None
        assert cache.peek("small") is not None

    async def test_nothing_is_counted_twice_or_left_behind(self) -> None:
        cache = ByteCache(None, max_bytes=5000)
        for number in range(200):
            await cache.get(f"k{number % 30}", constant(b"x" * (number % 50)))
        left = {key: entry for key in map("k{}".format, range(30)) if (entry := cache.peek(key))}
        assert len(left) == len(cache)
        assert cache.bytes == sum(len(key) + len(entry.body) + 350 for key, entry in left.items())


class TestOverRedis:
    async def test_a_second_process_need_not_fill(self, redis: Redis) -> None:
        first, second = shared(redis), shared(redis)
        made = await first.get("k", constant(b"with\nlines \x00\xff"))
        await first.aclose()
        found = await second.get("k", Source(b"not asked"))
        assert found == made
        assert (second.shared_hits, second.misses) == (1, 0)
        assert 0 < await redis.ttl("k") <= 600

    async def test_a_redis_that_never_helps_is_asked_less(self, redis: Redis) -> None:
        """A process that is alone goes over it for a few keys; two that help each other, for all."""
        alone, joined = shared(redis), shared(redis)
        await redis.config_resetstat()
        for number in range(400):
            await alone.get(f"k{number}", constant(b"body"))
        await alone.aclose()
        assert (await redis.info("commandstats"))["cmdstat_mget"]["calls"] < 400 / 2
        for number in range(200):
            await joined.get(f"j{number}", constant(b"body"))
        # Both have given up, and yet the second finds one of the few, and from then on brings all that it makes.
        for number in range(200, 480):
            await joined.get(f"k{number}", constant(b"body"))
            await joined.aclose()
        assert joined.shared_hits
        # That is there for the lonely one, which notices before long.
        for number in range(400, 480):
            await alone.get(f"k{number}", constant(b"body"))
        assert alone.shared_hits > 80 / 2

    async def test_what_is_no_entry_is_made_again(self, redis: Redis) -> None:
        await redis.set("k", b"garbage")
        assert (await shared(redis).get("k", constant(b"body"))).body == b"body"

    async def test_without_redis_each_process_goes_on(self, own_redis: OwnRedis, redis: Redis) -> None:
        cache = ByteCache(redis, circuit=Circuit("test", pause=0.2))
        await cache.get("before", constant(b"1"))
        await cache.aclose()
        own_redis.stop()
        assert (await cache.get("before", constant(b"not asked"))).body == b"1"
        started = time.monotonic()
        for number in range(50):
            assert (await cache.get(f"k{number}", constant(b"2"))).body == b"2"
        assert time.monotonic() - started < 0.2
        await own_redis.start()
        await asyncio.sleep(0.25)
        await cache.get("after", constant(b"3"))
        await cache.aclose()
        assert await redis.exists("after")

    async def test_a_frozen_redis_costs_one_short_wait(self, own_redis: OwnRedis, redis: Redis) -> None:
        cache = ByteCache(redis, circuit=Circuit("test"))
        own_redis.freeze()
        try:
            started = time.monotonic()
            for number in range(20):
                await cache.get(f"k{number}", constant(b"body"))
            assert 0.04 < time.monotonic() - started < 0.5
        finally:
            own_redis.thaw()
