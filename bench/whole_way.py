"""The whole way of many posts: counts that add up, speed and memory by stage, what dying costs.

    python -m bench.whole_way --posts reviews.jsonl --posts tweets.jsonl --brands watch.toml
    python -m bench.whole_way --store http://127.0.0.1:9200 --kill

Each post file is served as one of the three kinds of site, read by the real commands in processes
of their own, and posted to a local Slack. Then everything runs again: nothing may be new. With
``--kill`` a fresh namespace takes the same way once more, dying once at each failpoint, and must
end the same. The default posts and brands are the demo's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from threading import Timer
from typing import Any

import click

from mentions.failpoints import FAILPOINTS
from molva.demo import census
from molva.demo.crew import Crew
from molva.demo.local_http import ask
from molva.ports import HOST, free_ports

KINDS = ("discourse", "feed", "schema_org")
DEMO = Path(__file__).parents[1] / "molva" / "demo"
KILLED = -9
STAGE_SECONDS = 3_600  # a stage that takes longer hangs


@dataclass(frozen=True, slots=True)
class Done:
    """One command: how it ended and what it took."""

    command: str
    code: int
    seconds: float
    peak_mb: float
    counts: Mapping[str, Any]
    said: str

    def line(self) -> str:
        handled = max((v for v in self.counts.values() if isinstance(v, int)), default=0)
        speed = f"{handled / self.seconds:8.1f}/s" if handled else " " * 10
        told = json.dumps(dict(self.counts), ensure_ascii=False)
        return f"{self.command:<16} {self.seconds:7.1f} s {speed} {self.peak_mb:6.0f} MB  {told}"


@dataclass(frozen=True, slots=True)
class End:
    """Where everything came to rest; two runs that lost nothing have the same."""

    stored: int
    decided: dict[str, int]
    deliveries: dict[str, int]
    messages: int  # in Slack's channels
    alerts_shown: int  # different alerts among them


class Course:
    """The servers, and the environment in which the commands run."""

    def __init__(self, folder: Path, sources: list[str], store: str, slack_port: int) -> None:
        self.folder = folder
        self.sources = sources
        self.store = store
        self.slack_port = slack_port
        self.namespace = ""

    def fresh(self) -> None:
        """Another namespace and other channels: nothing of an earlier course is seen."""
        self.namespace = f"molva-test-{secrets.token_hex(4)}"
        text = (self.folder / "watch.template").read_text(encoding="utf-8")
        watch = text.replace("CHANNEL", self.namespace.removeprefix("molva-test-"))
        (self.folder / "watch.toml").write_text(watch, encoding="utf-8")

    def run(self, *arguments: str, failpoint: str = "") -> Done:
        argv = [sys.executable, "-m", "molva.cli", *arguments, "--json"]
        env = {**os.environ, **self._environment(), "MOLVA_FAILPOINT": failpoint}
        begun = time.monotonic()
        with (self.folder / "stderr").open("w+b") as errors:
            process = subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=errors)
            assert process.stdout is not None
            hung = Timer(STAGE_SECONDS, partial(os.kill, process.pid, signal.SIGKILL))
            hung.daemon = True
            hung.start()
            out = process.stdout.read()
            # Not `wait`: only this tells the memory of this process alone.
            _, status, usage = os.wait4(process.pid, 0)
            hung.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()
        seconds = time.monotonic() - begun
        name = " ".join(arguments[:2]) if arguments[0] == "crawl" else arguments[0]
        if seconds > STAGE_SECONDS:
            raise SystemExit(f"{name} had not ended after {STAGE_SECONDS} seconds: {said}")
        counts = json.loads(out.splitlines()[-1]) if out.strip() else {}
        return Done(
            name, process.returncode, seconds, usage.ru_maxrss / 1024, counts, said[-2_000:]
        )

    def _environment(self) -> dict[str, str]:
        return {
            "MOLVA_WATCH": str(self.folder / "watch.toml"),
            "MOLVA_NAMESPACE": self.namespace,
            "MOLVA_ELASTICSEARCH_URL": self.store,
            "MOLVA_SLACK_API_URL": f"http://{HOST}:{self.slack_port}/api/",
            "MOLVA_SLACK_TOKEN": "xoxb-bench",
            "MOLVA_SECRET": "a secret of the benchmark",
            "MOLVA_RESPOND_LEASE": "3s",
            "MOLVA_RESPOND_GRACE": "3s",
        }

    def stages(self) -> list[tuple[str, ...]]:
        crawls = [("crawl", source) for source in self.sources]
        return [*crawls, ("score",), ("decide",), ("respond", "--drain")]

    def end(self) -> End:
        port = int(self.store.rpartition(":")[2].strip("/"))
        counted = census.take(partial(ask, port), self.namespace)
        suffix = self.namespace.removeprefix("molva-test-")
        shown = [
            message
            for channel in ask(self.slack_port, "/api/dump")["channels"]
            for message in channel["messages"]
            if channel["name"].endswith(suffix)
        ]
        ids = {message["metadata"]["event_payload"]["alert_id"] for message in shown}
        return End(
            stored=counted.stored,
            decided=dict(sorted(counted.decided.items())),
            deliveries=dict(sorted(counted.deliveries.items())),
            messages=len(shown),
            alerts_shown=len(ids),
        )


def must_end_well(done: Done) -> None:
    if done.code not in {0, 3}:
        raise SystemExit(f"{done.command} ended with {done.code}: {done.said}")


def whole_way(course: Course) -> End:
    """Every stage once, with a line for each; a stage that fails ends the benchmark."""
    for stage in course.stages():
        done = course.run(*stage)
        click.echo(done.line())
        must_end_well(done)
    end = course.end()
    click.echo(f"end state        {json.dumps(asdict(end))}")
    return end


def first_and_again(course: Course) -> End:
    course.fresh()
    must_end_well(course.run("init"))
    click.echo("\nfirst")
    first = whole_way(course)
    click.echo("\nagain: nothing may be new, no alert sent twice")
    again = whole_way(course)
    if again != first:
        raise SystemExit(f"the second run changed the end state: {first} then {again}")
    return first


def killed_everywhere(course: Course, expected: End) -> None:
    """Die once at each failpoint of each stage, run on, and compare."""
    course.fresh()
    must_end_well(course.run("init"))
    click.echo("\nkilled at each failpoint, then run again")
    left = set(FAILPOINTS)
    for stage in course.stages():
        for name in FAILPOINTS:
            if name.startswith(f"{stage[0]}-"):
                done = course.run(*stage, failpoint=name)
                died = done.code == KILLED
                click.echo(f"{' '.join(stage):<16} {name:<24} {'died' if died else 'not reached'}")
                if died:
                    left.discard(name)
                else:
                    must_end_well(done)
        done = course.run(*stage)
        click.echo(done.line())
        must_end_well(done)
    end = course.end()
    click.echo(f"end state        {json.dumps(asdict(end))}")
    if end != expected:
        raise SystemExit(f"dying changed the end state: expected {expected}")
    if left:
        raise SystemExit(f"no stage reached {', '.join(sorted(left))}")
    click.echo("the same end state as without dying")


@contextmanager
def course_of(options: argparse.Namespace, folder: Path) -> Iterator[Course]:
    records, logs = folder / "processes", folder / "logs"
    records.mkdir()
    logs.mkdir()
    crew = Crew(records, logs)
    slack, store, *sites = free_ports(2 + len(options.posts))
    try:
        if options.store is None:
            data = ["--data", str(folder / "store"), "--port", str(store)]
            _start(crew, "store", ["store", "run", *data], folder)
        _start(crew, "slack", ["dev", "slack", "--port", str(slack)], folder)
        sources = []
        for at, (posts, port) in enumerate(zip(options.posts, sites, strict=True)):
            kind = KINDS[at % len(KINDS)]
            dates = ["--rebase-dates", "now-2h", "--span", "20h", "--fill-dates", "1s"]
            site = ["dev", "site", "--posts", str(posts), "--as", kind, "--port", str(port), *dates]
            _start(crew, f"site-{at}", site, folder)
            sources.append((f"{kind.replace('_', '-')}-{at}", kind, port))
        _write_watch(folder, options.brands, sources)
        for port in [slack, *sites, *([store] if options.store is None else [])]:
            _wait(port, crew)
        url = options.store or f"http://{HOST}:{store}"
        yield Course(folder, [name for name, _, _ in sources], url, slack)
    finally:
        crew.stop()


def _start(crew: Crew, name: str, arguments: list[str], folder: Path) -> None:
    argv = [sys.executable, "-m", "molva.cli", *arguments]
    crew.start(name, argv, env=dict(os.environ), cwd=folder)


def _wait(port: int, crew: Crew) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        crew.check()
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"nothing answers on port {port}")


def _write_watch(folder: Path, brands: Path, sources: list[tuple[str, str, int]]) -> None:
    """The brands as given, each with a channel of this course's own, and the local sites."""
    text = brands.read_text(encoding="utf-8").partition("\n[sources.")[0]
    tables = [re.sub(r'channel = "#([^"]+)"', r'channel = "#\1-CHANNEL"', text)]
    for name, kind, port in sources:
        path = "/feed.xml" if kind == "feed" else "/reviews/" if kind == "schema_org" else ""
        tables.append(
            f'[sources.{name}]\nspider = "{kind}"\nschedule = "@hourly"\nallow_private = true\n'
            f'params = {{ url = "http://{HOST}:{port}{path}", delay = 0, max_pages = 10000 }}\n'
        )
    (folder / "watch.template").write_text("\n".join(tables), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--posts", type=Path, action="append", help="post files, one site each")
    parser.add_argument("--brands", type=Path, help="a watch.toml; its sources are left out")
    parser.add_argument("--store", help="an Elasticsearch on loopback; default: the embedded store")
    parser.add_argument("--kill", action="store_true", help="also die at each failpoint")
    options = parser.parse_args()
    options.posts = options.posts or sorted((DEMO / "posts").glob("*.jsonl"))
    options.brands = options.brands or DEMO / "watch.toml"
    with tempfile.TemporaryDirectory(prefix="molva-bench-") as name:
        folder = Path(name)
        with course_of(options, folder) as course:
            click.echo(
                f"store: {options.store or 'embedded'}; posts: {', '.join(map(str, options.posts))}"
            )
            end = first_and_again(course)
            if options.kill:
                killed_everywhere(course, end)


if __name__ == "__main__":
    main()
