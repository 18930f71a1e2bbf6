"""``python -m molva.demo``: what ``make demo``, ``make live`` and ``make down`` run."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from types import FrameType

import click

from mentions.errors import MolvaError, PermanentError
from molva.demo.crew import sweep
from molva.demo.place import Place
from molva.demo.run import running
from molva.demo.scene import Ports
from molva.demo.tell import complaints, pages, result

PLACE = Path(".demo")


@click.command()
@click.option("--keep", is_flag=True, help="Leave everything running until Ctrl-C.")
@click.option("--down", is_flag=True, help="Only end what an earlier demo left running.")
def main(*, keep: bool, down: bool) -> None:
    """Show the whole way of a post on this machine, with no account anywhere."""
    place = Place(PLACE.resolve())
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        if down:
            for name in sweep(place.processes):
                click.echo(f"ended {name}")
        else:
            _show(place, keep=keep)
    except MolvaError as error:
        click.echo(f"the demo failed: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
        sys.exit(0 if keep else 130)


def _show(place: Place, *, keep: bool) -> None:
    began = time.monotonic()

    def say(line: str) -> None:
        click.echo(f"[{time.monotonic() - began:3.0f} s] {line}")

    ports = Ports.free()
    with running(place, ports, say, live=keep) as show:
        view = show.wait_until_settled(idle=not keep)
        summary = show.save(view)
        lines = ["", *result(summary, view), "", *pages(place, ports, live=keep)]
        click.echo("\n".join(lines))
        if keep:
            # No complaints here: posts are edited meanwhile, and an alert may outlive its reason.
            show.stay()
        if wrong := complaints(summary, view):
            raise PermanentError("; ".join(wrong))
        say("ending all processes")
    click.echo(f"done in {time.monotonic() - began:.0f} s; nothing is left running")


def _interrupt(_signum: int, _frame: FrameType | None) -> None:
    """Let a signal end the demo the way Ctrl-C does: through every ``finally``."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
