"""Templates: versions that never change, previews, and texts that tenants write to break things."""

import asyncio
import inspect
import os
import signal
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from baas.services.notifications.builtin import catalogue
from baas.services.notifications.builtin.samples import SAMPLES
from baas.services.notifications.rendering.renderer import Renderer, TemplateFailed
from baas.services.notifications.rendering.words import Source
from baas.webhooks.policy import GIVE_UP_AFTER
from baas.webhooks.schemas.outbound import DisabledReason
from baas.webhooks.service.shapes import REASONS
from baas.worker import Worker
from tests.clients import Shop, drain
from tests.services.notifications.steps import ORDER, read, send

PATH = "/admin/notification-templates"


async def put(shop: Shop, key: str = "welcome", *, expect: int = 200, **body: Any) -> dict[str, Any]:
    given = {"locale": "es", "subject": "Hola {{ name }}", "body": "Texto {{ name }}", **body}
    answer = await shop.admin("PUT", f"{PATH}/{key}", json=given, expect=expect)
    found: dict[str, Any] = answer.json()["data" if expect == 200 else "error"]
    return found


class TestVersions:
    async def test_a_put_makes_a_version_and_an_old_one_can_be_used_again(self, shop: Shop) -> None:
        """Nothing that was written is ever lost."""
        assert (await put(shop, body="one"))["version"] == 1
        assert (await put(shop, body="two"))["version"] == 2
        assert (await put(shop, body="three", activate=False))["active"] is False
        in_use = await shop.get(f"{PATH}/welcome")
        assert (in_use["version"], in_use["body"]) == (2, "two")
        listed = await shop.listed(f"{PATH}/welcome/versions")
        assert [(line["version"], line["active"], line["body"]) for line in listed] == [
            (3, False, "three"),
            (2, True, "two"),
            (1, False, "one"),
        ]
        back = (await shop.admin("POST", f"{PATH}/welcome/versions/1/activate", expect=200)).json()["data"]
        assert (back["version"], back["active"]) == (1, True)
        in_use = await shop.get(f"{PATH}/welcome")
        assert in_use["body"] == "one"
        for number in (9, -1, 10**12, 10**25):
            await shop.admin("POST", f"{PATH}/welcome/versions/{number}/activate", expect=404)
        for number in (9, 10**12, 2**63):
            await shop.admin("POST", f"{PATH}/welcome/preview", json={"version": number}, expect=404)
        # There is no built-in `welcome` to go back to.
        await shop.admin("POST", f"{PATH}/welcome/versions/0/activate", expect=404)

    async def test_version_0_is_the_built_in_template(self, shop: Shop, worker: Worker) -> None:
        """A store goes back to it, and its source is there to begin with."""
        built_in = await shop.get(f"{PATH}/refund")
        assert built_in["version"] == 0
        own = await put(shop, "refund", subject="Propio", body="b", html=built_in["html"])
        assert own["version"] == 1
        identity = await send(shop, template_key="refund", data={"order": ORDER})
        await shop.admin("POST", f"{PATH}/refund/versions/0/activate", expect=200)
        later = await send(shop, template_key="refund", data={"order": ORDER})
        await drain(worker)
        # A message uses what is in use when it is rendered; neither was before version 0 was back.
        assert [(await read(shop, one))["template_version"] for one in (identity, later)] == [0, 0]

    async def test_languages_fall_back_to_what_there_is(self, shop: Shop, worker: Worker) -> None:
        """The store's own for the locale, for the language, the built-in one, the store's own language."""
        await put(shop, "refund", locale="es", subject="nuestro")
        await put(shop, "only_here", locale="es", subject="solo")
        subjects = {}
        for key, locale in (("refund", "es-MX"), ("refund", "pt-BR"), ("refund", "fr"), ("only_here", "fr")):
            identity = await send(shop, template_key=key, locale=locale, data={"order": ORDER, "name": "x"})
            await drain(worker)
            subjects[key, locale] = (await read(shop, identity))["subject"]
        assert subjects == {
            ("refund", "es-MX"): "nuestro",
            ("refund", "pt-BR"): "Reembolso do pedido #1001",
            ("refund", "fr"): "Your refund for order #1001",
            ("only_here", "fr"): "solo",
        }

    async def test_versions_written_at_once_all_count(self, shop: Shop) -> None:
        """Two people who save at the same time make two versions, and one is in use."""
        made = await asyncio.gather(*(put(shop, body=f"b {number}") for number in range(6)))
        assert sorted(template["version"] for template in made) == [1, 2, 3, 4, 5, 6]
        listed = await shop.listed(f"{PATH}/welcome/versions")
        assert [line["active"] for line in listed].count(True) == 1

    async def test_the_list_shows_all_that_can_be_used(self, shop: Shop) -> None:
        """13 built-in ones in three languages for two channels, and the store's own."""
        await put(shop)
        await put(shop, "refund")
        listed = await shop.listed(PATH)
        assert len(listed) == 13 * 3 * 2 + 1
        assert [(line["version"], line["built_in"]) for line in listed if line["key"] == "welcome"] == [
            (1, False)
        ]
        refund = [
            line
            for line in listed
            if (line["key"], line["channel"], line["locale"]) == ("refund", "email", "es")
        ]
        assert refund[0]["version"] == 1

    async def test_templates_of_another_store_are_not_there(self, shop: Shop, other_shop: Shop) -> None:
        """Neither their text nor their existence."""
        await put(shop, body="secret sauce")
        await other_shop.admin("GET", f"{PATH}/welcome", expect=404)
        await other_shop.admin("GET", f"{PATH}/welcome/versions", expect=404)
        await other_shop.admin("POST", f"{PATH}/welcome/versions/1/activate", expect=404)
        await other_shop.admin("POST", f"{PATH}/welcome/preview", json={}, expect=404)
        body = {"to": "a@b.test", "template_key": "welcome"}
        await other_shop.admin("POST", "/admin/notifications", json=body, expect=404)

    @pytest.mark.parametrize("key", ["Welcome", "a/b", "x" * 64, "..", "é"])
    async def test_a_key_that_can_be_none_is_not_found(self, shop: Shop, key: str) -> None:
        """A 404 and no 500."""
        await shop.admin("GET", f"{PATH}/{key}", expect=404)


