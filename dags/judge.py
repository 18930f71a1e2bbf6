"""Judge what was crawled: score it with the model, then decide who must see it.

Runs when a crawl has ended and by the clock every five minutes, for what a red crawl had stored
before it died. Each task takes everything that is still missing, so a run that failed needs no
repair: the next one does its work. `molva respond`, which posts to Slack, is a service of its own.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow.sdk import DAG, Asset, AssetOrTimeSchedule, CronTriggerTimetable

from dags.command import EXIT_CODES, MolvaCommand

# Before crawls and their health where slots are few: what is known already must not wait for more.
FIRST = 10

with DAG(
    "judge",
    schedule=AssetOrTimeSchedule(
        timetable=CronTriggerTimetable("*/5 * * * *", timezone="UTC"),
        assets=[Asset("molva-mentions")],
    ),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"owner": "molva", "retries": 0, "priority_weight": FIRST},
    doc_md=f"{__doc__}\n{EXIT_CODES}",
    tags=["molva", "judge"],
):
    score = MolvaCommand(task_id="score", arguments=["score"], execution_timeout=timedelta(hours=2))
    decide = MolvaCommand(
        task_id="decide", arguments=["decide"], execution_timeout=timedelta(minutes=30)
    )
    score >> decide
