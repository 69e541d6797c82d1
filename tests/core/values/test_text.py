"""Equal words are found equal, names become addresses, and nothing unstorable gets in."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baas.core.errors import ValidationFailed
from baas.core.values.text import clean, fold, slugify


class TestFold:
    @pytest.mark.parametrize(
        "text, folded",
        [
            ("  Crème \t BRÛLÉE\n", "creme brulee"),
            ("Algodón", "algodon"),
            ("ALGODÃO", "algodao"),
            ("Ñandú", "nandu"),
            ("Straße", "strasse"),
            ("Łódź Ørsted Œuvre", "lodz orsted oeuvre"),
            ("İstanbul ISPARTA ısı", "istanbul isparta isi"),
            ("ΟΔΌΣ", "οδοσ"),
            ("Ёлка", "елка"),
            ("한국어", "한국어"),
            ("हिन्दी", "हिन्दी"),
            ("ภาษาไทย", "ภาษาไทย"),
            ("non\u00a0breaking\u2003space", "non breaking space"),
            ("", ""),
        ],
    )
    def test_examples(self, text: str, folded: str) -> None:
        assert fold(text) == folded

    def test_composed_and_decomposed_are_one(self) -> None:
        assert fold("cafe\u0301") == fold("café") == fold("CAFÉ") == "cafe"

    @given(st.text(max_size=100))
    def test_twice_is_once(self, text: str) -> None:
        assert fold(fold(text)) == fold(text)

    @given(st.text(max_size=100))
    def test_case_does_not_matter(self, text: str) -> None:
        assert fold(text.casefold()) == fold(text)


class TestSlugify:
    @pytest.mark.parametrize(
        "text, slug",
        [
            ("Ocean Blue Shirt", "ocean-blue-shirt"),
            ("Men's Äpfel & Co.", "mens-apfel-co"),
            ("Niño’s  --  100% Algodón", "ninos-100-algodon"),
            ("---", ""),
            ("日本語", ""),
            ("日本 T-shirt", "t-shirt"),
        ],
    )
    def test_examples(self, text: str, slug: str) -> None:
        assert slugify(text) == slug

    def test_cut_between_words(self) -> None:
        assert slugify("alpha beta gamma", max_length=12) == "alpha-beta"
        assert slugify("alpha beta gamma", max_length=10) == "alpha-beta"
        assert slugify("a" * 30, max_length=10) == "a" * 10
        assert slugify("ab " + "c" * 30, max_length=10) == "ab-ccccccc"

    @given(st.text(max_size=200), st.integers(1, 100))
    def test_always_an_address(self, text: str, max_length: int) -> None:
        slug = slugify(text, max_length)
        assert len(slug) <= max_length
        assert slug == "" or re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug)
        assert slugify(slug, max_length) == slug


class TestClean:
    @pytest.mark.parametrize("text", ["", "plain", "ünïcode 🎉", "two\nlines\t"])
    def test_what_can_be_stored_stays(self, text: str) -> None:
        assert clean(text) == text

    @pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "x\udfffy", "é\ud83d"])
    def test_what_cannot_is_refused_by_name(self, text: str) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            clean(text, "items.0.name")
        assert list(refusal.value.details["fields"]) == ["items.0.name"]
        assert text not in refusal.value.message
