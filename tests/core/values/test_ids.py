"""Public ids: TypeIDs over UUIDv7."""

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baas.core.errors import NotFound
from baas.core.values import clock, ids
from baas.core.values.ids import Kind


@given(value=st.uuids(), kind=st.sampled_from(Kind))
def test_every_uuid_goes_there_and_back(value: UUID, kind: Kind) -> None:
    """26 letters of Crockford's base32 after the prefix."""
    text = ids.encode(kind, value)
    assert type(text) is str
    assert re.fullmatch(rf"{kind}_[0-7][0-9a-hjkmnp-tv-z]{{25}}", text)
    assert ids.decode(kind, text) == value


def test_it_agrees_with_the_specification() -> None:
    """Three of its published examples, under a prefix of ours; a prefix may hold nothing but a-z and _."""

    def suffix(value: UUID) -> str:
        return ids.encode(Kind.PRODUCT, value).removeprefix("prod_")

    assert suffix(UUID("0188bac7-4afa-78aa-bc3b-bd1eef28d881")) == "01h2xcejqtf2nbrexx3vqjhp41"
    assert suffix(UUID(int=0)) == "00000000000000000000000000"
    assert suffix(UUID(int=2**128 - 1)) == "7zzzzzzzzzzzzzzzzzzzzzzzzz"
    assert all(re.fullmatch("[a-z]([a-z_]{0,61}[a-z])?", kind) for kind in Kind)


@given(text=st.text(max_size=40))
def test_any_other_text_does_not_exist(text: str) -> None:
    """To the caller there is no such object; there is no other failure."""
    with pytest.raises(NotFound):
        ids.decode(Kind.PRODUCT, text)
    assert ids.try_decode(Kind.PRODUCT, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "ord_01h455vb4pex5vsknk084sn02q",
        "prod_81h455vb4pex5vsknk084sn02q",
        "prod_01h455vb4pex5vsknk084sn02",
        "prod_01h455vb4pex5vsknk084sn02qq",
        "prod_01h455vb4pex5vsknk084sn02i",
        "prod_01H455VB4PEX5VSKNK084SN02Q",
        "prod01h455vb4pex5vsknk084sn02q",
        "01h455vb4pex5vsknk084sn02q",
        "_01h455vb4pex5vsknk084sn02q",
        "prod__01h455vb4pex5vsknk084sn02q",
    ],
)
def test_near_misses_do_not_exist(text: str) -> None:
    """Another kind, too large a number, a letter too few or too many, one that is no letter, capitals."""
    with pytest.raises(NotFound):
        ids.decode(Kind.PRODUCT, text)


def test_new_ids_rise_with_time() -> None:
    """So they can be listed, and partitioned, by it."""
    made = [ids.new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert len(set(made)) == 1000
    assert {value.version for value in made} == {7}
    assert [ids.encode(Kind.REQUEST, value) for value in made] == sorted(
        ids.encode(Kind.REQUEST, value) for value in made
    )


def test_the_first_id_of_a_moment_is_before_every_id_of_it() -> None:
    """The bound of a partition."""
    before = ids.at(clock.now())
    made = ids.new_id()
    assert before <= made
    assert ids.at(datetime(2026, 1, 1, tzinfo=UTC)).hex.startswith("019b")
