"""What the tests of the crawlers share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from mentions.settings import Settings
from tests.crawlers.command import Molva
from tests.crawlers.site import LocalSite, serve


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept",
        action="store_true",
        help="write expected.json of sources whose pages read differently, and fail: review it",
    )


@pytest.fixture
def accept(pytestconfig: pytest.Config) -> bool:
    """Whether to write what is expected. In a run of all tests the option may be unknown."""
    return bool(pytestconfig.getoption("--accept", default=False))


@pytest.fixture
def sites() -> Iterator[Callable[..., LocalSite]]:
    """Makes local sites from answers by path."""
    with ExitStack() as stack:
        yield lambda answers: stack.enter_context(serve(answers))


@pytest.fixture
def molva(tmp_path: Path) -> Callable[..., Molva]:
    """The command with one source called ``it``, whose brand is Ромашка."""

    def make(spider: str, url: str, *, private: bool = True, **params: Any) -> Molva:
        facts = {"delay": 0.0, **params} if private else params
        listed = "".join(f"{name} = {json.dumps(value)}\n" for name, value in facts.items())
        watch = WATCH.format(spider=spider, private=str(private).lower(), url=url, params=listed)
        return Molva(tmp_path, watch, {"MOLVA_SECRET": "a secret of the tests"})

    return make


@pytest.fixture
def stored_molva(molva: Callable[..., Molva], store_settings: Settings) -> Callable[..., Molva]:
    """The command with this test's store."""

    def make(spider: str, url: str, **options: Any) -> Molva:
        command = molva(spider, url, **options)
        address = str(store_settings.environment.elasticsearch_url)
        command.env["MOLVA_ELASTICSEARCH_URL"] = address
        command.env["MOLVA_NAMESPACE"] = store_settings.namespace
        return command

    return make


WATCH = """
[brands.romashka]
name = "Ромашка"
channel = "#romashka"

[sources.it]
spider = "{spider}"
schedule = "*/5 * * * *"
allow_private = {private}

[sources.it.params]
url = "{url}"
{params}
"""
