"""A crawl into a real store: sums add up, nothing twice, nothing lost, red where it should be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mentions.identity import post_id
from mentions.model import Origin
from mentions.store import Store
from mentions.store.mentions import StoredMention
from tests.crawlers.command import Ended, Molva
from tests.crawlers.site import Answer, LocalSite, as_json, item, rss
from tests.turnstile import turnstile

Sites = Callable[..., LocalSite]
Make = Callable[..., Molva]
FAILPOINTS = ["crawl-before-store", "crawl-after-store", "crawl-after-bookmark"]


def feed(*numbers: int, older: str | None = None) -> Answer:
    """Every third post is about no brand of ours."""
    texts = {n: f"Ничего, случай {n}" if n % 3 == 0 else None for n in numbers}
    return rss(*(item(n, text) for n, text in texts.items()), older=older)


def crawl(molva: Molva, *options: str, **env: str) -> dict[str, Any]:
    """The counts of a crawl that went well."""
    ended = molva("crawl", "it", "--json", *options, **env)
    assert ended.code == 0, ended.err
    return ended.counts


def mentions(store: Store) -> dict[str, StoredMention]:
    """All mentions, by native id."""
    return {m.mention.native_id: m for m in store.mentions.unscored()[0]}


def health(molva: Molva, *options: str) -> Ended:
    return molva("health", "it", "--json", *options)


def test_sums_add_up_and_every_post_is_accounted_for(
    sites: Sites, stored_molva: Make, store: Store
) -> None:
    site = sites({"/feed": feed(5, 4, older="/feed?page=2"), "/feed?page=2": feed(3, 2, 1)})
    molva = stored_molva("feed", f"{site.url}/feed")
    counts = crawl(molva)
    assert (counts["fetched"], counts["matched"], counts["unmatched"]) == (5, 4, 1)
    assert counts["mentions"] == counts["created"] == len(mentions(store)) == 4
    [seen] = store.ledger.seen_post(f"{site.url}/posts/3")
    assert seen["reason"] == "no_brand"
    run = store.ledger.last_run("crawl", "it")
    assert run is not None
    assert (run.verdict, run.counts["fetched"], run.complaints) == ("ok", 5, ())


def test_the_next_crawl_asks_for_what_changed_and_stores_nothing_twice(
    sites: Sites, stored_molva: Make, store: Store
) -> None:
    page = feed(2, 1)
    page = Answer(page.body, headers={**page.headers, "ETag": '"1"'})
    site = sites({"/feed": [page, Answer(status=304)]})
    molva = stored_molva("feed", f"{site.url}/feed")
    crawl(molva)
    counts = crawl(molva)
    assert (counts["unchanged"], counts["fetched"]) == (1, 0)
    assert site.visits[-1].headers["if-none-match"] == '"1"'
    assert health(molva).code == 0, "nothing new is well"
    assert len(mentions(store)) == 2


def test_an_edited_post_is_a_new_revision_and_the_others_stay(
    sites: Sites, stored_molva: Make, store: Store
) -> None:
    edited = rss(item(2, "Ромашка: уже всё хорошо"), item(1))
    site = sites({"/feed": [rss(item(2), item(1)), edited]})
    molva = stored_molva("feed", f"{site.url}/feed")
    crawl(molva)
    counts = crawl(molva)
    assert (counts["changed"], counts["same"], counts["created"]) == (1, 1, 0)
    assert mentions(store)["post-2"].mention.revision == 2


@pytest.mark.parametrize("name", FAILPOINTS)
def test_a_crawl_that_is_killed_ends_up_the_same(
    sites: Sites, stored_molva: Make, store: Store, name: str
) -> None:
    site = sites({"/feed": feed(5, 4, older="/feed?page=2"), "/feed?page=2": feed(3, 2, 1)})
    molva = stored_molva("feed", f"{site.url}/feed")
    assert molva("crawl", "it", MOLVA_FAILPOINT=name).code == -9
    run = store.ledger.last_run("crawl", "it")
    assert run is not None
    assert run.ended_at is None
    assert "has not ended" in health(molva).out

    crawl(molva)
    assert set(mentions(store)) == {"post-1", "post-2", "post-4", "post-5"}
    assert {m.mention.revision for m in mentions(store).values()} == {1}
    assert store.ledger.seen_post(f"{site.url}/posts/3")
    assert store.ledger.bookmark("it", f"{site.url}/feed")


def test_rows_that_cannot_be_read_are_kept_with_their_reason(
    sites: Sites, stored_molva: Make, store: Store
) -> None:
    rows = [{"id": 1, "url": "/1", "content_text": "Ромашка"}, {"id": 2, "url": "/2"}]
    site = sites({"/feed": as_json({"items": rows})})
    molva = stored_molva("feed", f"{site.url}/feed", max_pages=1)
    counts = crawl(molva)
    assert (counts["fetched"], counts["rejected"], counts["verdict"]) == (1, 1, "red")
    [rejected] = store.ledger.rejects(f"{site.url}/feed")
    assert (rejected["reason"], rejected["source"]) == ("no text", "it")
    assert '"id": 2' in rejected["excerpt"]
    ended = health(molva)
    assert ended.code == 3
    assert "1 of 2 rows could not be read" in ended.out


def test_a_block_is_recorded_and_health_says_so(
    sites: Sites, stored_molva: Make, store: Store
) -> None:
    site = sites({"/feed": Answer(status=403)})
    molva = stored_molva("feed", f"{site.url}/feed")
    assert molva("crawl", "it").code == 4
    run = store.ledger.last_run("crawl", "it")
    assert run is not None
    assert run.verdict == "blocked"
    assert health(molva).code == 4
    assert store.ledger.bookmark("it", f"{site.url}/feed") is None


def test_an_outage_is_recorded_and_passes(sites: Sites, stored_molva: Make, store: Store) -> None:
    site = sites({"/feed": [Answer(status=503, headers={"Retry-After": "0"})] * 3 + [feed(1)]})
    molva = stored_molva("feed", f"{site.url}/feed")
    assert molva("crawl", "it").code == 75
    assert health(molva).code == 3
    crawl(molva)
    assert list(mentions(store)) == ["post-1"]


@pytest.mark.slow
def test_a_store_that_goes_down_half_way_leaves_the_bookmark(
    sites: Sites, stored_molva: Make, store: Store
) -> None:
    site = sites({"/feed": feed(5, 4, older="/feed?page=2"), "/feed?page=2": feed(3, 2, 1)})
    molva = stored_molva("feed", f"{site.url}/feed")
    with turnstile(molva.env["MOLVA_ELASTICSEARCH_URL"], on="/_mget") as gate:
        gate.faults = ["pass", *[503] * 1_000]
        assert molva("crawl", "it", MOLVA_ELASTICSEARCH_URL=gate.url).code == 75
    assert set(mentions(store)) == {"post-4", "post-5"}
    assert store.ledger.bookmark("it", f"{site.url}/feed") is None
    crawl(molva)
    assert len(mentions(store)) == 4


def test_backfill_is_for_the_record(sites: Sites, stored_molva: Make, store: Store) -> None:
    site = sites({"/feed": feed(2, 1)})
    molva = stored_molva("feed", f"{site.url}/feed")
    crawl(molva, "--backfill", "--since", "7d")
    assert {m.mention.origin for m in mentions(store).values()} == {Origin.BACKFILL}
    assert store.ledger.bookmark("it", f"{site.url}/feed") is None
    assert store.ledger.last_run("crawl", "it") is None


def test_one_post_is_read_again_and_nothing_else_moves(
    sites: Sites, stored_molva: Make, store: Store
) -> None:
    site = sites({"/feed": feed(2, 1)})
    molva = stored_molva("feed", f"{site.url}/feed")
    counts = crawl(molva, "--url", f"{site.url}/posts/1")
    assert counts["fetched"] == 1
    assert list(mentions(store)) == ["post-1"]
    assert store.ledger.bookmark("it", f"{site.url}/feed") is None


def test_who_wrote_it_is_known_by_a_pseudonym(
    sites: Sites, stored_molva: Make, store: Store
) -> None:
    author = {"name": "Пётр", "url": "/users/petr"}
    row = {"id": "1", "url": "/1", "content_text": "Ромашка молчит", "authors": [author]}
    site = sites({"/feed": as_json({"items": [row]})})
    crawl(stored_molva("feed", f"{site.url}/feed"))
    mention = mentions(store)["1"].mention
    assert mention.author_name == "Пётр"
    assert mention.author_key
    assert "petr" not in mention.author_key


def test_the_site_and_not_the_source_is_the_identity(
    sites: Sites, stored_molva: Make, store: Store
) -> None:
    site = sites({"/feed": feed(1)})
    crawl(stored_molva("feed", f"{site.url}/feed"))
    host = site.url.removeprefix("http://")
    assert mentions(store)["post-1"].mention.post_id == post_id(f"feed:{host}", "post-1")


def test_dry_run_needs_no_store_and_shows_what_it_found(sites: Sites, molva: Make) -> None:
    site = sites({"/feed": feed(2, 1)})
    ended = molva("feed", f"{site.url}/feed")("crawl", "it", "--dry-run")
    assert ended.code == 0, ended.err
    assert "matched" in ended.out
    assert f"{site.url}/posts/2" in ended.out


def test_without_a_store_the_error_names_the_cure(molva: Make) -> None:
    ended = molva("feed", "http://127.0.0.1:9/")("crawl", "it")
    assert ended.code == 2
    assert "MOLVA_ELASTICSEARCH_URL" in ended.err