class TestPreview:
    async def test_a_draft_is_shown_without_being_stored(self, shop: Shop) -> None:
        """With the data that is given, in the store's looks."""
        draft = {"subject": "{{ a }}", "html": "<p>{{ a }} {{ brand.name }}</p>", "body": "{{ a | upcase }}"}
        answer = await shop.admin(
            "POST", f"{PATH}/x/preview", json={**draft, "data": {"a": "<b>"}}, expect=200
        )
        assert answer.json()["data"] == {
            "subject": "<b>",
            "html": "<p>&lt;b&gt; Shop under test</p>",
            "body": "<B>",
        }
        await shop.admin("GET", f"{PATH}/x", expect=404)

    async def test_samples_and_real_data_can_be_looked_at(self, shop: Shop) -> None:
        """A sample order, or that of a message."""
        sample = (await shop.admin("POST", f"{PATH}/order_shipped/preview", json={}, expect=200)).json()[
            "data"
        ]
        assert sample["subject"] == "Tu pedido #1001 está en camino"
        order = {**ORDER, "number": "#77"}
        identity = await send(shop, template_key="refund", data={"order": order})
        body = {"notification_id": identity, "locale": "en"}
        real = (await shop.admin("POST", f"{PATH}/order_shipped/preview", json=body, expect=200)).json()[
            "data"
        ]
        assert real["subject"] == "Your order #77 is on its way"

    async def test_a_test_is_sent_in_the_version_that_is_asked_for(self, shop: Shop, worker: Worker) -> None:
        """Also one that is not in use."""
        await put(shop, subject="one", body="b")
        await put(shop, subject="two", body="b")
        subjects = []
        for version in (1, None):
            body = {"to": "me@shop.test", "version": version}
            made = await shop.admin("POST", f"{PATH}/welcome/test", json=body, expect=201)
            await drain(worker)
            subjects.append((await read(shop, made.json()["data"]["id"]))["subject"])
        assert subjects == ["one", "two"]
        await shop.admin("POST", f"{PATH}/welcome/test", json={"to": "a@b.test", "version": 7}, expect=404)


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
@pytest.mark.parametrize("reason", [DisabledReason.GONE, DisabledReason.FAILED])
async def test_a_lost_endpoint_is_explained_in_every_language(
    shop: Shop, language: str, reason: DisabledReason
) -> None:
    """By the code of the reason: what the API says of it in English is read only where a reason has no words."""
    endpoint = {
        "id": "we_1",
        "url": "https://shop.test",
        "disabled_reason": "Prose.",
        "disabled_code": reason,
    }
    body = {"locale": language, "data": {"endpoint": endpoint}}
    answer = await shop.admin("POST", f"{PATH}/webhook_disabled/preview", json=body, expect=200)
    words = catalogue.words_of(language)
    expected = words.endpoint_gone if reason is DisabledReason.GONE else words.endpoint_failed
    shown = answer.json()["data"]
    assert expected in shown["body"]
    assert expected in shown["html"]
    assert "Prose." not in shown["body"]


