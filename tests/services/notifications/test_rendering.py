"""Messages are rendered many at a time, by templates that stay parsed, and none of them spoils the others."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from baas.services.notifications.rendering import engine, renderer
from baas.services.notifications.rendering.renderer import Renderer, RendererGone, Said, TemplateFailed
from baas.services.notifications.rendering.words import Failed, Job, Rendered, Source

PLAIN = Source("s {{ n }}", "<p>{{ n }}</p>", "{{ n }}")
ENDLESS = Source("s", None, "{% for i in (1..19999) %}{% assign x = i | times: 9 %}{% endfor %}" * 300)


@pytest.fixture
async def rendering() -> AsyncIterator[Renderer]:
    """One whose processes end with the test."""
    made = Renderer()
    yield made
    await made.close()


def bodies(said: list[Said]) -> list[Any]:
    return [one.body if isinstance(one, Rendered) else type(one) for one in said]


class TestABatch:
    async def test_every_message_is_answered_in_its_place(self, rendering: Renderer) -> None:
        """Whatever templates they share."""
        other = Source(None, None, "other {{ n }}")
        wanted = [(PLAIN if number % 3 else other, {"n": number}) for number in range(40)]
        said = await rendering.render_all(wanted, owner="a")
        assert bodies(said) == [f"{'' if number % 3 else 'other '}{number}" for number in range(40)]

    async def test_one_that_cannot_be_rendered_spoils_no_other(self, rendering: Renderer) -> None:
        """A mistake, and one without end."""
        wrong = Source("s", None, "{{ n | no_such_filter }}")
        said = await rendering.render_all(
            [(PLAIN, {"n": 1}), (wrong, {}), (ENDLESS, {}), (PLAIN, {"n": 2}), (ENDLESS, {})], owner="a"
        )
        assert bodies(said) == ["1", TemplateFailed, TemplateFailed, "2", TemplateFailed]

    async def test_one_that_has_to_be_killed_spoils_no_other(
        self, rendering: Renderer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Nobody knows at first whose fault it is, so each is asked alone; the template is refused from then on."""
        monkeypatch.setattr(renderer, "_GRACE", -0.54)
        said = await rendering.render_all([(PLAIN, {"n": 1}), (ENDLESS, {}), (PLAIN, {"n": 2})], owner="a")
        assert bodies(said) == ["1", TemplateFailed, "2"]
        with pytest.raises(TemplateFailed):
            await rendering.render(ENDLESS, {}, owner="a")

    async def test_a_process_that_dies_is_replaced(self, rendering: Renderer) -> None:
        """In the middle of a batch, too."""
        await rendering.render(PLAIN, {"n": 0}, owner="a")
        (child,) = rendering._idle
        child._process.kill()
        said = await rendering.render_all([(PLAIN, {"n": 1}), (PLAIN, {"n": 2})], owner="a")
        assert bodies(said) == ["1", "2"]

    async def test_one_alone_whose_process_dies_is_for_another_time(self, rendering: Renderer) -> None:
        """As before: a fault of ours."""
        await rendering.render(PLAIN, {"n": 0}, owner="a")
        rendering._idle[0]._process.kill()
        with pytest.raises(RendererGone):
            await rendering.render(PLAIN, {"n": 1}, owner="a")

    async def test_a_long_batch_lets_others_in_between(self) -> None:
        """The only process is free for another store after each turn, however much one store wants."""
        rendering = Renderer(children=1)
        slow = Source("s", None, "{% for i in (1..9000) %}{% assign x = i | times: 9 %}{% endfor %}{{ n }}")
        try:
            await rendering.render(PLAIN, {"n": 0}, owner="b")
            long = asyncio.create_task(
                rendering.render_all([(slow, {"n": number}) for number in range(40)], owner="a")
            )
            await asyncio.sleep(0.01)
            for number in range(3):
                said = await rendering.render(PLAIN, {"n": number}, owner="b")
                assert said.body == str(number)
            assert not long.done()
            assert bodies(await long) == [str(number) for number in range(40)]
        finally:
            await rendering.close()


class TestParsedOnce:
    def test_what_a_template_counts_begins_anew_each_time(self) -> None:
        """Nothing of a rendering stays with the parsed template."""
        text = "{% cycle 'a', 'b' %}{% increment n %}{% assign x = given %}{% capture y %}{{ x }}!{% endcapture %}{{ y }}"
        job = Job(Source("s", None, text + "{{ left }}{% assign left = 'over' %}"), {"given": "g"}, 5.0)
        first, second = engine.render(job), engine.render(job)
        assert first == second
        assert isinstance(first, Rendered)
        assert first.body == "a0g!"

    def test_the_same_text_is_escaped_in_html_and_nowhere_else(self) -> None:
        """It is parsed for each."""
        said = engine.render(Job(Source("{{ a }}", "{{ a }}", "{{ a }}"), {"a": "<"}, 5.0))
        assert said == Rendered("<", "&lt;", "<")

    def test_what_is_kept_has_an_end(self) -> None:
        """The one that was used longest ago goes first."""
        parsed = engine._Parsed()
        texts = [f"{number:03}" + "x" * (engine._MAX_PARSED // 4) for number in range(8)]
        kept = parsed.get(engine._TEXT, texts[0])
        for text in texts[1:]:
            parsed.get(engine._TEXT, text)
            assert parsed.get(engine._TEXT, texts[0]) is kept, "it is used all the time"
        assert parsed._size <= engine._MAX_PARSED

    def test_what_was_stopped_is_forgotten(self) -> None:
        """And so is everything else that was parsed: there may be no room for want of it."""
        engine.render(Job(PLAIN, {"n": 1}, 5.0))
        assert engine._parsed._found
        assert isinstance(engine.render(Job(ENDLESS, {}, 0.05)), Failed)
        assert not engine._parsed._found
        assert isinstance(engine.render(Job(PLAIN, {"n": 1}, 5.0)), Rendered)
