"""A crawl as the command line asks for it: into the store with a record of it, or beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from crawlers.base import PostSpider
from crawlers.catalogue import make_spider
from crawlers.crawl import Verdict, judge
from crawlers.plan import Report
from crawlers.run import crawl
from crawlers.sink import STAGE, DrySink, FileSink, Sink, StoreSink
from mentions.errors import TransientError
from mentions.model import Origin, Post
from mentions.settings import Settings, Source
from mentions.store import Store, open_store
from mentions.whole_file import NotWholeError, whole_file

# Each is in every answer, so that the sums can be checked: fetched = matched + unmatched, and
# mentions = created + changed + same + refused.
_READ = ("pages", "unchanged", "fetched", "rejected", "skipped", "repeated")
_STORED = ("matched", "unmatched", "mentions", "created", "changed", "same", "refused")


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for beyond reading what is new."""

    since: datetime | None = None
    backfill: bool = False
    only: str | None = None

    @property
    def stage(self) -> str:
        """What the run is recorded as. Health goes by plain crawls only."""
        return "recrawl" if self.only else "backfill" if self.backfill else STAGE


@dataclass(frozen=True, slots=True)
class Outcome:
    """The report with its verdict, and a few posts where nothing is stored."""

    report: Report
    verdict: Verdict
    counts: Mapping[str, int]
    samples: tuple[Post, ...] = ()


def crawl_into_store(settings: Settings, name: str, wish: Wish) -> Outcome:
    """Crawl and record the run, first that it began. A run that dies is seen to have no end."""
    source = settings.source(name)
    spider = make_spider(name, source)
    with open_store(settings) as store:
        sink = StoreSink(settings, name, store)
        run_id = store.ledger.begin_run(wish.stage, name)
        outcome = _crawl(source, spider, sink, wish, _READ + _STORED)
        _end_run(store, run_id, outcome)
    return outcome


def crawl_into_file(settings: Settings, name: str, wish: Wish, path: Path) -> Outcome:
    """Crawl into a post file. Needs no store, no brands and no secret."""
    source = settings.source(name)
    spider = make_spider(name, source)
    with whole_file(path) as out:
        outcome = _crawl(source, spider, FileSink(out), wish, (*_READ, "written"))
        if outcome.report.error is not None:
            raise NotWholeError
    return outcome


def crawl_dry(settings: Settings, name: str, wish: Wish) -> Outcome:
    """Crawl and count what would be stored. Needs no store and no secret."""
    source = settings.source(name)
    spider, sink = make_spider(name, source), DrySink(settings)
    outcome = _crawl(source, spider, sink, wish, (*_READ, *_STORED[:3]))
    return replace(outcome, samples=tuple(sink.samples))


def _crawl(
    source: Source, spider: PostSpider, sink: Sink, wish: Wish, names: tuple[str, ...]
) -> Outcome:
    report = crawl(
        spider,
        sink,
        allow_private=source.allow_private,
        since=wish.since,
        origin=Origin.BACKFILL if wish.backfill else Origin.LIVE,
        only=wish.only,
    )
    verdict = judge(report, source.max_rejected)
    counts = {**dict.fromkeys(names, 0), **report.counts}
    return Outcome(report, verdict, counts)


def _end_run(store: Store, run_id: str, outcome: Outcome) -> None:
    report = outcome.report
    try:
        store.ledger.end_run(
            run_id, outcome.counts, outcome.verdict, report.complaints, newest=report.newest
        )
    except TransientError:
        if report.error is None:  # otherwise that is the one to tell
            raise
