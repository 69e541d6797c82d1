"""Descriptions keep their form and lose everything that could act."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baas.core.values.html import plain_text, sanitise


class Seen(HTMLParser):
    """What a browser would find in it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


class TestSanitise:
    def test_what_a_description_needs_stays(self) -> None:
        description = (
            "<h2>Taza</h2><p>Hecha <strong>a mano</strong> en<br>Córdoba.</p><ul><li>Esmalte</li></ul>"
            '<table><tbody><tr><td colspan="2">8 cm</td></tr></tbody></table>'
            '<img src="https://cdn.example/t.jpg" alt="Taza" width="10">'
        )
        assert sanitise(description) == description

    def test_links_cannot_reach_back(self) -> None:
        link = sanitise('<a href="https://e.example" target="_blank" rel="opener" onclick="x()">e</a>')
        assert link == '<a href="https://e.example" rel="noopener noreferrer nofollow">e</a>'

    @pytest.mark.parametrize(
        "attack",
        [
            "<script>alert(1)</script>",
            "<SCRIPT SRC=//e.example/x.js></SCRIPT>",
            "<img src=x onerror=alert(1)>",
            "<img/src=x/onerror=alert(1)>",
            '<a href="javascript:alert(1)">x</a>',
            '<a href=" java\nscript:alert(1)">x</a>',
            '<a href="&#106;avascript:alert(1)">x</a>',
            '<a href="data:text/html,<script>alert(1)</script>">x</a>',
            '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
            '<a href="vbscript:alert(1)">x</a>',
            "<svg><script>alert(1)</script></svg>",
            "<svg onload=alert(1)>",
            "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
            "<iframe src=https://e.example></iframe>",
            '<p style="position:fixed">x</p>',
            "<style>*{display:none}</style>",
            "<form action=https://e.example><input name=card><button>pay</button></form>",
            '<object data="x"></object><embed src="x">',
            '<base href="https://e.example/"><meta http-equiv=refresh content="0;url=https://e.example">',
            '<p id="checkout" class="hidden" onmouseover="alert(1)">x</p>',
            '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
            "<!--><img src=x onerror=alert(1)>-->",
            "<<script>script>alert(1)<</script>/script>",
        ],
    )
    def test_nothing_acts(self, attack: str) -> None:
        seen = Seen()
        seen.feed(sanitise(f"<p>before</p>{attack}<p>after</p>"))
        seen.close()
        assert seen.text.startswith("before")
        assert seen.tags <= {"p", "a", "img"}
        assert {name for name, _ in seen.attributes} <= {"href", "src", "rel", "alt", "title"}
        for name, address in seen.attributes:
            if name in {"href", "src"}:
                assert re.match(r"(?:https?:|/|\w+(?:[/?#]|$))", address), address

    @given(st.text(max_size=200))
    def test_twice_is_once(self, text: str) -> None:
        once = sanitise(text)
        assert sanitise(once) == once

    @given(
        st.lists(
            st.sampled_from(["<p>", "</p>", "<b", ">", "<script>", "</a>", "<a href='", "x", "&lt;", "<!--"])
        )
    )
    def test_twice_is_once_for_broken_markup(self, parts: list[str]) -> None:
        once = sanitise("".join(parts))
        assert sanitise(once) == once
        assert "<script" not in once


class TestPlainText:
    @pytest.mark.parametrize(
        "markup, text",
        [
            ("<p>one</p><p>two</p>", "one two"),
            ("re<b>mark</b>able", "remarkable"),
            ("a<br>b<hr/>c", "a b c"),
            ("<ul><li>a</li><li>b</li></ul>", "a b"),
            ("Tom &amp; Jerry &lt;3&nbsp;&eacute;", "Tom & Jerry <3 é"),
            ("<script>var x = 1</script>seen<style>p{}</style>", "seen"),
            ('<a title="a > b" href="/x">link</a>', "link"),
            ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
            ("  spaces \n\t everywhere ", "spaces everywhere"),
            ("<p>unclosed <b>bold", "unclosed bold"),
            ("", ""),
            ("plain", "plain"),
        ],
    )
    def test_what_a_person_reads(self, markup: str, text: str) -> None:
        assert plain_text(markup) == text

    def test_a_long_description_takes_no_time(self) -> None:
        assert plain_text("<p>word</p>" * 20_000).count("word") == 20_000
