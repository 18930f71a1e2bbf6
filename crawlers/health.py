"""Whether a source is well: what its last crawl said, and how long it has been silent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from crawlers.crawl import Verdict
from mentions.settings import Source
from mentions.store.ledger import Run


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is not well, and what to do about it."""

    problem: str
    cure: str
    is_block: bool = False

    def __str__(self) -> str:
        return f"{self.problem} ({self.cure})"


def complaints(
    name: str,
    source: Source,
    run: Run | None,
    newest: datetime | None,
    *,
    now: datetime,
    since: datetime | None = None,
) -> list[Complaint]:
    """All that is wrong; empty when the source is well.

    ``newest`` is the latest post ever read, not the latest of the run: a crawl that finds nothing
    new is well, a site without a new post for longer than ``max_silence`` is not.
    """
    if run is None:
        return [Complaint("it has never been crawled", f"run `molva crawl {name}`")]
    return [
        *_of_run(name, source, run),
        *_of_time(name, run, since),
        *_of_silence(source, newest, now),
    ]


def _of_run(name: str, source: Source, run: Run) -> Iterator[Complaint]:
    if run.ended_at is None:
        yield Complaint(
            f"its last crawl, begun at {_when(run.began_at)}, has not ended",
            "unless it still runs it was killed; nothing is lost, the next one reads it all",
        )
        return
    for said in run.complaints or (f"its last crawl ended as {run.verdict}",):
        if run.verdict == Verdict.BLOCKED:
            cure = "the site keeps programs out: read its terms, ask it, or drop the source"
            yield Complaint(said, cure, is_block=True)
        elif run.verdict == Verdict.FAILED:
            yield Complaint(said, "the next crawl tries again; can the site be reached from here?")
        elif run.verdict != Verdict.OK:
            yield Complaint(said, f"see what was rejected, and try `molva crawl {name} --dry-run`")
    if run.verdict == Verdict.OK:
        yield from _of_rejects(name, source, run)


def _of_rejects(name: str, source: Source, run: Run) -> Iterator[Complaint]:
    """The limit may have been lowered since the run was judged."""
    rejected, fetched = run.counts.get("rejected", 0), run.counts.get("fetched", 0)
    if rejected and rejected / (rejected + fetched) > source.max_rejected:
        yield Complaint(
            f"{rejected} of {rejected + fetched} rows could not be read",
            f"the site has changed: try `molva crawl {name} --dry-run`",
        )


def _of_time(name: str, run: Run, since: datetime | None) -> Iterator[Complaint]:
    if since is not None and (run.ended_at or run.began_at) < since:
        yield Complaint(
            f"no crawl has ended since {_when(since)}; the last one began {_when(run.began_at)}",
            f"run `molva crawl {name}`, and see whether its schedule still runs",
        )


def _of_silence(source: Source, newest: datetime | None, now: datetime) -> Iterator[Complaint]:
    if newest is None:
        yield Complaint(
            "no post has ever been read",
            "look at the address in a browser: is that the list, and does it show posts?",
        )
    elif now - newest > source.max_silence:
        yield Complaint(
            f"no post is newer than {_when(newest)}",
            "look at the site: either the spider no longer fits it, or it is quiet and max_silence "
            "is too short",
        )


def _when(time: datetime) -> str:
    return time.isoformat(sep=" ", timespec="minutes")
