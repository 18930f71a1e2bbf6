"""How commands answer: one fact a line for people, one JSON object for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import click

json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print counts by outcome as one JSON object."
)


def emit(counts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what a command has done, on standard output."""
    if as_json:
        click.echo(json.dumps(counts, ensure_ascii=False, default=str))
        return
    width = max((len(name) for name in counts), default=0)
    for name, value in counts.items():
        click.echo(f"{name:<{width}}  {_line(value)}")


def _line(value: Any) -> str:
    if isinstance(value, Mapping):
        return "  ".join(f"{name} {part}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(str(part) for part in value) or "-"
    return str(value)


def tell(what: str) -> Callable[[int, int], None]:
    """Progress for whoever waits, on standard error."""

    def told(done: int, of: int) -> None:
        click.echo(f"{what}: {done} of {of}", err=True)

    return told
