"""Pace, pauses and the breaker, by a clock that the test moves."""

from __future__ import annotations

import threading
import time

from alerts.pace import Breaker, Pacer


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_calls_of_one_kind_are_kept_apart_and_others_are_not() -> None:
    pacer = Pacer(threading.Event())
    began = time.monotonic()
    assert pacer.wait("post #a", 0.2)
    assert pacer.wait("post #b", 0.2)
    assert time.monotonic() - began < 0.15
    assert pacer.wait("post #a", 0.2)
    assert time.monotonic() - began >= 0.2


def test_whoever_is_to_stop_does_not_get_a_turn() -> None:
    stop = threading.Event()
    pacer = Pacer(stop)
    stop.set()
    assert not pacer.wait("post #a", 0.2)


def test_a_pause_holds_its_channel_only_and_a_shorter_one_does_not_cut_it() -> None:
    clock = Clock()
    pacer = Pacer(threading.Event(), clock)
    pacer.pause("#a", 30)
    pacer.pause("#a", 1)
    clock.now += 29
    assert pacer.is_paused("#a")
    assert not pacer.is_paused("#b")
    assert pacer.paused() == {"#a"}
    clock.now += 1
    assert not pacer.is_paused("#a")
    assert pacer.paused() == set()


def test_the_breaker_opens_after_some_failures_for_longer_each_time() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.failed()
    breaker.failed()
    assert not breaker.is_open()
    breaker.failed()
    assert breaker.is_open()
    clock.now += Breaker.FIRST_WAIT
    assert not breaker.is_open()
    breaker.failed()
    clock.now += Breaker.FIRST_WAIT
    assert breaker.is_open()
    for _ in range(20):
        breaker.failed()
    clock.now += Breaker.LONGEST_WAIT
    assert not breaker.is_open()


def test_one_answer_closes_the_breaker() -> None:
    breaker = Breaker(Clock())
    for _ in range(5):
        breaker.failed()
    breaker.answered()
    assert not breaker.is_open()
