"""``molva respond``: brings alerts into Slack, as a service or until none is left."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from molva.output import emit, json_option

if TYPE_CHECKING:
    from alerts.respond import Responder
    from mentions.settings import Settings
    from mentions.store import Store


class LengthOfTime(click.ParamType[timedelta]):
    """``30s``, ``2m``: as in watch.toml."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> timedelta:
        from mentions.durations import parse_duration

        found = parse_duration(value) if isinstance(value, str) else value
        if not isinstance(found, timedelta):
            self.fail(f"{value!r} is not a length of time such as 30s or 2m", param, ctx)
        return found


@click.command
@click.option("--drain", is_flag=True, help="End when the outbox is empty.")
@click.option("--revive", is_flag=True, help="First, give alerts that Slack refused another life.")
@click.option(
    "--lease",
    type=LengthOfTime(),
    default="60s",
    envvar="MOLVA_RESPOND_LEASE",
    show_default=True,
    help="After this long without an end, an attempt counts as abandoned.",
)
@click.option(
    "--grace",
    type=LengthOfTime(),
    default="30s",
    envvar="MOLVA_RESPOND_GRACE",
    show_default=True,
    help="Between the two looks that prove that a message never arrived.",
)
@click.option(
    "--patience",
    type=LengthOfTime(),
    default="2m",
    envvar="MOLVA_RESPOND_PATIENCE",
    show_default=True,
    help="How long a drain waits while nothing moves.",
)
@json_option
def command(
    *,
    drain: bool,
    revive: bool,
    lease: timedelta,
    grace: timedelta,
    patience: timedelta,
    as_json: bool,
) -> None:
    """Post alerts to Slack, one message per alert, and update those whose post has changed.

    Without --drain it runs until it gets SIGTERM or Ctrl-C, and outlives outages of Slack and of
    the store. With --drain it exits 3 when Slack refuses an alert for good (an unknown channel,
    say) and 75 when alerts are left because Slack does not answer. MOLVA_METRICS=host:port serves
    figures for Prometheus there.

    \b
    Example:
      molva respond --drain
    """
    from alerts import respond
    from alerts.pace import Timing
    from alerts.slack import SlackMessenger
    from mentions.settings import load_settings
    from mentions.store import open_store
    from molva.metrics import serving

    settings = load_settings()
    messenger = SlackMessenger.of(settings)
    messenger.check()
    timing = Timing(lease=lease, grace=grace, patience=patience)
    with open_store(settings) as store, _signals_as_event() as stop:
        if revive:
            respond.revive(store, settings)
        responder = respond.Responder(store, messenger, settings, timing=timing, stop=stop)
        try:
            with serving(settings, lambda: responder.counts):
                _run(responder, store, settings, drain=drain)
        finally:
            emit(responder.counts, as_json=as_json)


def _run(responder: Responder, store: Store, settings: Settings, *, drain: bool) -> None:
    if not drain:
        responder.serve()
        return
    from mentions.errors import TransientError

    run = store.ledger.begin_run("respond")
    try:
        responder.drain()
    except TransientError as error:
        store.ledger.end_run(run, responder.counts, "stuck", [str(error)])
        raise
    _end(responder, store, run, store.alerts.refused(settings.brands))


def _end(responder: Responder, store: Store, run: str, waiting: int) -> None:
    """What Slack refuses stays red until somebody acts, in this run and the next."""
    from mentions.errors import UnhealthyError
    from mentions.store.ledger import OK

    refused = responder.counts["dead"]
    if not (waiting or refused):
        store.ledger.end_run(run, responder.counts, OK)
        return
    complaint = (
        f"Slack refuses {waiting} alerts or their updates, "
        f"{refused} of this run: see the log for the reason, put it right, "
        "then run `molva respond --drain --revive`"
    )
    store.ledger.end_run(run, responder.counts, "refused", [complaint])
    raise UnhealthyError(complaint)


@contextmanager
def _signals_as_event() -> Iterator[threading.Event]:
    """Set by SIGTERM and Ctrl-C: the step that is under way is finished first."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
