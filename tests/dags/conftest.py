"""A home of Airflow's own for these tests: it reads its settings once, when it is imported."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

DAGS = Path(__file__).parents[2] / "dags"
HOME = Path(tempfile.mkdtemp(prefix="molva-test-airflow-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

os.environ["AIRFLOW_HOME"] = str(HOME)
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(DAGS)

WATCH = """
[brands.daisy]
name = "Ромашка"
channel = "#daisy"

[sources.news]
spider = "feed"
schedule = "*/15 * * * *"
params = { url = "https://news.example.org/feed.xml" }

[sources.big-forum_2]
spider = "discourse"
schedule = "0 * * * *"
params = { url = "https://forum.example.org" }
"""


@pytest.fixture(autouse=True)
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A deployment's choices, in the place the DAG files read."""
    path = tmp_path / "watch.toml"
    path.write_text(WATCH, encoding="utf-8")
    monkeypatch.setenv("MOLVA_WATCH", str(path))
    return path
