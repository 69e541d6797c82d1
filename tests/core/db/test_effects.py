"""What is gathered for the end of a transaction: its order, and what a part that fails takes along."""

from typing import Any

import pytest

from baas.core.db import Database
from baas.core.scope import StoreScope
from baas.core.work import outbox

Notes = list[tuple[str, list[Any]]]


def writer(notes: Notes, name: str) -> Any:
    """A write that notes what it got."""

    async def write(_work: Any, items: list[Any]) -> None:
        notes.append((name, items))

    return write


async def test_what_comes_last_comes_after_everything_else(
    database: Database, open_work: Any, scope: StoreScope
) -> None:
    """Also after what is gathered by a write itself, and not when somebody writes down what there is so far."""
    notes: Notes = []
    early, late, hot = (writer(notes, name) for name in ("early", "late", "hot"))

    async def makes_more(work: Any, items: list[Any]) -> None:
        work.effects.gather(late, items)

    async with open_work(scope) as work:
        work.effects.gather(hot, 1, last=True)
        work.effects.gather(early, 2)
        await outbox.flush(work)
        assert notes == [("early", [2])]
        work.effects.gather(hot, 3, last=True)
        work.effects.gather(makes_more, 4)
    assert notes[1:] == [("late", [[4]]), ("hot", [1, 3])]


async def test_a_part_that_fails_takes_along_what_it_gathered(
    database: Database, open_work: Any, scope: StoreScope
) -> None:
    """Of both kinds; what was there before stays."""
    notes: Notes = []
    early, hot, other = (writer(notes, name) for name in ("early", "hot", "other"))

    async def fails(work: Any) -> None:
        async with work.savepoint():
            for write, last in ((early, False), (other, False), (hot, True), (other, True)):
                work.effects.gather(write, 2, last=last)
            raise ZeroDivisionError

    async with open_work(scope) as work:
        work.effects.gather(early, 1)
        work.effects.gather(hot, 1, last=True)
        with pytest.raises(ZeroDivisionError):
            await fails(work)
    assert notes == [("early", [1]), ("hot", [1])]
