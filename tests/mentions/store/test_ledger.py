"""Bookmarks, runs, posts that became no mention, rejects, and how long each is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mentions.store import Store
from mentions.store.ledger import MAX_EXCERPT, Reject, Seen
from tests.factories import NOW, alert, mention


def test_a_bookmark_is_per_source_and_stream(store: Store) -> None:
    assert store.ledger.bookmark("forum", "posts") is None
    store.ledger.move_bookmark("forum", "posts", "17")
    store.ledger.move_bookmark("forum", "query:ромашка", "x" * 50_000)
    store.ledger.move_bookmark("forum", "posts", "18")
    assert store.ledger.bookmark("forum", "posts") == "18"
    assert store.ledger.bookmark("other", "posts") is None


def test_a_run_is_known_from_its_beginning(store: Store) -> None:
    assert store.ledger.last_run("crawl", "forum") is None
    run_id = store.ledger.begin_run("crawl", "forum")
    begun = store.ledger.last_run("crawl", "forum")
    assert begun is not None
    assert (begun.id, begun.verdict, begun.ended_at) == (run_id, None, None)
    assert store.ledger.last_success("forum") is None
    store.ledger.end_run(run_id, {"fetched": 3, "rejected": 0}, "ok", newest=NOW)
    ended = store.ledger.last_run("crawl", "forum")
    assert ended is not None
    assert (ended.verdict, ended.counts, ended.newest) == ("ok", {"fetched": 3, "rejected": 0}, NOW)
    assert ended.began_at == begun.began_at


def test_the_last_good_run_counts_for_age_and_the_newest_post_of_any(store: Store) -> None:
    good = store.ledger.begin_run("crawl", "forum")
    store.ledger.end_run(good, {"fetched": 1}, "ok", newest=NOW)
    bad = store.ledger.begin_run("crawl", "forum")
    store.ledger.end_run(bad, {"fetched": 0}, "blocked", ["a captcha stands in the way"])
    last = store.ledger.last_run("crawl", "forum")
    assert last is not None
    assert last.complaints == ("a captcha stands in the way",)
    success = store.ledger.last_success("forum")
    assert success is not None
    assert success < last.began_at
    assert store.ledger.newest_post("forum") == NOW
    assert store.ledger.newest_post("other") is None


def test_seen_and_rejected_things_are_written_once(store: Store) -> None:
    seen = Seen("p1", "feed:a.example", "blog", "https://a.example/1", "no brand")
    assert store.ledger.seen([seen, seen]) == {"seen": 1, "again": 1}
    reject = Reject(
        "crawl", "blog", "https://a.example/2", "no text", "<p>\x00\ud800" + "x" * 9_999
    )
    assert store.ledger.reject([reject]) == {"rejected": 1, "again": 0}
    assert store.ledger.reject([reject]) == {"rejected": 0, "again": 1}
    [kept] = store.ledger.rejects("https://a.example/2")
    assert len(kept["excerpt"]) <= MAX_EXCERPT
    assert [s["reason"] for s in store.ledger.seen_post("https://a.example/1")] == ["no brand"]


def test_retention_deletes_what_is_too_old_and_nothing_else(store: Store) -> None:
    now = datetime.now(UTC)
    old, young = now - timedelta(days=800), now - timedelta(days=10)
    store.mentions.put(
        [
            mention(native_id="old", first_seen=old),
            mention(native_id="young", first_seen=young, published_at=old),
        ]
    )
    store.alerts.create(alert(members=("waiting",), created_at=old))
    sent = {"state": "sent", "sent_revision": 1}
    store.alerts.create(alert(members=("done",), created_at=old, delivery=sent))
    store.ledger.seen([Seen("p1", "s", "blog", "https://a.example/1", "no brand")])
    assert store.retain(now=now, dry_run=True)["mentions"] == 1
    counts = store.retain(now=now)
    assert counts == {
        "mentions": 1,
        "alerts": 1,
        "alert_events": 0,
        "runs": 0,
        "seen": 0,
        "rejects": 0,
    }
    assert set(store.mentions.get([mention(native_id=n).id for n in ("old", "young")])) == {
        mention(native_id="young").id
    }
    assert store.alerts.get("waiting") is not None
    assert sum(store.retain(now=now).values()) == 0
