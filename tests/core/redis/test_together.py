"""Questions that go together: one at a time is under way, everybody gets their own answer."""

import asyncio

import pytest

from baas.core.redis.together import Together


class Asked:
    """Doubles numbers when it may, and notes what came together."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may = asyncio.Event()

    async def __call__(self, numbers: list[int]) -> list[int]:
        self.batches.append(numbers)
        await self.may.wait()
        if 0 in numbers:
            raise ZeroDivisionError
        return [2 * number for number in numbers]


async def test_who_comes_meanwhile_goes_with_the_next() -> None:
    asked = Asked()
    together = Together(asked, most=3)
    tasks = [asyncio.create_task(together.ask(1))]
    await asyncio.sleep(0.01)
    tasks += [asyncio.create_task(together.ask(number)) for number in range(2, 7)]
    await asyncio.sleep(0.01)
    asked.may.set()
    assert await asyncio.gather(*tasks) == [2, 4, 6, 8, 10, 12]
    assert asked.batches == [[1], [2, 3, 4], [5, 6]]
    assert await together.ask(7) == 14


async def test_a_failure_is_told_to_those_who_went_along() -> None:
    asked = Asked()
    together = Together(asked, most=2)
    tasks = [asyncio.create_task(together.ask(number)) for number in (0, 1, 2)]
    asked.may.set()
    failed, with_it, after = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(failed, ZeroDivisionError)
    assert isinstance(with_it, ZeroDivisionError)
    assert after == 4


async def test_one_that_goes_away_takes_nobody_along() -> None:
    asked = Asked()
    together = Together(asked)
    tasks = [asyncio.create_task(together.ask(number)) for number in (1, 2)]
    await asyncio.sleep(0.01)
    tasks[0].cancel()
    asked.may.set()
    assert await asyncio.wait_for(tasks[1], 5) == 4
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
