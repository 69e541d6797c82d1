"""A caller gets its limit, exactly and everywhere, and the API goes on without Redis."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from baas.core.redis.circuit import Circuit
from baas.core.redis.ratelimit import RateLimiter, Verdict
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


def patient() -> Circuit:
    """Not to be tripped by a busy test machine."""
    return Circuit("test", patience=2)


async def allowed(limiter: RateLimiter, key: str, limit: int, times: int) -> int:
    verdicts = [await limiter.check(key, limit) for _ in range(times)]
    return sum(verdict.allowed for verdict in verdicts)


class TestWithRedis:
    @pytest.mark.parametrize("limit", [1, 7, 60, 1200])
    async def test_the_limit_passes_at_once_and_the_next_is_refused(self, redis: Redis, limit: int) -> None:
        limiter = RateLimiter(redis, circuit=patient())
        started = time.monotonic()
        passed = await allowed(limiter, "k", limit, limit + 50)
        refilled = int((time.monotonic() - started) * limit / 60) + 1
        assert limit <= passed <= limit + refilled
        refused = await limiter.check("k", limit)
        while refused.allowed:
            refused = await limiter.check("k", limit)
        assert refused.remaining == 0
        assert 1 <= refused.retry_after <= 60 // limit + 1
        assert 55 <= refused.reset_seconds <= 60

    async def test_what_the_caller_is_told(self, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=patient())
        assert await limiter.check("k", 60) == Verdict(True, 60, 59, 1, 0)
        assert await limiter.check("k", 60) == Verdict(True, 60, 58, 2, 0)

    async def test_tokens_come_back_with_time(self, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=patient())
        while (await limiter.check("k", 600)).allowed:
            pass
        await asyncio.sleep(0.35)
        assert 3 <= await allowed(limiter, "k", 600, 10) <= 5

    async def test_keys_do_not_meet(self, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=patient())
        assert await allowed(limiter, "a", 3, 5) == 3
        assert await allowed(limiter, "b", 3, 5) == 3

    async def test_a_limit_of_zero_lets_nothing_pass(self, redis: Redis) -> None:
        assert await allowed(RateLimiter(redis, circuit=patient()), "k", 0, 3) == 0

    async def test_processes_share_one_limit(self, redis: Redis) -> None:
        limiters = [RateLimiter(redis, processes=4, circuit=patient()) for _ in range(4)]
        started = time.monotonic()
        passed = sum(await asyncio.gather(*(allowed(each, "k", 4800, 2000) for each in limiters)))
        # Refilled meanwhile: 80 per second. Leases are granted by Redis, so none comes on top.
        assert 4800 <= passed <= 4800 + (time.monotonic() - started) * 80 + 1

    async def test_a_lot_is_spent_without_asking(self, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=patient())
        assert limiter.try_take("k", 6000) is None
        await limiter.refill("k", 6000)
        spent = [limiter.try_take("k", 6000) for _ in range(9)]
        assert [verdict.remaining for verdict in spent if verdict] == list(range(5998, 5989, -1))
        assert limiter.try_take("k", 6000) is None

    async def test_a_lot_is_worth_nothing_after_a_second(self, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=patient())
        await limiter.refill("k", 6000)
        await asyncio.sleep(1.05)
        assert limiter.try_take("k", 6000) is None

    async def test_a_refusal_is_repeated_without_asking(self, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=patient())
        assert await allowed(limiter, "k", 2, 3) == 2
        verdict = limiter.try_take("k", 2)
        assert verdict is not None
        assert not verdict.allowed

    async def test_a_crowd_is_served_by_few_questions(self, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=patient())
        before = (await redis.info("stats"))["total_commands_processed"]
        verdicts = await asyncio.gather(*(limiter.check("k", 60) for _ in range(100)))
        after = (await redis.info("stats"))["total_commands_processed"]
        assert sum(verdict.allowed for verdict in verdicts) in {60, 61}
        assert after - before < 30  # each question is one command and the script's own two or three

    async def test_one_who_leaves_does_not_strand_the_others(self, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=patient())
        tasks = [asyncio.create_task(limiter.check("k", 60)) for _ in range(5)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        tasks[2].cancel()
        answers = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert sum(isinstance(answer, Verdict) and answer.allowed for answer in answers) == 3

    async def test_a_new_plan_counts_at_once_and_forgets_nothing(self, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=patient())
        assert await allowed(limiter, "k", 10, 12) == 10
        assert not (await limiter.check("k", 20)).allowed  # the minute is used up, whatever its size
        other = RateLimiter(redis, circuit=patient())
        assert await allowed(other, "fresh", 10, 5) == 5
        assert (await other.check("fresh", 100)).remaining in {49, 50}

    async def test_idle_keys_leave_redis_and_the_process(self, redis: Redis) -> None:
        limiter = RateLimiter(redis, max_keys=50, circuit=patient())
        await limiter.check("busy", 6000)
        for number in range(500):
            await limiter.check(f"address-{number}", 60_000)
            await limiter.check("busy", 6000)
        assert len(limiter) == 50
        assert "busy" in limiter._buckets
        assert await redis.pttl("address-499") < 1000


class TestWithoutRedis:
    async def test_it_goes_on_with_the_same_numbers(self, own_redis: OwnRedis, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=Circuit("test"))
        assert await allowed(limiter, "k", 20, 5) == 5
        own_redis.stop()
        # What is left of the limit, not a new one: the process knows what Redis last said.
        assert 15 <= await allowed(limiter, "k", 20, 30) <= 16
        assert await allowed(limiter, "other", 20, 30) in {20, 21}

    async def test_it_does_not_wait_again_for_a_second(self, own_redis: OwnRedis, redis: Redis) -> None:
        own_redis.stop()
        limiter = RateLimiter(redis, circuit=Circuit("test"))
        await limiter.check("k", 6000)
        started = time.monotonic()
        assert all(limiter.try_take(f"k{number}", 6000) for number in range(100))
        assert time.monotonic() - started < 0.05

    async def test_a_frozen_redis_costs_one_short_wait(self, own_redis: OwnRedis, redis: Redis) -> None:
        limiter = RateLimiter(redis, circuit=Circuit("test"))
        await limiter.check("k", 60)
        own_redis.freeze()
        try:
            started = time.monotonic()
            assert await allowed(limiter, "k", 60, 50) == 50
            assert 0.04 < time.monotonic() - started < 0.5
        finally:
            own_redis.thaw()

    async def test_it_charges_what_was_spent_when_redis_is_back(
        self, own_redis: OwnRedis, redis: Redis
    ) -> None:
        own_redis.stop()
        limiter = RateLimiter(redis, circuit=Circuit("test", patience=2, pause=0.2))
        assert await allowed(limiter, "k", 10, 8) == 8
        await own_redis.start()  # empty: it knows nothing of the eight
        await asyncio.sleep(0.25)
        assert await allowed(limiter, "k", 10, 1) == 1
        assert await redis.exists("k")
        colleague = RateLimiter(redis, circuit=patient())
        assert await allowed(colleague, "k", 10, 5) == 1