def test_every_text_names_the_days_after_which_an_endpoint_is_lost() -> None:
    """The number stands in words in the mails, in what the API answers, and in the documentation."""
    assert timedelta(days=5) == GIVE_UP_AFTER
    for language, words in {"en": "five days", "es": "cinco días", "pt": "cinco dias"}.items():
        assert words in catalogue.words_of(language).endpoint_failed
    assert "five days" in REASONS[DisabledReason.FAILED]
    assert "five days" in SAMPLES["webhook_disabled"]["endpoint"]["disabled_reason"]
    assert "five days" in inspect.getsource(DisabledReason)
    assert "five days" in Path("docs/events.md").read_text()


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
@pytest.mark.parametrize("key", catalogue.KEYS)
async def test_every_built_in_template_says_something_in_every_language(
    http: httpx.AsyncClient, shop: Shop, key: str, language: str
) -> None:
    """Subject, HTML and text; nothing empty where the sample has data, no Liquid left over."""
    body = {"locale": language, "data": SAMPLES[key]}
    said = (await shop.admin("POST", f"{PATH}/{key}/preview", json=body, expect=200)).json()["data"]
    assert 5 < len(said["subject"]) < 90
    assert "Shop under test" in said["html"]
    assert "Shop under test" in said["body"]
    for part in ("subject", "html", "body"):
        assert "{{" not in said[part]
        assert "{%" not in said[part]
    said = (
        await shop.admin("POST", f"{PATH}/{key}/preview", json={**body, "channel": "whatsapp"}, expect=200)
    ).json()["data"]
    assert said["html"] is None
    assert "Shop under test" in said["body"]


async def test_what_is_empty_leaves_nothing_behind(shop: Shop) -> None:
    """No separator before a variant without a name, no comma before a second line that is not there."""
    item = {"product_name": "Mate", "variant_name": "", "quantity": 1, "total": 100}
    place = {
        "name": "Ana",
        "line1": "Calle 1",
        "line2": "",
        "region": "",
        "postal_code": "",
        "city": "Rosario",
    }
    data = {"order": {**ORDER, "items": [item], "shipping_address": place}, "customer_name": ""}
    said = await shop.admin("POST", f"{PATH}/order_confirmation/preview", json={"data": data}, expect=200)
    content = said.json()["data"]
    assert "> · Cantidad" not in content["html"]
    assert "Calle 1<br>Rosario</p>" in content["html"]
    assert "Mate × 1" in content["body"]
    assert "Hola" not in content["body"]


