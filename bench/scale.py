"""Whether the cost of a post stays the same as the store grows and as workers are added.

    python -m bench.scale --store http://127.0.0.1:9200 --sizes 10000 100000 1000000
    python -m bench.scale --store http://127.0.0.1:9200 --workers 1 2 4

``--sizes`` fills a namespace of its own up to each size with mentions that are judged and decided,
and measures, a few times over, what a thousand new ones cost then at each stage: written as a crawl
writes, scored by a judge that takes no time, decided. ``--workers`` runs ``molva crawl`` for twelve
sources, as many at once as there are workers; the sources answer when a well-mannered crawl may ask
again. The slope is the exponent of cost by size: 0 is flat, 1 is twice the cost for twice the size.
"""

from __future__ import annotations

import argparse
import math
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count, islice
from pathlib import Path

import click
from elasticsearch import Elasticsearch

from alerts.decide import Decider
from bench.texts import invented
from mentions.model import Action, Analysis, Decision, Mention, Reason
from mentions.settings import Environment, Settings, Watch
from mentions.store import Store, open_store
from mentions.store.mentions import document_of
from molva.dev.site.options import SiteOptions
from molva.dev.site.server import Dates, Site
from nlp.judge import JudgeInput, Judgement
from nlp.score import score

NEW = 1_000  # posts that are timed at once
ROUNDS = 5  # at each size, the first of them to warm up
CHUNK = 100
SOURCES = 12
PAGES = 5
PER_PAGE = 20
DELAY = 1.0  # seconds between two requests to one site
BRAND = "romashka"
NAME = "Ромашка"
SECRET = "a secret of the benchmark"  # noqa: S105 - of a namespace that is deleted again
BASE = datetime(2026, 1, 1, tzinfo=UTC)
SURE = {
    "sentiment": {"negative": 0.9, "neutral": 0.08, "positive": 0.02},
    "urgency": {"low": 0.05, "normal": 0.15, "high": 0.7, "critical": 0.1},
    "intent": {"complaint": 0.9, "leaving": 0.02, "question": 0.08},
    "topic": {"delivery": 0.9, "billing": 0.1},
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds a post at one size of the store, and the slowest of its chunks."""

    size: int
    crawl: float
    score: float
    decide: float
    slowest_write: float

    def line(self) -> str:
        speeds = [f"{1_000 / cost:9.0f}" for cost in (self.crawl, self.score, self.decide)]
        costs = f"{self.crawl:8.2f}{self.score:8.2f}{self.decide:8.2f}"
        return f"{self.size:>10,}{''.join(speeds)}  {costs}  {self.slowest_write:8.0f}"


class QuickJudge:
    """Takes no time and is always sure: what is measured is the store."""

    model = "quick@0"

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        return [Judgement(SURE) for _ in inputs]


def mentions(run: str, numbers: Iterator[int]) -> Iterator[Mention]:
    """Posts whose dates spread over two years and whose texts repeat as little as the samples."""
    samples = [sample.text for sample in invented(2_000)]
    for number in numbers:
        at = BASE - timedelta(minutes=number)
        yield Mention.model_validate(
            {
                "brand": BRAND,
                "site": f"discourse:forum{number % 40}.example.org",
                "native_id": f"{run}-{number}",
                "source": f"forum{number % 40}",
                "kind": "forum",
                "url": f"https://forum{number % 40}.example.org/t/{run}/{number}",
                "text": f"{samples[number % len(samples)]} {number}",
                "author_key": f"{number % 5_000:032x}",
                "author_name": f"author {number % 5_000}",
                "published_at": at,
                "first_seen": at,
                "source_read_before": at - timedelta(minutes=5),
            }
        )


def fill(store: Store, run: str, numbers: Iterator[int]) -> None:
    """Finished mentions, written in one go each: history, not what is measured."""
    done = Analysis.model_validate(
        {
            "sentiment": "neutral",
            "urgency": "low",
            "intent": "info",
            "topic": "other",
            "probabilities": SURE,
            "model": "quick@0",
            "language": "ru",
            "scored_at": BASE,
        }
    )
    silent = Decision.model_validate(
        {"action": Action.SILENT, "reason": next(iter(Reason)), "decided_at": BASE, "revision": 1}
    )
    index = store.names.index("mentions")
    facts = {"analysis": done, "decision": silent}
    parts = {name: each.model_dump(mode="json", exclude_none=True) for name, each in facts.items()}
    operations = (
        {
            "_op_type": "create",
            "_index": index,
            "_id": mention.id,
            "_source": {**document_of(mention), **parts},
        }
        for mention in mentions(run, numbers)
    )
    for _ in store.client.bulk(operations):
        pass
    store.client.refresh(index)


def measure(store: Store, settings: Settings, run: str) -> Cost:
    """What a thousand new posts cost now."""
    writes = []
    size = stored(store)
    new = mentions(f"{run}-new", iter(range(NEW)))
    while chunk := list(islice(new, CHUNK)):
        begun = time.perf_counter()
        store.mentions.put(chunk)
        writes.append(time.perf_counter() - begun)
    begun = time.perf_counter()
    counts = score(store, QuickJudge, {BRAND: NAME})
    scored = time.perf_counter() - begun
    assert counts["scored"] == NEW, counts
    begun = time.perf_counter()
    decided = Decider(store, settings).decide()["decided"]
    assert decided == NEW, decided
    return Cost(
        size=size,
        crawl=1_000 * statistics.median(writes) / CHUNK,
        score=1_000 * scored / NEW,
        decide=1_000 * (time.perf_counter() - begun) / NEW,
        slowest_write=1_000 * max(writes),
    )


def typical(rounds: Sequence[Cost]) -> Cost:
    """Medians, so that one flush of the disk is not taken for the cost of a size."""
    return Cost(
        size=int(statistics.median(each.size for each in rounds)),
        crawl=statistics.median(each.crawl for each in rounds),
        score=statistics.median(each.score for each in rounds),
        decide=statistics.median(each.decide for each in rounds),
        slowest_write=max(each.slowest_write for each in rounds),
    )


def stored(store: Store) -> int:
    index = store.names.index("mentions")
    store.client.refresh(index)
    return int(store.client.call(lambda es: es.count(index=index))["count"])


def slope(costs: Sequence[tuple[float, float]]) -> float:
    """Least squares of log cost over log size."""
    xs, ys = ([math.log(pair[at]) for pair in costs] for at in (0, 1))
    return statistics.linear_regression(xs, ys).slope if len(costs) > 1 else 0.0


def growth(url: str, sizes: Sequence[int]) -> None:
    """One line a size, then the slopes."""
    numbers = count()
    costs = []
    click.echo("     stored  crawl/s  score/s decide/s  ms a post: c, s, d   slowest 100, ms")
    with throw_away(url) as (store, settings):
        for size in sizes:
            fill(store, "old", islice(numbers, max(0, size - stored(store))))
            rounds = [measure(store, settings, f"{at}-{size}") for at in range(ROUNDS)]
            costs.append(typical(rounds[1:]))
            click.echo(costs[-1].line())
    for stage in ("crawl", "score", "decide"):
        value = slope([(cost.size, getattr(cost, stage)) for cost in costs])
        click.echo(f"slope of {stage}: {value:+.3f}")


@contextmanager
def throw_away(url: str) -> Iterator[tuple[Store, Settings]]:
    """A store in a namespace of its own, which is deleted again."""
    namespace = f"molva-test-{secrets.token_hex(4)}"
    settings = Settings(
        environment=Environment.model_validate(
            {"elasticsearch_url": url, "namespace": namespace, "secret": SECRET}
        ),
        watch=Watch.model_validate({"brands": {BRAND: {"name": NAME, "channel": "#r"}}}),
    )
    with open_store(settings, admin=True) as store:
        store.schema.init()
        try:
            yield store, settings
        finally:
            for index in store.names.all:
                store.client.call(partial(_delete, index=index))


def _delete(es: Elasticsearch, *, index: str) -> None:
    es.indices.delete(index=index)


def workers(counts: Sequence[int], store: str) -> None:
    """Twelve sites of a hundred posts each, crawled politely by ever more workers."""
    click.echo("workers  seconds  posts/s  speed-up")
    first = 0.0
    for number in counts:
        with ExitStack() as stack:
            thrown, settings = stack.enter_context(throw_away(store))
            seconds = _crawl_all(stack, number, settings.environment)
            posts = stored(thrown)
        first = first or seconds
        click.echo(f"{number:7d}{seconds:9.1f}{posts / seconds:9.1f}{first / seconds:10.2f}")


def _crawl_all(stack: ExitStack, number: int, settings: Environment) -> float:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    ports = [stack.enter_context(_site(at)).port for at in range(SOURCES)]
    (folder / "watch.toml").write_text(_watch(ports), encoding="utf-8")
    environment = {
        **os.environ,
        "MOLVA_WATCH": str(folder / "watch.toml"),
        "MOLVA_NAMESPACE": settings.namespace,
        "MOLVA_ELASTICSEARCH_URL": str(settings.elasticsearch_url),
        "MOLVA_SECRET": SECRET,
    }
    command = [sys.executable, "-m", "molva.cli"]
    run = partial(subprocess.run, env=environment, check=True, stdout=subprocess.DEVNULL)
    begun = time.perf_counter()
    with ThreadPoolExecutor(number) as pool:
        list(pool.map(lambda at: run([*command, "crawl", f"s{at}"]), range(SOURCES)))
    return time.perf_counter() - begun


def _site(at: int) -> Site:
    samples = invented(PAGES * PER_PAGE, seed=at)
    posts = [
        {
            "site": "schema_org:reviews.example.org",
            "native_id": f"{at}-{number}",
            "source": f"s{at}",
            "kind": "review",
            "url": f"https://reviews.example.org/review/{at}-{number}",
            "text": f"Ромашка. {sample.text}",
            "published_at": (BASE - timedelta(minutes=number)).isoformat(),
            "fetched_at": BASE.isoformat(),
        }
        for number, sample in enumerate(samples)
    ]
    options = SiteOptions(page_size=PER_PAGE)
    return Site(posts, "schema_org", dates=Dates(newest="now-5m"), options=options)


def _watch(ports: Sequence[int]) -> str:
    sources = (
        f'[sources.s{at}]\nspider = "schema_org"\nschedule = "* * * * *"\nallow_private = true\n'
        f'params = {{ url = "http://127.0.0.1:{port}/reviews/", delay = {DELAY} }}\n'
        for at, port in enumerate(ports)
    )
    return "\n".join(['[brands.romashka]\nname = "Ромашка"\nchannel = "#r"\n', *sources])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--store", required=True, help="an Elasticsearch without security")
    parser.add_argument("--sizes", type=int, nargs="*", default=[])
    parser.add_argument("--workers", type=int, nargs="*", default=[])
    asked = parser.parse_args()
    if asked.sizes:
        growth(asked.store, asked.sizes)
    if asked.workers:
        workers(asked.workers, asked.store)
