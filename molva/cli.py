"""The ``molva`` command: each file in ``molva/commands`` is one, loaded when it is called.

``crawl.py`` is ``molva crawl``, ``dev_site.py`` is ``molva dev site``. Every failure that is
foreseen becomes one line on standard error and an exit code: 0 done, 1 a bug or a refusal that will
not pass, 2 configuration, 3 unhealthy, 4 blocked, 75 try again later.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import click
import structlog

from mentions.errors import MolvaError
from mentions.log import configure

FOLDER = Path(__file__).parent / "commands"
GROUPS = {
    "dev": "Local stand-ins for sites and Slack, for development and demos.",
    "store": "The embedded store, for trying Molva without an Elasticsearch.",
}


class Commands(click.Group):
    """The command files whose names begin with a prefix."""

    def __init__(self, name: str, *, sentence: str, prefix: str = "") -> None:
        super().__init__(name, no_args_is_help=True, help=sentence)
        self._prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = {path.stem for path in FOLDER.glob("[a-z]*.py")}
        if self._prefix:
            return sorted(n.removeprefix(self._prefix) for n in names if n.startswith(self._prefix))
        return sorted({name.partition("_")[0] for name in names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        if not self._prefix and cmd_name in GROUPS:
            return Commands(cmd_name, sentence=GROUPS[cmd_name], prefix=f"{cmd_name}_")
        module = import_module(f"molva.commands.{self._prefix}{cmd_name}")
        command: click.Command = module.command
        return command


molva = Commands("molva", sentence="Hears what people say about a brand, and hands it to a person.")


def main() -> None:
    """Run one command and end the process with its exit code."""
    configure()
    try:
        # `standalone_mode` off: click would otherwise turn every abort into exit code 1.
        code = molva.main(prog_name="molva", standalone_mode=False)
    except MolvaError as error:
        click.echo(f"molva: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception:  # noqa: BLE001 - the edge: whatever is not foreseen is a bug, and says so
        structlog.get_logger().exception("unforeseen failure, please report it")
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
