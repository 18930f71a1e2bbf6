"""Manners and safety over real sockets: what a crawl asks for, and what it makes of bad answers."""

from __future__ import annotations

import gzip
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crawlers.command import Ended, Molva
from tests.crawlers.site import Answer, LocalSite, as_json, item, rss

Sites = Callable[..., LocalSite]
Make = Callable[..., Molva]

CAPTCHA = Answer(
    "<html><head><title>Вы не робот?</title></head><body><form class=CheckboxCaptcha></form>",
    headers={"Content-Type": "text/html; charset=utf-8"},
)
FEED = rss(item(2), item(1))


def read(ended: Ended, folder: Path) -> list[dict[str, object]]:
    """The posts of a crawl into a file that went well."""
    assert ended.code == 0, ended.err
    return [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]


def crawl(molva: Molva) -> Ended:
    return molva("crawl", "it", "--out", "out.jsonl", "--json")


def test_a_site_sees_who_asks_and_is_asked_what_it_allows_first(sites: Sites, molva: Make) -> None:
    site = sites({"/feed": FEED})
    command = molva("feed", f"{site.url}/feed", contact="ops@shop.example")
    assert len(read(crawl(command), command.folder)) == 2
    assert site.paths() == ["/robots.txt", "/feed"]
    agents = {visit.headers["user-agent"] for visit in site.visits}
    assert len(agents) == 1
    agent = agents.pop()
    assert agent.startswith("Molva/")
    assert "+https://" in agent
    assert "ops@shop.example" in agent


def test_what_robots_txt_forbids_is_not_fetched(sites: Sites, molva: Make) -> None:
    site = sites({"/robots.txt": Answer("User-agent: molva\nDisallow: /feed"), "/feed": FEED})
    command = molva("feed", f"{site.url}/feed")
    ended = crawl(command)
    assert (ended.code, ended.counts["verdict"]) == (4, "blocked")
    assert "robots.txt" in ended.err
    assert site.paths() == ["/robots.txt"]
    assert not (command.folder / "out.jsonl").exists()


def test_older_pages_that_robots_txt_forbids_are_the_end(sites: Sites, molva: Make) -> None:
    robots = Answer("User-agent: *\nDisallow: /*?page=")
    site = sites({"/robots.txt": robots, "/feed": rss(item(2), older="/feed?page=2")})
    command = molva("feed", f"{site.url}/feed")
    assert len(read(crawl(command), command.folder)) == 1


def test_a_site_that_cannot_say_what_it_allows_is_left_alone(sites: Sites, molva: Make) -> None:
    site = sites({"/robots.txt": Answer(status=500), "/feed": FEED})
    ended = crawl(molva("feed", f"{site.url}/feed"))
    assert ended.code == 75
    assert "/feed" not in site.paths()


def test_requests_keep_their_distance(sites: Sites, molva: Make) -> None:
    site = sites({"/feed": [rss(item(2), older="/feed?page=2"), FEED]})
    assert crawl(molva("feed", f"{site.url}/feed", delay=1.0)).code == 0
    assert len(site.visits) == 3
    # Two seconds by our clock; a busy machine notes the first visit late.
    assert site.visits[-1].at - site.visits[0].at > 1.0


def test_the_pause_that_robots_txt_asks_for_is_kept(sites: Sites, molva: Make) -> None:
    robots = Answer("User-agent: *\nCrawl-delay: 1.5")
    pages = [rss(item(3), older="/feed?page=2"), rss(item(2))]
    site = sites({"/robots.txt": robots, "/feed": pages})
    assert crawl(molva("feed", f"{site.url}/feed")).code == 0
    assert site.visits[2].at - site.visits[1].at > 0.5, "less what the machine is slow"


def test_a_busy_site_is_asked_again_when_it_says(sites: Sites, molva: Make) -> None:
    busy = Answer(status=429, headers={"Retry-After": "1"})
    site = sites({"/feed": [busy, FEED]})
    assert crawl(molva("feed", f"{site.url}/feed")).counts["fetched"] == 2
    assert site.visits[2].at - site.visits[1].at > 0.9


