"""One test for every source: frozen pages in, the expected posts out; and rules for all of them.

To add a source, drop pages into ``fixtures/<spider>/page.*`` (real ones, trimmed, authors replaced,
with a row that must be rejected), run ``pytest tests/crawlers --accept``, and review the
``expected.json`` that it writes.
"""

from __future__ import annotations

import inspect
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crawlers.base import PostSpider
from crawlers.catalogue import catalogue, spider_class, spider_names
from crawlers.page import Page

FIXTURES = Path(__file__).parent / "fixtures"
FETCHED = datetime(2026, 5, 22, 9, 0, tzinfo=UTC)
TYPES = {
    ".rss": "application/rss+xml",
    ".atom": "application/atom+xml",
    ".json": "application/json",
    ".html": "text/html",
}
MAX_LINES = 40


def read_pages(name: str) -> dict[str, Any]:
    """What a spider makes of each of its frozen pages."""
    kind = spider_class(name)
    spider = kind("fixture", kind.Params.model_validate({"url": "https://example.org/list"}))
    files = sorted((FIXTURES / name).glob("page.*"))
    return {file.name: _read(spider, file) for file in files}


def _read(spider: PostSpider, file: Path) -> dict[str, Any]:
    page = Page(
        url="https://example.org/list",
        body=file.read_bytes(),
        fetched_at=FETCHED,
        headers={"content-type": f"{TYPES[file.suffix]}; charset=utf-8"},
    )
    reading = spider.read(page, spider.site(page.url))
    shown = {"fetched_at", "source"}
    return {
        "posts": [
            p.model_dump(mode="json", exclude=shown, exclude_none=True) for p in reading.posts
        ],
        "links": [link.url for link in reading.links],
        "rejected": [rejected.reason for rejected in reading.rejected],
        "skipped": reading.skipped,
        "fault": reading.fault,
        "next": spider.next_url(page, reading),
    }


@pytest.mark.parametrize("name", spider_names())
def test_source_reads_its_frozen_pages(name: str, accept: bool) -> None:
    got = read_pages(name)
    expected = FIXTURES / name / "expected.json"
    known = json.loads(expected.read_text()) if expected.exists() else None
    if accept and got != known:
        expected.write_text(json.dumps(got, indent=2, ensure_ascii=False) + "\n")
        pytest.fail(f"wrote {expected}: review it, then run again")
    assert any(page["posts"] for page in got.values()), "a fixture must show at least one post"
    assert any(page["rejected"] for page in got.values()), "and one row that must be rejected"
    assert got == known


@pytest.mark.parametrize("name", spider_names())
def test_source_says_where_it_is_documented(name: str) -> None:
    module = inspect.getmodule(spider_class(name))
    assert module is not None
    assert module.__doc__
    assert "https://" in module.__doc__


@pytest.mark.parametrize("name", spider_names())
def test_source_is_called_like_its_file(name: str) -> None:
    kind = spider_class(name)
    assert kind.name == name
    assert kind.__module__.rpartition(".")[2] == name


@pytest.mark.parametrize("name", spider_names())
def test_source_is_a_declaration_and_no_program(name: str) -> None:
    lines = Path(inspect.getfile(spider_class(name))).read_text().splitlines()
    assert len(lines) < MAX_LINES


@pytest.mark.parametrize("name", spider_names())
def test_every_parameter_is_explained(name: str) -> None:
    for parameter, field in catalogue()[name].model_fields.items():
        assert field.description, f"{name}: params.{parameter} says nothing about itself"


def test_the_source_in_the_docs_works() -> None:
    text = (Path(__file__).parents[2] / "docs/sources.md").read_text(encoding="utf-8")
    code = text.partition("```python\n")[2].partition("```")[0]
    assert len(code.splitlines()) < MAX_LINES
    module: dict[str, Any] = {"__name__": "shopboard"}
    exec(compile(code, "shopboard.py", "exec"), module)
    kind: type[PostSpider] = module["Shopboard"]
    spider = kind("docs", kind.Params.model_validate({"url": "https://shopboard.example/api"}))
    user = {"login": "vera", "name": "Вера"}
    row = {"id": 7, "html": "<p>Не везут</p>", "user": user, "created": "вчера"}
    body = json.dumps({"complaints": [row, {"id": 8}]}).encode()
    page = Page("https://shopboard.example/api", body, FETCHED, headers={"content-type": "a/json"})
    reading = spider.read(page, "shopboard:shopboard.example")
    assert [post.url for post in reading.posts] == ["https://shopboard.example/complaints/7"]
    assert [rejected.reason for rejected in reading.rejected] == ["no html"]
    assert spider.next_url(page, reading) == "https://shopboard.example/api?page=2"
