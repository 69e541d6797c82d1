"""Who is sent next, and how much is claimed ahead: the places of one process, without any database."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from baas.webhooks.places import Places
from baas.webhooks.policy import CIRCUIT_AFTER, Limits
from baas.webhooks.repository.queue import Claim

LIMITS = Limits(total=12, per_store=6, per_endpoint=4, unsteady=2, ahead=8, ahead_total=10)


def claims(number: int, endpoint_id: UUID, store_id: UUID) -> list[Claim]:
    return [
        Claim(
            store_id=store_id,
            id=uuid4(),
            endpoint_id=endpoint_id,
            event_id=uuid4(),
            step=0,
            ordered=False,
            url="https://example.com",
            secret=b"",
            previous_secret=None,
            previous_secret_ends_at=None,
            body="{}",
            is_test=False,
            clock_offset=timedelta(0),
            claimed_by=1,
            claimed_until=datetime.now(UTC),
            ends=0.0,
        )
        for _ in range(number)
    ]


def start(places: Places) -> list[Claim]:
    started = []
    while (claim := places.next()) is not None:
        started.append(claim)
    return started


def test_no_endpoint_store_or_process_has_more_than_its_places() -> None:
    places = Places(LIMITS)
    stores = [uuid4() for _ in range(3)]
    for store in stores:
        for _ in range(3):
            places.add(claims(9, uuid4(), store))
    started = start(places)
    assert len(started) == LIMITS.total
    by_store = Counter(claim.store_id for claim in started)
    assert sorted(by_store.values()) == [4, 4, 4], "stores by turns"
    assert max(Counter(claim.endpoint_id for claim in started).values()) == 2, "endpoints of a store by turns"
    for claim in started[:3]:
        places.end(claim, succeeded=True)
        assert len(start(places)) == 1, "each that ends makes room for one"


def test_one_endpoint_alone_gets_its_own_places_and_no_more() -> None:
    places = Places(LIMITS)
    places.add(claims(9, uuid4(), uuid4()))
    assert len(start(places)) == LIMITS.per_endpoint


def test_an_endpoint_that_comes_later_gets_the_next_free_place_of_a_full_store() -> None:
    """However much the others of its store have claimed ahead."""
    places = Places(LIMITS)
    store, late = uuid4(), uuid4()
    for _ in range(2):
        places.add(claims(20, uuid4(), store))
    started = start(places)
    assert len(started) == LIMITS.per_store
    places.add(claims(3, late, store))
    seen = []
    for claim in started[:3]:
        places.end(claim, succeeded=True)
        seen += [claim.endpoint_id for claim in start(places)]
    assert late in seen


def test_only_where_deliveries_end_quickly_some_are_claimed_ahead() -> None:
    places = Places(LIMITS)
    quick, stuck, store = uuid4(), uuid4(), uuid4()
    assert places.ask(100.0).free == LIMITS.total
    places.add(claims(4, quick, store) + claims(2, stuck, store))
    started = start(places)
    for claim in started:
        if claim.endpoint_id == quick:
            places.end(claim, succeeded=True)
    held = places.ask(100.01)
    assert held.endpoints[stuck] == (2, 0), "of one that hangs, nothing beyond its places"
    number, ahead = held.endpoints[quick]
    assert (number, 0 < ahead <= LIMITS.ahead) == (0, True)
    assert held.stores[store] == 2 - ahead
    assert held.free == LIMITS.total - 2 + ahead
    assert quick not in places.ask(160.0).endpoints, "what was quick a minute ago says nothing now"


def test_what_is_ahead_is_bounded_for_the_whole_process() -> None:
    places = Places(LIMITS)
    places.ask(100.0)
    for _ in range(5):
        places.add(claims(4, uuid4(), uuid4()))
    while started := start(places):
        for claim in started:
            places.end(claim, succeeded=True)
    held = places.ask(100.01)
    assert sum(ahead for _, ahead in held.endpoints.values()) == LIMITS.ahead_total
    assert held.free == LIMITS.total + LIMITS.ahead_total


def test_it_asks_for_more_when_half_has_ended_and_once() -> None:
    places = Places(LIMITS)
    places.add(claims(4, uuid4(), uuid4()))
    started = start(places)
    assert [places.end(claim, succeeded=True) for claim in started] == [False, True, False, False]
    places.add(claims(1, uuid4(), uuid4()))
    (single,) = start(places)
    assert not places.end(single, succeeded=True), "behind a single one nothing waits"


def test_after_a_failure_an_endpoint_has_few_places_and_after_several_its_rest_goes_back() -> None:
    places = Places(LIMITS)
    endpoint, store = uuid4(), uuid4()
    places.add(claims(12, endpoint, store))
    first = start(places)
    for claim in first[:2]:
        places.end(claim, succeeded=False)
    assert start(places) == [], "two are under way still, and those are its places now"
    assert places.take_back(endpoint) == []
    for claim in first[2:]:
        places.end(claim, succeeded=False)
    more = start(places)
    assert len(more) == LIMITS.unsteady
    assert len(first) + 1 == CIRCUIT_AFTER
    places.end(more[0], succeeded=False)
    assert len(places.take_back(endpoint)) == 6
    assert start(places) == []
    assert places.held_of(endpoint) == 1
    places.end(more[1], succeeded=True)
    places.add(claims(9, endpoint, store))
    assert len(start(places)) == LIMITS.per_endpoint, "a success makes it well"
    assert len(places.take_all_back()) == 5
    assert places.held_of(endpoint) == LIMITS.per_endpoint
