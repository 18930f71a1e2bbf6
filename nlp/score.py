"""The stage that gives every stored mention an analysis. Killed anywhere, the next run goes on.

Several may run side by side: each claims the batch that it judges, and leaves the others' alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from mentions.counts import Counts
from mentions.failpoints import failpoint
from mentions.model import Analysis
from mentions.store import Store
from mentions.store.claims import Claims, Stretch, Taken
from mentions.store.ledger import Reject
from mentions.store.mentions import Cursor, StoredMention
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
    """Counts: missing = scored + rejected + conflict, once done, for one that runs alone; what
    another does beside it is among its missing only. Untrusted are among the scored.

    ``load`` is called only if something is missing: most runs find nothing, and a model costs time.
    """
    missing = store.mentions.unscored_count()
    counts = Counts({"missing": missing, **dict.fromkeys(OUTCOMES, 0)})
    wanted = missing if limit is None else min(limit, missing)
    if wanted <= 0:
        return counts
    run = store.ledger.begin_run("score")
    judge, done, claims = load(), 0, store.claims("score")
    with claims.kept_alive():
        for batch in _limited(_unshared(store, claims), limit):
            counts.update(_score_batch(store, judge, names, batch))
            done += len(batch)
            progress(done, max(wanted, done))
    store.ledger.end_stage(run, counts, "not scored")
    return counts


def _unshared(store: Store, claims: Claims) -> Iterator[list[StoredMention]]:
    """Batches that nobody else is judging; when there are no more, what the others have left."""
    tried: set[str] = set()
    others: Taken | None = None
    after: Cursor | None = None
    while True:
        # In this order: what was given back before ``taken`` has left the page.
        taken = claims.taken()
        page, end = store.mentions.unscored(BATCH, after)
        new = [stored for stored in page if stored.id not in tried]
        free = [stored for stored in new if claims.is_free(stored.place, taken)]
        if free and not claims.take(_stretch(free), taken):
            continue
        if free:
            tried.update(stored.id for stored in free)
            yield free
        if len(free) < len(new):
            others = taken
        after = end
        if after is None and others is None:
            return
        if after is None and others is not None:
            claims.wait_for_others(others)
            others = None


def _stretch(batch: Sequence[StoredMention]) -> Stretch:
    places = [stored.place for stored in batch]
    return min(places), max(places)


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
