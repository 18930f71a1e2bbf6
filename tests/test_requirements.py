"""What the code imports is what `requirements/*.in` ask for: no library by accident of another."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "requirements"
OURS = frozenset({"molva", "mentions", "crawlers", "nlp", "alerts", "dags", "tests"})


def asked_for(*locks: str) -> set[str]:
    """Names of distributions, as the index spells them."""
    lines = "\n".join((REQUIREMENTS / f"{lock}.in").read_text() for lock in locks)
    return {name(found) for found in re.findall(r"(?m)^[A-Za-z0-9][A-Za-z0-9._-]*", lines)}


def name(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower()


def imports(files: Iterator[Path]) -> set[str]:
    """Top-level names of every import, at the top of a file or inside a function."""
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.add(node.module.partition(".")[0])
    return found - OURS - sys.stdlib_module_names


def missing(imported: set[str], asked: set[str]) -> dict[str, list[str]]:
    known = packages_distributions()
    return {
        module: known.get(module, [])
        for module in sorted(imported)
        if not {name(each) for each in known.get(module, [])} & asked
    }


# `airflow` the command, and the names it is imported by, come from several distributions.
AIRFLOW = {"apache-airflow-core", "apache-airflow-task-sdk"}


@pytest.mark.parametrize("package", sorted(OURS - {"tests", "nlp"}))
def test_a_package_imports_what_the_runtime_lock_asks_for(package: str) -> None:
    asked = asked_for("run", "demo", "scale") | AIRFLOW
    assert missing(imports((ROOT / package).rglob("*.py")), asked) == {}


def test_only_training_needs_more() -> None:
    asked = asked_for("run", "train")
    assert missing(imports((ROOT / "nlp").rglob("*.py")), asked) == {}


def test_tests_import_what_the_locks_ask_for() -> None:
    asked = asked_for("run", "demo", "train", "dev") | AIRFLOW
    imported = imports((ROOT / "tests").rglob("*.py")) - {"bench"}
    assert missing(imported, asked) == {}


@pytest.mark.parametrize(
    "lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda p: p.stem
)
def test_a_lock_pins_everything_and_names_no_place(lock: Path) -> None:
    lines = [line for line in lock.read_text().splitlines() if line and line[0] not in " #"]
    assert lines
    for line in lines:
        assert re.fullmatch(r"[a-z0-9._-]+(\[[a-z,-]+\])?==[0-9][A-Za-z0-9.]*", line), line
