"""`molva dev slack`: a local Slack to post to and to look at."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from mentions.errors import ConfigError
from molva.dev.slack.fault_file import load_faults
from molva.dev.slack.methods import METHOD_NAMES
from molva.dev.slack.pace import TIERS, Pace
from molva.dev.slack.server import SlackServer
from molva.output import emit


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8974,
    show_default=True,
    help="Where to listen on 127.0.0.1; 0 takes a free port.",
)
@click.option(
    "--faults", type=click.Path(path_type=Path), help="JSON or TOML file of faults to play."
)
@click.option("--data", type=click.Path(path_type=Path), help="File that keeps the messages.")
@click.option(
    "--channels",
    default="auto",
    show_default=True,
    help="auto creates a channel at its first message; or the only ones there are: #a,#b.",
)
@click.option(
    "--pace",
    type=click.FloatRange(min=0),
    default=1.0,
    show_default=True,
    help="Messages a second to one channel, 429 above it; 0 takes all.",
)
@click.option(
    "--burst",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many messages may come at once after a rest.",
)
@click.option(
    "--tier",
    "tiers",
    multiple=True,
    metavar="METHOD=N",
    help="Calls a minute of one method; 0 takes all. May be given more than once.",
)
@click.option(
    "--history-page",
    type=click.IntRange(1, 999),
    default=999,
    show_default=True,
    help="The most messages one history call returns.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as JSON.")
def command(  # noqa: PLR0913 - click hands over one argument per option
    *,
    port: int,
    faults: Path | None,
    data: Path | None,
    channels: str,
    pace: float,
    burst: int,
    tiers: tuple[str, ...],
    history_page: int,
    as_json: bool,
) -> None:
    """Serve a local Slack: the Web API that Molva uses, and a page that shows the channels.

    It behaves like the real one where that matters: tokens, errors, Block Kit limits, pace,
    pages, metadata. Open the address in a browser. It ends with Ctrl-C.

    \b
    Example:
      molva dev slack --port 8974 --data .demo/slack.jsonl
      MOLVA_SLACK_API_URL=http://127.0.0.1:8974/api/ MOLVA_SLACK_TOKEN=xoxb-local molva respond
    """
    server = SlackServer(
        port=port,
        faults=load_faults(faults) if faults else (),
        pace=Pace(pace, burst, _tiers(tiers), history_page),
        channels=_channels(channels),
        data=data,
    )
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with server:
        emit({"url": f"{server.url}/", "api_url": server.api_url}, as_json=as_json)
        ended.wait()


def _channels(value: str) -> list[str] | None:
    if value == "auto":
        return None
    return [name.strip() for name in value.split(",") if name.strip()]


def _tiers(values: tuple[str, ...]) -> dict[str, int]:
    tiers = dict(TIERS)
    for value in values:
        method, _, number = value.partition("=")
        if method not in METHOD_NAMES or not number.isascii() or not number.isdigit():
            known = ", ".join(METHOD_NAMES)
            raise ConfigError(f"--tier {value}: give METHOD=N with one of {known}")
        if int(number):
            tiers[method] = int(number)
        else:
            tiers.pop(method, None)
    return tiers
