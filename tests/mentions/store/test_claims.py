"""Workers of one stage side by side: nobody takes what another holds, and the dead hold nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Thread

import pytest

from mentions.store import Store
from mentions.store.claims import Claims, Stretch

SHORT = 0.6  # seconds
FIRST: Stretch = ((1, "a"), (5, "b"))
SECOND: Stretch = ((5, "c"), (9, "z"))


@pytest.fixture
def worker(store: Store) -> Callable[[], Claims]:
    return lambda: store.claims("score")


def test_what_one_holds_is_free_to_nobody_else(worker: Callable[[], Claims]) -> None:
    one, other = worker(), worker()
    assert one.take(FIRST, one.taken())
    seen = other.taken()
    places = [(0, "z"), (1, "a"), (3, "x"), (5, "b"), (5, "c")]
    assert [other.is_free(place, seen) for place in places] == [True, False, False, False, True]
    assert all(one.is_free(place, one.taken()) for place in places)
    assert other.take(SECOND, seen)


def test_who_has_not_seen_the_latest_claim_takes_nothing(worker: Callable[[], Claims]) -> None:
    one, other = worker(), worker()
    before = other.taken()
    assert one.take(FIRST, one.taken())
    assert not other.take(FIRST, before)
    assert other.is_free(SECOND[0], other.taken())


def test_a_new_stretch_takes_the_place_of_the_old(worker: Callable[[], Claims]) -> None:
    one, other = worker(), worker()
    assert one.take(FIRST, one.taken())
    assert one.take(SECOND, one.taken())
    assert other.is_free(FIRST[0], other.taken())
    assert not other.is_free(SECOND[0], other.taken())


def test_the_claim_of_a_dead_worker_runs_out(store: Store) -> None:
    dead, living = Claims(store.client, store.names, "score", lease=SHORT), store.claims("score")
    assert dead.take(FIRST, dead.taken())
    living.wait_for_others(living.taken())
    assert living.is_free(FIRST[0], living.taken())


def test_a_living_worker_keeps_its_claim_and_gives_it_back(store: Store) -> None:
    lease = 3.0  # long enough for a busy machine to renew in time
    one, other = (Claims(store.client, store.names, "score", lease=lease) for _ in range(2))
    with one.kept_alive():
        assert one.take(FIRST, one.taken())
        time.sleep(1.5 * lease)
        assert not other.is_free(FIRST[0], other.taken())
    assert other.is_free(FIRST[0], other.taken())


def test_two_that_wait_for_each_other_both_go_on(worker: Callable[[], Claims]) -> None:
    one, other = worker(), worker()
    with one.kept_alive(), other.kept_alive():
        assert one.take(FIRST, one.taken())
        assert other.take(SECOND, other.taken())
        seen_by_one, seen_by_other = one.taken(), other.taken()
        one_waits = Thread(target=one.wait_for_others, args=(seen_by_one,))
        one_waits.start()
        other.wait_for_others(seen_by_other)
        one_waits.join(timeout=60)
        assert not one_waits.is_alive()


def test_stages_do_not_meet(store: Store) -> None:
    one, other = store.claims("score"), store.claims("decide")
    assert one.take(FIRST, one.taken())
    assert other.is_free(FIRST[0], other.taken())
