"""Pages: nothing twice, nothing missing, and a cursor that works nowhere else."""

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baas.core.errors import InvalidCursor
from baas.core.serving.paging import Page
from baas.core.values.cursors import CursorSigner
from tests.clients import Shop

signer = CursorSigner("a secret of the tests")
_JSON = st.lists(
    st.one_of(st.text(max_size=50), st.integers(-(2**53), 2**53), st.booleans(), st.none()), max_size=4
)


class TestCursors:
    """Signed, and bound to their list."""

    @given(values=_JSON)
    def test_they_come_back_as_they_went(self, values: list[object]) -> None:
        """Any JSON values."""
        assert signer.read("s:1:list:a", signer.sign("s:1:list:a", values)) == values

    def test_they_are_of_one_list_of_one_store_of_one_deployment(self) -> None:
        """Carried elsewhere, they are refused."""
        cursor = signer.sign("s:1:list:products", ["x"])
        for other, key in (
            (signer, "s:2:list:products"),
            (signer, "s:1:list:orders"),
            (CursorSigner("x"), "s:1:list:products"),
        ):
            with pytest.raises(InvalidCursor):
                other.read(key, cursor)

    @given(position=st.integers(0, 200), letter=st.sampled_from("ABCxyz019-_!. é\n"))
    def test_a_changed_letter_is_refused_or_means_the_same(self, position: int, letter: str) -> None:
        """Never other values."""
        cursor = signer.sign("k", ["2026-11-21", 17])
        position %= len(cursor)
        changed = cursor[:position] + letter + cursor[position + 1 :]
        try:
            assert signer.read("k", changed) == ["2026-11-21", 17]
        except InvalidCursor:
            assert changed != cursor

    @given(junk=st.text(max_size=100))
    def test_junk_is_refused(self, junk: str) -> None:
        """Whatever it is."""
        with pytest.raises(InvalidCursor):
            signer.read("k", junk)

    def test_letters_that_are_none_are_not_skipped(self) -> None:
        """A lenient decoder would."""
        cursor = signer.sign("k", ["x"])
        with pytest.raises(InvalidCursor):
            signer.read("k", cursor[:4] + "!!!!" + cursor[4:])

    def test_values_of_another_shape_are_refused(self) -> None:
        """Even if somebody signed them."""
        forged = base64.urlsafe_b64encode(b"0" * 12 + msgspec.json.encode({"a": 1})).decode()
        with pytest.raises(InvalidCursor):
            signer.read("k", forged)

    def test_a_very_long_one_is_refused_unread(self) -> None:
        """2,000 characters are enough for anybody."""
        with pytest.raises(InvalidCursor):
            signer.read("k", "A" * 2001)


class TestPages:
    """`limit + 1` rows make a page."""

    @pytest.mark.parametrize("rows,shown,more", [(0, 0, False), (3, 3, False), (4, 3, True)])
    def test_the_row_too_many_says_that_there_is_more(self, rows: int, shown: int, more: bool) -> None:
        """It is not shown, and the cursor stands at the last one that is."""
        page = Page(3, None, False, lambda values: f"after {values}")
        cut = page.cut(list(range(rows)), lambda row: [row])
        assert cut.items == list(range(shown))
        assert cut.next_cursor == (f"after [{shown - 1}]" if more else None)

    async def test_walking_a_list_finds_everything_once(self, shop: Shop) -> None:
        """Also while rows are added in front."""
        made = [
            (await shop.create("/admin/api-keys", {"kind": "secret", "name": f"k{n}"}))["id"]
            for n in range(7)
        ]
        seen: list[str] = []
        cursor = ""
        while True:
            answer = (await shop.admin("GET", f"/admin/api-keys?limit=2{cursor}", expect=200)).json()
            seen += [key["id"] for key in answer["data"]]
            assert answer["pagination"]["limit"] == 2
            assert answer["pagination"]["total"] is None
            assert answer["pagination"]["has_more"] is (answer["pagination"]["next_cursor"] is not None)
            if not answer["pagination"]["has_more"]:
                break
            cursor = f"&cursor={answer['pagination']['next_cursor']}"
            await shop.admin(
                "POST", "/admin/api-keys", json={"kind": "secret", "name": "in between"}, expect=201
            )
        assert len(seen) == len(set(seen)) == 9
        assert seen == sorted(seen, reverse=True)
        assert set(made) <= set(seen)

    async def test_the_total_is_counted_when_asked(self, shop: Shop) -> None:
        """Over all pages."""
        answer = (await shop.admin("GET", "/admin/api-keys?limit=1&include=total", expect=200)).json()
        assert answer["pagination"]["total"] == 2

    async def test_a_cursor_of_another_store_is_refused(self, shop: Shop, other_shop: Shop) -> None:
        """And one of another list."""
        answer = (await other_shop.admin("GET", "/admin/api-keys?limit=1", expect=200)).json()
        cursor = answer["pagination"]["next_cursor"]
        await other_shop.admin("GET", f"/admin/api-keys?limit=1&cursor={cursor}", expect=200)
        await shop.admin("GET", f"/admin/api-keys?limit=1&cursor={cursor}", expect=400)
        await other_shop.admin("GET", f"/admin/audit-log?limit=1&cursor={cursor}", expect=400)
