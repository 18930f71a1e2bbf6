"""Mentions in a real store: read first, compare and set, whole parts, nothing lost."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from mentions.model import Action, Decision, Reason, Sentiment
from mentions.store import Store
from mentions.store.mentions import Cursor, StoredMention
from tests.factories import NOW, analysis, mention


def decision(action: Action = Action.SILENT) -> Decision:
    return Decision(action=action, reason=Reason.NOT_NEGATIVE, decided_at=NOW, revision=1)


def stored(store: Store, id_: str) -> StoredMention:
    return store.mentions.get([id_])[id_]


def test_writing_twice_changes_nothing(store: Store) -> None:
    first = store.mentions.put([mention(), mention(native_id="18")])
    again = store.mentions.put([mention(), mention(native_id="18", reach=900)])
    assert (first["created"], first["same"]) == (2, 0)
    assert (again["created"], again["changed"], again["same"]) == (0, 0, 2)


def test_a_mention_given_twice_in_one_batch_counts_once_as_it_stands_last(store: Store) -> None:
    counts = store.mentions.put([mention(text="было"), mention(text="стало")])
    assert (counts["created"], counts["repeated"]) == (1, 1)
    assert stored(store, mention().id).mention.text == "стало"


def test_a_changed_text_is_judged_and_decided_anew(store: Store) -> None:
    store.mentions.put([mention()])
    store.mentions.set_analysis([(stored(store, mention().id), analysis())])
    store.mentions.set_decision([(stored(store, mention().id), decision())])
    later = NOW + timedelta(hours=3)
    counts = store.mentions.put([mention(text="Ромашка ответила, спасибо", first_seen=later)])
    now = stored(store, mention().id)
    assert counts["changed"] == 1
    assert (now.analysis, now.decision) == (None, None)
    assert (now.mention.revision, now.mention.first_seen, now.mention.changed_at) == (2, NOW, later)


def test_a_backfill_that_meets_an_edit_does_not_silence_a_live_mention(store: Store) -> None:
    store.mentions.put([mention(), mention(native_id="old", origin="backfill")])
    edits = [mention(native_id=n, text="иначе", origin="backfill") for n in ("17", "old")]
    store.mentions.put(edits)
    assert [stored(store, m.id).mention.origin for m in edits] == ["live", "backfill"]


def test_a_stage_replaces_its_part_whole(store: Store) -> None:
    store.mentions.put([mention()])
    old = analysis(probabilities={"sentiment": {"negative": 1.0}, "topic": {"fraud": 1.0}})
    store.mentions.set_analysis([(stored(store, mention().id), old)])
    new = analysis(sentiment="positive", probabilities={"sentiment": {"positive": 1.0}})
    store.mentions.set_analysis([(stored(store, mention().id), new)])
    kept = stored(store, mention().id).analysis
    assert kept is not None
    assert kept.sentiment is Sentiment.POSITIVE
    assert kept.probabilities == {"sentiment": {"positive": 1.0}}


def test_who_comes_second_leaves_it_be(store: Store) -> None:
    store.mentions.put([mention()])
    read = stored(store, mention().id)
    assert store.mentions.set_analysis([(read, analysis(model="first@1"))])["scored"] == 1
    assert store.mentions.set_analysis([(read, analysis(model="second@1"))])["conflict"] == 1
    kept = stored(store, mention().id).analysis
    assert kept is not None
    assert kept.model == "first@1"


def test_a_judgement_of_the_old_text_is_not_put_on_the_new_one(store: Store) -> None:
    store.mentions.put([mention()])
    read = stored(store, mention().id)
    store.mentions.put([mention(text="совсем другое")])
    assert store.mentions.set_analysis([(read, analysis())])["conflict"] == 1
    assert stored(store, mention().id).analysis is None


def unscored(store: Store, batch: int) -> Iterator[list[StoredMention]]:
    after: Cursor | None = None
    while True:
        page, after = store.mentions.unscored(batch, after)
        yield page
        if after is None:
            return


def test_scans_find_everything_that_is_missing_in_order_and_in_batches(store: Store) -> None:
    # Equal times: the order must not depend on them alone.
    many = [
        mention(native_id=str(n), published_at=NOW - timedelta(hours=n // 4)) for n in range(23)
    ]
    store.mentions.put(many)
    assert store.mentions.unscored_count() == 23
    batches = list(unscored(store, 5))
    assert [len(batch) for batch in batches] == [5, 5, 5, 5, 3]
    found = [m.mention for batch in batches for m in batch]
    assert found == sorted(many, key=lambda m: (m.at, m.id))


def test_scans_lose_nothing_while_they_are_written_to(store: Store) -> None:
    store.mentions.put([mention(native_id=str(n)) for n in range(23)])
    for batch in unscored(store, 5):
        store.mentions.set_analysis([(m, analysis()) for m in batch])
    assert store.mentions.unscored_count() == 0
    for batch in store.mentions.undecided(batch=4):
        store.mentions.set_decision([(m, decision()) for m in batch])
    assert list(store.mentions.undecided()) == []


def test_a_bad_document_is_set_aside_and_the_batch_goes_on(store: Store) -> None:
    # More than a long field holds; the model admits no such number.
    bad = mention(native_id="bad").model_copy(update={"reach": 2**70})
    counts = store.mentions.put([mention(native_id="1"), bad, mention(native_id="2")])
    assert (counts["created"], counts["rejected"]) == (2, 1)
    [reject] = store.ledger.rejects(bad.url)
    assert reject["stage"] == "crawl"
    assert reject["excerpt"] == bad.text


def test_mentions_are_found_by_address_newest_first(store: Store) -> None:
    old = mention(native_id="1", published_at=NOW)
    new = mention(native_id="2", published_at=NOW + timedelta(minutes=1))
    store.mentions.put([old, new, mention(native_id="3", url="https://forum.example.org/t/3")])
    assert [m.id for m in store.mentions.by_url(old.url)] == [new.id, old.id]
