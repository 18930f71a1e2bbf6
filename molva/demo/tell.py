"""What the demo says at its end: the numbers, the sources, and the pages to open."""

from __future__ import annotations

from pathlib import Path

from molva.demo.census import SourceRun
from molva.demo.place import Place
from molva.demo.run import View
from molva.demo.scene import Ports
from molva.demo.sites import IN_TROUBLE, SITES
from molva.demo.summary import Summary
from molva.ports import HOST

LONGEST = 100
TROUBLED = frozenset(site.name for site in IN_TROUBLE)


def result(summary: Summary, view: View) -> list[str]:
    """The table of counts, and how each source fared."""
    red = view.red({run.source for run in view.counted.latest})
    return [
        *summary.lines(),
        "",
        "sources, as their DAGs in Airflow show them",
        *(_source(run, is_red=run.source in red) for run in view.counted.latest),
    ]


def _source(run: SourceRun, *, is_red: bool) -> str:
    colour = "red" if is_red else "green"
    why = "; ".join(run.complaints)
    why = why if len(why) <= LONGEST else f"{why[: LONGEST - 1]}…"
    meant = "on purpose: " if is_red and run.source in TROUBLED else ""
    return f"  {run.source:<13}{colour:<7}{meant}{why}".rstrip()


def complaints(summary: Summary, view: View) -> list[str]:
    """Why the demo has failed: sums that are wrong, lights of the wrong colour."""
    found = summary.complaints()
    if (created := view.counted.crawled.get("created", 0)) != summary.stored:
        found.append(f"the crawls created {created} mentions, and {summary.stored} are stored")
    red = view.red({site.name for site in SITES})
    found += [f"{name} is red" for name in sorted(red - TROUBLED)]
    found += [f"{name} is in trouble, and its DAG is green" for name in sorted(TROUBLED - red)]
    return found


def pages(place: Place, ports: Ports, *, live: bool) -> list[str]:
    """Where to look: files that stay, and while the demo lives also its servers."""
    rows = [
        ("the channel, as a responder sees it", _short(place.slack_page)),
        ("the numbers", _short(place.summary)),
        ("what each process said", f"{_short(place.logs)}/"),
    ]
    if live:
        rows = [
            ("the channel, live", f"http://{HOST}:{ports.slack}/"),
            ("Airflow", f"http://{HOST}:{ports.airflow}/"),
            ("the store", f"http://{HOST}:{ports.store}/_cat/indices?v"),
            ("commands", f"set -a; . {_short(place.environment)}; .venv/bin/molva why URL"),
            *rows,
        ]
    width = max(len(what) for what, _ in rows)
    lines = [f"  {what:<{width}}  {where}" for what, where in rows]
    return ["open", *lines, *(["", "Ctrl-C ends everything."] if live else [])]


def _short(path: Path) -> str:
    """Relative to where the person stands, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
