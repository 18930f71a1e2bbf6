"""``molva dev site`` as a person starts and stops it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest


@pytest.fixture
def posts(tmp_path: Path) -> Path:
    file = tmp_path / "posts.jsonl"
    lines = [{"id": str(n), "text": f"запись {n}", "published_at": n} for n in range(3)]
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return file


@contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "molva.cli", "dev", "site", *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_ends_when_told(posts: Path, number: signal.Signals) -> None:
    with running("--posts", str(posts), "--as", "discourse", "--json") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        answer = httpx.get(f"{told['url']}/posts.json")
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(10) == 0
        assert time.monotonic() - began < 3
    assert (told["as"], told["posts"], told["skipped"]) == ("discourse", 3, 0)
    assert len(answer.json()["latest_posts"]) == 3


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--posts", "none.jsonl", "--as", "feed"], "cannot read the post file none.jsonl"),
        (["--posts", "{}", "--as", "feed", "--rebase-dates", "soon"], "write now, now-2h"),
        (["--posts", "{}", "--as", "feed", "--faults", "none.toml"], "cannot read the faults file"),
    ],
)
def test_a_wrong_setting_is_one_line_and_exit_2(
    posts: Path, words: list[str], complaint: str
) -> None:
    with running(*[word.format(posts) for word in words]) as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 2
    assert complaint in said
    assert len(said.strip().splitlines()) == 1
