"""What a person types first: the targets are there, and what is missing is named with its cure."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TARGETS = {"setup", "demo", "live", "test", "check", "down", "clean", "lock", "train-setup"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a fresh clone as set-up reads."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def python_that(checkout: Path, script: str) -> Path:
    """A stand-in for a Python in some state."""
    python = checkout / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", "--silent", *arguments],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_make_alone_lists_the_targets(checkout: Path) -> None:
    listed = {line.split()[1] for line in make(checkout).stdout.splitlines()}
    assert listed >= TARGETS


def test_a_machine_without_the_right_python_is_told_how_to_get_it(checkout: Path) -> None:
    old = python_that(checkout, "exit 1")  # how a Python that is too old answers
    done = make(checkout, "demo", f"PYTHON={old}")
    assert done.returncode
    assert "needs Python 3.11, and found none" in done.stderr
    assert "apt-get install python3.11" in done.stderr
    assert "make demo PYTHON=" in done.stderr


def test_a_python_without_venv_is_told_which_package_has_it(checkout: Path) -> None:
    bare = python_that(checkout, 'case "$*" in *ensurepip*) exit 1;; esac')
    done = make(checkout, "setup", f"PYTHON={bare}")
    assert done.returncode
    assert "has no venv module" in done.stderr
    assert "python3.11-venv" in done.stderr


def test_packages_that_cannot_be_had_are_told_with_the_end_of_pips_words(checkout: Path) -> None:
    pip = """
mkdir -p .venv/bin
cat > .venv/bin/python <<'END'
#!/bin/sh
case "$*" in
*--version*) exit 0;;
*install*) echo "ERROR: no matching distribution"; exit 1;;
esac
END
chmod +x .venv/bin/python
"""
    broken = python_that(checkout, f'case "$*" in *"-m venv"*) {pip};; esac')
    done = make(checkout, "setup", f"PYTHON={broken}")
    assert done.returncode
    assert "pip could not install the packages" in done.stderr
    assert "ERROR: no matching distribution" in done.stderr
    assert "cure: this needs to reach PyPI" in done.stderr
    assert not list((checkout / ".venv").glob("installed-*")), "the next make must try again"


def test_making_nothing_twice_touches_nothing(checkout: Path) -> None:
    count = 'echo "$*" >> "$(dirname "$0")/../../calls"'
    script = f"mkdir -p .venv/bin; printf '#!/bin/sh\\n{count}\\n' > .venv/bin/python"
    working = python_that(
        checkout, f'case "$*" in *"-m venv"*) {script}; chmod +x .venv/bin/python;; esac'
    )
    assert make(checkout, "setup", f"PYTHON={working}").returncode == 0
    calls = (checkout / "calls").read_text()
    assert "-r requirements/run.txt -r requirements/demo.txt" in calls
    assert make(checkout, "setup", f"PYTHON={working}").returncode == 0
    again = (checkout / "calls").read_text().removeprefix(calls)
    assert "install" not in again