HOSTILE = [
    ("endless", "a\n{% for i in (1..999999999) %}x{% endfor %}", 2, "loops too often"),
    (
        "nested loops",
        "\n\n{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}",
        3,
        "loops too often",
    ),
    (
        "slow",
        "a\n" + "{% for i in (1..19999) %}{% assign x = i | times: 9 %}{% endfor %}" * 300,
        2,
        "too long",
    ),
    (
        "huge output",
        "a\n{% for i in (1..20000) %}" + "x" * 60 + "{% endfor %}",
        2,
        "writes more than 256 KiB",
    ),
    (
        "doubling",
        "{% assign s = 'aaaaaaaa' %}\n{% for i in (1..99) %}{% assign s = s | append: s %}{% endfor %}",
        2,
        "too long",
    ),
    ("growing filter", "a\n{{ 'aaaaaaaaaa'" + " | replace: 'a', 'aaaaaaaaaa'" * 20 + " }}", 2, "too long"),
    ("huge list", "a\n{{ (1..99999999999) | reverse | size }}", 2, "loops too often"),
    ("huge range", "a\n{% if (1..99999999999) contains 7.5 %}x{% endif %}", 2, "loops too often"),
    ("many lists", "a\n" + "{% assign x = (1..999999) | reverse %}" * 200, 2, "too"),
    (
        "huge number",
        "{% assign x = 99999999 %}\n{% for i in (1..99) %}{% assign x = x | times: x %}{% endfor %}",
        2,
        "too long",
    ),
    ("tablerow", "a\n{% tablerow i in (1..999999) %}x{% endtablerow %}", 2, "loops too often"),
    ("file access", "a\n\n{% include '/etc/passwd' %}", 3, "unexpected tag 'include'"),
    ("file access too", "a\n{% render 'settings' %}", 2, "unexpected tag 'render'"),
    ("nesting", "{% if a %}" * 60 + "{% endif %}" * 60, 1, "nesting"),
    ("deep path", "a\n{{ a" + "[a" * 6000 + "]" * 6000 + " }}", 2, "nested too deeply"),
    ("markup", "a\n{{ x | safe }}", 2, "unknown filter 'safe'"),
    ("huge join", "a\n{{ (1..99999) | join: '" + "x" * 99 + "' }}", 2, "too long"),
    ("unclosed raw", "a\n{% raw %}{{ x", 2, "expected"),
    ("unclosed", "a\n\n\n{{ x | split: ' ", 4, "expected"),
    ("liquid tag", "a\n{% liquid\nfor i in (1..999999999)\necho i\nendfor\n%}", 3, "loops too often"),
]


class TestWhatATemplateHas:
    @pytest.mark.parametrize(
        "fields, field",
        [
            ({"subject": None}, "subject"),
            ({"channel": "whatsapp"}, "subject"),
            ({"channel": "whatsapp", "subject": None, "html": "<p>Hola</p>"}, "subject"),
            (
                {"provider_template": {"name": "hola", "language": "es", "parameters": []}},
                "provider_template",
            ),
            ({"body": "ñ" * 70_000}, "body"),
        ],
        ids=["a mail without subject", "a subject", "HTML", "a provider's template", "too long in bytes"],
    )
    async def test_what_its_channel_does_not_carry_is_refused(
        self, shop: Shop, fields: dict[str, Any], field: str
    ) -> None:
        """By the field's name, and nothing is stored."""
        error = await put(shop, expect=422, **fields)
        assert list(error["details"]["fields"]) == [field]
        await shop.admin("GET", f"{PATH}/welcome", expect=404)


