"""``molva check``: is the configuration right, as far as one can tell without asking anybody."""

from __future__ import annotations

import click

from mentions.errors import ConfigError
from molva.output import emit, json_option


@click.command
@json_option
def command(*, as_json: bool) -> None:
    """Report every error in watch.toml and the environment at once, each with line and cure.

    Nothing is contacted: `molva doctor` does that. Exits 2 if there is an error.

    \b
    Example:
      MOLVA_WATCH=watch.toml molva check
    """
    from molva.configuration import problems

    found = problems()
    emit({"problems": len(found)}, as_json=as_json)
    if found:
        raise ConfigError("\n".join(str(problem) for problem in found))
