"""Runs only in `make production-test`: it takes PostgreSQL, Redis and many minutes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.production.image import REPO, Image

IMAGE = REPO / "build/production/image"
collect_ignore_glob = [] if os.environ.get("MOLVA_PRODUCTION_TEST") else ["test_*.py"]


@pytest.fixture(scope="session")
def image() -> Image:
    """The image's files as the Dockerfile makes them, built here."""
    built = Image(IMAGE)
    built.build()
    return built


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A short path outside root's own folders: sockets and PostgreSQL want both."""
    folder = Path(tempfile.mkdtemp(prefix="molva-production-"))
    yield folder
    if os.environ.get("MOLVA_PRODUCTION_TEST") != "keep":
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
