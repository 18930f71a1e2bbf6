"""Delete what is older than `[retention]` of `watch.toml` allows.

The runtime key is enough. What a red run left undeleted goes the next day, or at once by
`molva retention`; `--dry-run` only counts.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG

from dags.command import EXIT_CODES, MolvaCommand

with DAG(
    "retention",
    schedule="17 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "molva", "retries": 2, "retry_delay": timedelta(minutes=10)},
    doc_md=f"{__doc__}\n{EXIT_CODES}",
    tags=["molva", "retention"],
):
    MolvaCommand(task_id="retention", arguments=["retention"], execution_timeout=timedelta(hours=1))
