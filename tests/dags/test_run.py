"""One run of a crawl's DAG by Airflow itself, with a stand-in for the command."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dags.conftest import DAGS

RUN = """
from airflow.dag_processing.dagbag import DagBag
from airflow.utils.db import initdb
initdb()
bag = DagBag(dag_folder={folder!r}, bundle_name="dags-folder")
from airflow.dag_processing.bundles.manager import DagBundlesManager
DagBundlesManager().sync_bundles_to_db()
for dag_id in ("crawl_news", "crawl_big-forum_2"):
    print("state of", dag_id, bag.dags[dag_id].test().state.value)
"""
STUB = """
echo "$*" >> "$(dirname "$0")/calls"
[ "$1" = crawl ] && [ "$2" = big-forum_2 ] && exit 4
exit 0
"""


@pytest.mark.slow
def test_a_run_is_green_or_as_red_as_its_crawl(tmp_path: Path) -> None:
    (tmp_path / "stub").write_text(STUB)
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "MOLVA_COMMAND": f"sh {tmp_path}/stub",
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(folder=str(DAGS))],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert "state of crawl_news success" in done.stdout, done.stdout + done.stderr
    assert "state of crawl_big-forum_2 failed" in done.stdout
    calls = [line.split() for line in (tmp_path / "calls").read_text().splitlines()]
    assert [call[:3] for call in calls] == [
        ["crawl", "news"],
        ["health", "news", "--since"],
        ["crawl", "big-forum_2"],
    ]
    since = calls[1][3]
    assert since.endswith("+00:00"), "health must hear when this run began, with its offset"