def test_a_site_that_stays_busy_keeps_us_out(sites: Sites, molva: Make) -> None:
    site = sites({"/feed": Answer(status=429, headers={"Retry-After": "0"})})
    ended = crawl(molva("feed", f"{site.url}/feed"))
    assert (ended.code, ended.counts["verdict"]) == (4, "blocked")


def test_a_site_that_asks_for_an_hour_gets_it(sites: Sites, molva: Make) -> None:
    site = sites({"/feed": Answer(status=429, headers={"Retry-After": "3600"})})
    assert crawl(molva("feed", f"{site.url}/feed")).code == 75
    assert site.paths().count("/feed") == 1


@pytest.mark.parametrize("status", [401, 403, 451])
def test_a_site_that_refuses_is_not_asked_again(sites: Sites, molva: Make, status: int) -> None:
    site = sites({"/feed": Answer(status=status)})
    ended = crawl(molva("feed", f"{site.url}/feed"))
    assert (ended.code, ended.counts["verdict"]) == (4, "blocked")
    assert site.paths().count("/feed") == 1


@pytest.mark.parametrize("spider", ["feed", "schema_org", "discourse"])
def test_a_captcha_with_status_200_is_a_block(sites: Sites, molva: Make, spider: str) -> None:
    site = sites({"/": CAPTCHA, "/posts.json": CAPTCHA})
    ended = crawl(molva(spider, f"{site.url}/" if spider != "discourse" else site.url))
    assert (ended.code, ended.counts["verdict"]) == (4, "blocked")
    assert "SmartCaptcha" in ended.err


def test_a_captcha_half_way_is_a_block_too(sites: Sites, molva: Make) -> None:
    site = sites({"/feed": [rss(item(3), older="/feed?page=2"), CAPTCHA]})
    command = molva("feed", f"{site.url}/feed")
    assert crawl(command).code == 4
    assert not (command.folder / "out.jsonl").exists(), "half a file would look whole"


def test_an_error_that_passes_is_tried_again(sites: Sites, molva: Make) -> None:
    site = sites({"/feed": [Answer(status=500), FEED]})
    assert crawl(molva("feed", f"{site.url}/feed")).counts["fetched"] == 2


@pytest.mark.parametrize("status", [500, 408, 425])
def test_a_site_that_is_down_fails_the_run(sites: Sites, molva: Make, status: int) -> None:
    site = sites({"/feed": Answer(status=status)})
    ended = crawl(molva("feed", f"{site.url}/feed"))
    assert (ended.code, ended.counts["verdict"]) == (75, "failed")
    assert site.paths().count("/feed") == 3


def test_a_refused_connection_fails_the_run(molva: Make) -> None:
    ended = crawl(molva("feed", "http://127.0.0.1:9/feed"))
    assert (ended.code, ended.counts["verdict"]) == (75, "failed")
    assert "refuses the connection" in ended.err


def test_redirects_without_end_are_set_aside(sites: Sites, molva: Make) -> None:
    site = sites({"/feed": Answer(status=302, headers={"Location": "/feed"})})
    ended = crawl(molva("feed", f"{site.url}/feed"))
    assert (ended.code, ended.counts["verdict"], ended.counts["rejected"]) == (0, "red", 1)
    assert len(site.visits) < 10


@pytest.mark.parametrize("url", ["http://localhost:1/", "http://127.0.0.1:1/", "http://[::1]:1/"])
def test_private_addresses_are_refused_unless_they_are_meant(molva: Make, url: str) -> None:
    ended = crawl(molva("feed", url, private=False))
    assert ended.code == 2
    assert "allow_private" in ended.err


@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/", "http://[::ffff:169.254.169.254]/", "file:///etc/passwd"],
)
def test_redirects_lead_to_no_secrets(sites: Sites, molva: Make, target: str) -> None:
    site = sites({"/feed": Answer(status=302, headers={"Location": target})})
    ended = crawl(molva("feed", f"{site.url}/feed"))
    assert (ended.code, ended.counts["rejected"], ended.counts["fetched"]) == (0, 1, 0)


