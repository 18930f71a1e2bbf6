"""Locks that are installed into one environment agree, or pip refuses all of them."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from tests.production.image import steps

ROOT = Path(__file__).parents[1]


def installed_together() -> list[tuple[str, ...]]:
    """The locks that one line of the Makefile or one step of the Dockerfile names."""
    made = re.findall(r"(?m)^\t@\$\(INSTALL\) (.+)$", (ROOT / "Makefile").read_text())
    dockerfile = (ROOT / "Dockerfile").read_text()
    baked = [re.findall(r"-r \S*?(\w+)\.txt", step.text) for step in steps(dockerfile)]
    return sorted({*(tuple(line.split()) for line in made), *map(tuple, filter(None, baked))})


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / f"requirements/{lock}.txt").read_text()
    return dict(re.findall(r"(?m)^([a-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", text))


def test_the_places_that_install_are_found() -> None:
    found = set(installed_together())
    assert {("run", "demo", "train", "dev"), ("run", "train"), ("scale",)} <= found


@pytest.mark.parametrize("locks", installed_together(), ids="-".join)
def test_locks_installed_together_agree_on_every_version(locks: tuple[str, ...]) -> None:
    versions: dict[str, set[str]] = defaultdict(set)
    for lock in locks:
        for name, version in pins(lock).items():
            versions[name].add(version)
    assert {name: found for name, found in versions.items() if len(found) > 1} == {}
