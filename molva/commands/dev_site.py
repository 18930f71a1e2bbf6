"""``molva dev site``: serve a post file as a site would, to try a crawl without the network."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event
from typing import Any

import click

from molva.dev.site.options import Before, Listing, Markup, Scale, SiteKind, SiteOptions
from molva.dev.site.server import Dates, Site
from molva.output import emit, json_option

A_MINUTE = 60.0


def _choice(values: type[Any]) -> click.Choice[str]:
    return click.Choice([value.value for value in values])


@click.command()
@click.option("--posts", type=click.Path(path_type=Path), required=True, help="JSON lines.")
@click.option("--as", "kind", type=_choice(SiteKind), required=True, help="Kind of site.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--rebase-dates", "newest", help="Where the newest post goes: now, now-2h, a time.")
@click.option("--span", help="Squeeze all dates into this length of time, such as 6h.")
@click.option("--fill-dates", "fill", help="Date posts that have none, this far apart: 1m.")
@click.option("--faults", type=click.Path(path_type=Path), help="TOML, see docs/local-sites.md.")
@click.option("--title", help="The site's name.")
@click.option("--about", help="What reviews are about, where a post does not say.")
@click.option("--page-size", type=click.IntRange(1), help="Posts on a page.")
@click.option("--encoding", type=click.Choice(["utf-8", "windows-1251"]), default="utf-8")
@click.option("--broken-html", is_flag=True, help="Bodies that only browsers forgive.")
@click.option("--markup", type=_choice(Markup), default=Markup.ALTERNATE.value)
@click.option("--listing", type=_choice(Listing), default=Listing.FULL.value)
@click.option("--scale", type=_choice(Scale), default=Scale.FIVE.value)
@click.option("--before", type=_choice(Before), default=Before.POSTS.value)
@click.option("--max-per-minute", type=click.IntRange(1), help="Answer 429 beyond this.")
@json_option
def command(posts: Path, kind: str, port: int, faults: Path | None, **given: Any) -> None:
    """Serve a post file on 127.0.0.1 until Ctrl-C or SIGTERM.

    \b
    Example:
      molva dev site --posts posts.jsonl --as discourse --port 8090 --rebase-dates now-2h
    """
    dates = Dates(**{name: given.pop(name) for name in ("newest", "span", "fill")})
    as_json = given.pop("as_json")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    options = SiteOptions.model_validate(given)
    with Site(posts, kind, port=port, dates=dates, faults=faults, options=options) as site:
        emit({"url": site.url, "as": kind, **site.counts}, as_json=as_json)
        while not stop.wait(A_MINUTE):
            pass
