"""A local site fails in the ways it is told to, and says what it was told wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import feedparser  # type: ignore[import-untyped]
import httpx
import pytest

from mentions.errors import ConfigError
from molva.dev.site.faults import FaultPlan, Faults, load_faults
from molva.dev.site.options import SiteKind
from molva.dev.site.server import Site

LINES = [{"id": f"p{n}", "text": f"Отзыв {n} " * 30} for n in range(30)]


def site(kind: SiteKind, *answers: dict[str, Any]) -> Site:
    return Site(LINES, kind, faults=Faults.model_validate({"answers": answers}))


@pytest.mark.parametrize("style", ["image", "checkbox", "interstitial"])
def test_a_captcha_comes_with_200(style: str) -> None:
    with site(
        SiteKind.SCHEMA_ORG, {"path": "/reviews/*", "do": "captcha", "style": style}
    ) as running:
        answer = httpx.get(f"{running.url}/reviews/")
    assert answer.status_code == 200
    assert "review-body" not in answer.text
    assert any(word in answer.text.lower() for word in ("captcha", "challenge"))


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_breaks_off(chunked: bool) -> None:
    fault = {"path": "/feed.xml", "do": "cut", "chunked": chunked}
    with site(SiteKind.FEED, fault) as running, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"{running.url}/feed.xml")


def test_a_refusal_says_when_to_come_back() -> None:
    refused = {"path": "/posts.json", "do": "status", "status": 503, "retry_after": 7, "times": 1}
    with site(SiteKind.DISCOURSE, refused) as running:
        first, second = (httpx.get(f"{running.url}/posts.json") for _ in range(2))
    assert (first.status_code, first.headers["retry-after"]) == (503, "7")
    assert second.status_code == 200


def test_a_slow_answer_is_late_and_whole() -> None:
    with site(SiteKind.FEED, {"path": "/feed.xml", "do": "slow", "seconds": 0.3}) as running:
        began = time.monotonic()
        answer = httpx.get(f"{running.url}/feed.xml")
    assert answer.status_code == 200
    assert time.monotonic() - began >= 0.3


def test_a_slow_answer_does_not_hold_up_the_end() -> None:
    running = site(SiteKind.FEED, {"path": "/feed.xml", "do": "slow", "seconds": 60})
    began = time.monotonic()
    with running, pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{running.url}/feed.xml", timeout=0.2)
    assert time.monotonic() - began < 5


def test_a_redirect_leads_nowhere() -> None:
    fault = {"path": "/reviews/", "do": "redirect_loop"}
    with site(SiteKind.SCHEMA_ORG, fault) as running, pytest.raises(httpx.TooManyRedirects):
        httpx.get(f"{running.url}/reviews/", follow_redirects=True)


def test_json_that_does_not_parse() -> None:
    with site(SiteKind.DISCOURSE, {"path": "/posts.json", "do": "malformed"}) as running:
        answer = httpx.get(f"{running.url}/posts.json")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_xml_that_does_not_parse() -> None:
    with site(SiteKind.FEED, {"path": "/feed.xml", "do": "malformed"}) as running:
        assert feedparser.parse(httpx.get(f"{running.url}/feed.xml").content).bozo


def test_jsonld_that_does_not_parse() -> None:
    with site(SiteKind.SCHEMA_ORG, {"path": "/reviews/", "do": "malformed"}) as running:
        text = httpx.get(f"{running.url}/reviews/").text
    script = text.split('<script type="application/ld+json">')[1].split("</script>")[0]
    with pytest.raises(json.JSONDecodeError):
        json.loads(script)


def test_an_empty_answer() -> None:
    with site(SiteKind.FEED, {"path": "/feed.xml", "do": "empty"}) as running:
        answer = httpx.get(f"{running.url}/feed.xml")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_fault_waits_its_turn_and_looks_at_the_query() -> None:
    fault = {"path": "/reviews/", "query": {"page": "2"}, "do": "captcha", "skip": 1, "times": 1}
    plan = FaultPlan(Faults.model_validate({"answers": [fault]}).answers)
    asked = [plan.next_for("/reviews/", {"page": [page]}) for page in ("1", "2", "2", "2")]
    assert [found is not None for found in asked] == [False, False, True, False]


def test_what_a_broken_answer_showed_was_not_read() -> None:
    edit = {"text": "исправлено", "after_reads": 1}
    told = {
        "answers": [{"path": "/feed.json", "do": "cut", "times": 1}],
        "posts": {"p29": {"versions": [edit]}},
    }
    with Site(LINES, SiteKind.FEED, faults=Faults.model_validate(told)) as running:
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{running.url}/feed.json")
        assert "исправлено" not in httpx.get(f"{running.url}/feed.json").text


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("answers = [", "not TOML"),
        ('[[answers]]\npath = "/x"\ndo = "explode"', "answers.0"),
        ('[[answers]]\npath = "x"\ndo = "captcha"', "answers.0.captcha.path"),
        ('[[answers]]\npath = "/x"\ndo = "cut"\nat = 1', "answers.0.cut.at"),
        ('[[answers]]\npath = "/x"\ndo = "captcha"\nseconds = 1', "answers.0.captcha.seconds"),
        ("[posts.a]\ntwise = true", "posts.a.twise"),
    ],
)
def test_a_wrong_faults_file_names_place_and_cure(
    tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "faults.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=complaint):
        load_faults(file)


def test_a_faults_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        load_faults(tmp_path / "none.toml")
