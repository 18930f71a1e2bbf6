"""`molva store run`: the embedded store in the foreground."""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click

from molva.embedded import embedded_store
from molva.output import emit, json_option


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".molva/store"),
    show_default=True,
    help="Directory that keeps the documents.",
)
@click.option("--port", type=click.IntRange(1, 65535), default=9200, show_default=True)
@json_option
def command(data: Path, port: int, *, as_json: bool) -> None:
    """Run an Elasticsearch-compatible store on this machine until Ctrl-C.

    For trying things out and for tests; production wants a real Elasticsearch.

    \b
    Example:
      molva store run --data .molva/store --port 9200
      MOLVA_ELASTICSEARCH_URL=http://127.0.0.1:9200 molva init
    """
    # SIGINT too: a shell that starts us in the background has it ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    try:
        with embedded_store(data, port=port) as store:
            emit({"url": store.url}, as_json=as_json)
            store.wait()
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    """End the command through every ``finally``."""
    raise KeyboardInterrupt
