"""Read one source of `watch.toml` and store what is new.

* `crawl` fetches what came since the last bookmark. It is green once all it fetched is stored
  or set aside with a reason. Safe to clear and run again: a bookmark moves only when the source
  has been read down to the old one, and writing a post twice changes nothing.
* `health` asks whether the crawl of this run found what a well source shows: posts that can be
  read, none of them too long ago. It does not run after a red `crawl`; the run is red then too.

Neither is retried: the schedule is the retry, and a site that struggles is left alone until then.
To clear `health`, clear `crawl` with it: it wants a crawl that is no older than the run.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset

from dags.command import EXIT_CODES, MolvaCommand
from mentions.settings import load_settings

MENTIONS = Asset("molva-mentions")

# A broken watch.toml raises here: Airflow shows why, and starts no crawl until it is mended.
for name, source in sorted(load_settings().sources.items()):
    with DAG(
        f"crawl_{name}",
        schedule=source.schedule,
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        default_args={"owner": "molva", "retries": 0},
        doc_md=f"{__doc__}\n{EXIT_CODES}",
        tags=["molva", "crawl", source.spider],
    ):
        crawl = MolvaCommand(
            task_id="crawl",
            arguments=["crawl", name],
            outlets=[MENTIONS],
            execution_timeout=timedelta(hours=2),
        )
        health = MolvaCommand(
            task_id="health",
            arguments=["health", name, "--since", "{{ dag_run.start_date.isoformat() }}"],
            execution_timeout=timedelta(minutes=5),
        )
        crawl >> health