def test_a_feed_that_breaks_off_gives_what_came_and_counts_as_rejected(
    sites: Sites, molva: Make
) -> None:
    whole = str(rss(item(3), item(2), item(1)).body)
    cut = Answer(whole[:-60], headers={"Content-Type": "text/xml"}, announced=len(whole) * 2)
    site = sites({"/feed": cut})
    command = molva("feed", f"{site.url}/feed")
    ended = crawl(command)
    assert [post["native_id"] for post in read(ended, command.folder)] == ["post-3", "post-2"]
    assert ended.counts["rejected"] == 1
    assert site.paths().count("/feed") == 3, "it might have been the line"


def test_a_compressed_bomb_does_no_harm(sites: Sites, molva: Make) -> None:
    bomb = gzip.compress(gzip.compress(b"\0" * 60_000_000))
    site = sites({"/feed": Answer(bomb, headers={"Content-Encoding": "gzip, gzip"})})
    ended = crawl(molva("feed", f"{site.url}/feed"))
    assert (ended.code, ended.counts["rejected"]) == (0, 1)


def test_a_page_without_end_is_not_read_to_its_end(sites: Sites, molva: Make) -> None:
    site = sites({"/feed": Answer(b"<rss>", announced=500_000_000)})
    ended = crawl(molva("feed", f"{site.url}/feed"))
    assert (ended.code, ended.counts["rejected"]) == (0, 1)


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        ('<?xml version="1.0"?>', "text/xml; charset=windows-1251"),
        ('<?xml version="1.0" encoding="windows-1251"?>', "text/xml"),
        ("", "text/xml"),
    ],
)
def test_windows_1251_is_read_however_it_is_said(
    sites: Sites, molva: Make, head: str, content_type: str
) -> None:
    body = f"{head}<rss version='2.0'><channel>{item(1)}</channel></rss>".encode("cp1251")
    site = sites({"/feed": Answer(body, headers={"Content-Type": content_type})})
    command = molva("feed", f"{site.url}/feed")
    assert read(crawl(command), command.folder)[0]["text"] == "Ромашка, случай 1"


@pytest.mark.parametrize(
    ("spider", "path", "answer"),
    [
        (
            "discourse",
            "/posts.json",
            Answer('{"latest_posts": [', headers={"Content-Type": "a/json"}),
        ),
        ("discourse", "/posts.json", as_json({"latest_posts": [None, 7, {"id": {}}]})),
        ("feed", "/", Answer('{"items": [[[[', headers={"Content-Type": "application/json"})),
        ("feed", "/", Answer("<rss><channel><item><title>x")),
        ("feed", "/", Answer("")),
        ("schema_org", "/", Answer("<html>no reviews here")),
        (
            "schema_org",
            "/",
            Answer('<script type="application/ld+json">{"@type":</script>'),
        ),
        ("discourse", "/posts.json", Answer("[" * 100_000)),
    ],
)
def test_what_cannot_be_read_is_counted_and_turns_the_verdict_red(
    sites: Sites, molva: Make, spider: str, path: str, answer: Answer
) -> None:
    site = sites({path: answer})
    ended = crawl(molva(spider, site.url if spider == "discourse" else f"{site.url}/"))
    assert (ended.code, ended.counts["verdict"]) == (0, "red"), ended.err
    assert ended.counts["rejected"] >= 1


def test_a_crawl_that_is_told_to_stop_says_so_and_leaves_no_file(sites: Sites, molva: Make) -> None:
    def endless(path: str) -> Answer:
        number = int(path.partition("=")[2] or 1)
        time.sleep(0.1)
        return rss(item(10_000 - number), older=f"/feed?page={number + 1}")

    site = sites({"/feed": endless})
    command = molva("feed", f"{site.url}/feed")
    running = command.start("crawl", "it", "--out", "out.jsonl", "--json")
    while len(site.visits) < 5:
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGTERM)
    ended = command.end(running)
    assert (ended.code, ended.counts["verdict"]) == (75, "failed")
    assert not list(command.folder.glob("*out.jsonl*"))


def test_an_unknown_source_is_told_with_those_that_are_known(molva: Make) -> None:
    ended = molva("feed", "http://127.0.0.1:9/")("crawl", "nosuch")
    assert ended.code == 2
    assert "known: it" in ended.err


def test_an_unknown_spider_is_told_with_those_that_are_known(molva: Make) -> None:
    ended = molva("nosuch", "http://127.0.0.1:9/")("crawl", "it")
    assert ended.code == 2
    assert "discourse, feed, schema_org" in ended.err
