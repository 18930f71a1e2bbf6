"""What the tests of the crawlers share."""

from __future__ import annotations

import pytest


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
