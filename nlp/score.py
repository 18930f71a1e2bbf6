"""The stage that gives every stored mention an analysis. Killed anywhere, the next run goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from mentions.counts import Counts
from mentions.failpoints import failpoint
from mentions.model import Analysis
from mentions.store import Store
from mentions.store.ledger import OK, Reject
from mentions.store.mentions import StoredMention
from nlp.analysis import analysis_of, input_of, text_of, unreadable
from nlp.judge import Judge, judge_each

BATCH = 512
OUTCOMES = ("scored", "untrusted", "rejected", "conflict")

Progress = Callable[[int, int], None]  # done, of how many


def score(
    store: Store,
    load: Callable[[], Judge],
    names: Mapping[str, str],
    *,
    limit: int | None = None,
    progress: Progress = lambda done, of: None,
) -> Counts:
    """Counts: missing = scored + rejected + conflict, once done; untrusted are among the scored.

    ``load`` is called only if something is missing: most runs find nothing, and a model costs time.
    """
    missing = store.mentions.unscored_count()
    counts = Counts({"missing": missing, **dict.fromkeys(OUTCOMES, 0)})
    wanted = missing if limit is None else min(limit, missing)
    if wanted <= 0:
        return counts
    run = store.ledger.begin_run("score")
    judge, done = load(), 0
    for batch in _limited(store.mentions.unscored(BATCH), limit):
        counts.update(_score_batch(store, judge, names, batch))
        done += len(batch)
        progress(done, max(wanted, done))
    complaints = [f"{counts['rejected']} not scored"] if counts["rejected"] else []
    store.ledger.end_run(run, counts, "rejected" if complaints else OK, complaints)
    return counts


def _limited(
    batches: Iterator[list[StoredMention]], limit: int | None
) -> Iterator[list[StoredMention]]:
    if limit is None:
        yield from batches
        return
    left = limit
    while left > 0 and (batch := next(batches, None)):
        yield batch[:left]
        left -= len(batch)


def _score_batch(
    store: Store, judge: Judge, names: Mapping[str, str], batch: Sequence[StoredMention]
) -> Counts:
    judgements = judge_each(judge, [input_of(stored.mention, names) for stored in batch])
    now = datetime.now(UTC)
    good: list[tuple[StoredMention, Analysis]] = []
    bad: list[tuple[StoredMention, Analysis]] = []
    for stored, judgement in zip(batch, judgements, strict=True):
        text = text_of(stored.mention)
        if judgement is None:
            bad.append((stored, unreadable(text, model=judge.model, scored_at=now)))
        else:
            found = analysis_of(text, judgement, model=judge.model, scored_at=now)
            good.append((stored, found))
    failpoint("score-before-write")
    counts = _write(store, good, bad)
    failpoint("score-after-write")
    return counts


def _write(
    store: Store,
    good: Sequence[tuple[StoredMention, Analysis]],
    bad: Sequence[tuple[StoredMention, Analysis]],
) -> Counts:
    """A text that breaks the judge is set aside, and stored as untrusted so that a person looks."""
    counts = Counts(store.mentions.set_analysis(good)) if good else Counts()
    counts["untrusted"] = sum(not analysis.trusted for _, analysis in good)
    if bad:
        store.ledger.reject(
            [
                Reject("score", s.mention.source, s.mention.url, "breaks the judge", s.mention.text)
                for s, _ in bad
            ]
        )
        kept = store.mentions.set_analysis(bad)
        counts["rejected"] += kept["scored"] + kept["rejected"]
        counts["conflict"] += kept["conflict"]
    return counts