class TestHostileTemplates:
    @pytest.mark.parametrize("name, body, line, reason", HOSTILE, ids=[case[0] for case in HOSTILE])
    async def test_a_put_is_refused_with_the_line(
        self, shop: Shop, name: str, body: str, line: int, reason: str
    ) -> None:
        """Quickly, and the application goes on."""
        began = time.monotonic()
        error = await put(shop, body=body, expect=422)
        assert time.monotonic() - began < 4
        assert error["code"] == "validation_error"
        assert (error["details"]["part"], error["details"]["line"]) == ("body", line), error
        assert reason in error["message"]

    async def test_a_template_sees_only_its_data(self, shop: Shop) -> None:
        """No attribute of an object, no environment, nothing of another message."""
        tries = "{{ a.__class__.__mro__ }}{{ a.keys }}{{ a.items.first }}{{ self }}{{ env }}{{ settings }}{{ a['__class__'] }}|"
        draft = {"subject": "s", "body": tries, "data": {"a": {"b": 1}}}
        answer = await shop.admin("POST", f"{PATH}/x/preview", json=draft, expect=200)
        assert answer.json()["data"]["body"] == "|"

    async def test_data_is_escaped_in_html_and_subjects_are_one_line(
        self, shop: Shop, worker: Worker
    ) -> None:
        """Whatever a customer is called."""
        name = "<script>alert(1)</script>\r\nBcc: everyone@example.com 🧉"
        await put(
            shop, subject="Hola {{ name }}", html='<p title="{{ name }}">{{ name }}</p>', body="{{ name }}"
        )
        identity = await send(shop, template_key="welcome", data={"name": name})
        await drain(worker)
        content = (await read(shop, identity))["content"]
        assert content["subject"] == "Hola <script>alert(1)</script> Bcc: everyone@example.com 🧉"
        assert "<script>" not in content["html"]
        assert "&lt;script&gt;" in content["html"]
        assert content["body"] == name.replace("\r\n", "\n")

    async def test_no_link_of_a_built_in_template_runs_a_script(self, shop: Shop) -> None:
        """An address that is not http(s) is no link."""
        order = {**ORDER, "tracking": {"number": "1", "url": "javascript:alert(1)"}}
        body = {"data": {"order": order, "action_url": "javascript:alert(2)"}}
        for key in ("order_shipped", "order_confirmation"):
            said = await shop.admin("POST", f"{PATH}/{key}/preview", json=body, expect=200)
            assert "javascript:" not in said.text

    async def test_other_stores_go_on_while_one_renders_without_end(self) -> None:
        """Its own templates wait for one another; the others have the second process."""
        renderer = Renderer()
        slow = "{% for i in (1..19999) %}{% assign x = i | times: 9 %}{% endfor %}" * 300
        try:
            # Both processes run already: on a busy machine the start of one takes as long as several attacks.
            await asyncio.gather(
                *(renderer.render(Source("warm", None, "up"), {}, owner=owner) for owner in ("x", "y"))
            )
            attacks = [
                asyncio.create_task(renderer.render(Source(str(number), None, slow), {}, owner="bad"))
                for number in range(6)
            ]
            await asyncio.sleep(0.05)
            for _ in range(20):
                said = await renderer.render(Source("s", None, "{{ a }}"), {"a": 1}, owner="good")
                assert said.body == "1"
            # All twenty were done while hardly one of the six had come to its end.
            assert sum(not attack.done() for attack in attacks) >= 4
            results = await asyncio.gather(*attacks, return_exceptions=True)
            assert all(isinstance(result, TemplateFailed) for result in results)
        finally:
            await renderer.close()

    async def test_the_same_hostile_template_costs_its_time_once(self) -> None:
        """The messages behind it fail at once."""
        renderer = Renderer()
        slow = Source("s", None, "{% for i in (1..19999) %}{% assign x = i | times: 9 %}{% endfor %}" * 300)
        try:
            began = time.monotonic()
            with pytest.raises(TemplateFailed, match="line 1"):
                await renderer.render(slow, {}, owner="bad")
            once = time.monotonic() - began
            began = time.monotonic()
            for _ in range(50):
                with pytest.raises(TemplateFailed, match="line 1"):
                    await renderer.render(slow, {}, owner="bad")
            assert time.monotonic() - began < once
        finally:
            await renderer.close()

    @pytest.mark.parametrize("body", ["{% raw %}" * 10_000, "{{ 'a'" + " | upcase" * 10_000 + " }}"])
    async def test_a_text_that_takes_long_to_take_apart_is_stopped_with_its_line(
        self, monkeypatch: pytest.MonkeyPatch, body: str
    ) -> None:
        """Whenever the time is over, and by the same process: it is not at fault."""
        renderer = Renderer(children=1)
        try:
            await renderer.render(Source("warm", None, "up"), {}, owner="x")
            before = renderer.idle
            said = []
            for milliseconds in range(2, 22, 2):
                monkeypatch.setattr(
                    "baas.services.notifications.rendering.renderer.SECONDS", milliseconds / 1000
                )
                source = Source(str(milliseconds), None, "a\n" + body)
                with pytest.raises(TemplateFailed, match=r"This takes too long\.$") as failed:
                    await renderer.render(source, {}, owner="bad")
                said.append(str(failed.value))
            # The alarm may ring between two parts of the message, but hardly ever does.
            assert said.count("body, line 2: This takes too long.") >= 5, said
            assert renderer.idle == before
        finally:
            await renderer.close()

    async def test_a_renderer_that_was_killed_is_replaced(self) -> None:
        """By the kernel, or by somebody."""
        renderer = Renderer(children=1)
        source = Source("s", None, "{{ a }}")
        try:
            await renderer.render(source, {"a": 1}, owner="x")
            (child,) = renderer.idle
            os.kill(child, signal.SIGKILL)
            with pytest.raises(Exception, match="renderer died"):
                await renderer.render(source, {"a": 2}, owner="x")
            assert (await renderer.render(source, {"a": 3}, owner="x")).body == "3"
        finally:
            await renderer.close()
