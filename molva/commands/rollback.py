"""``molva rollback``: the model before the last change comes back."""

from __future__ import annotations

from pathlib import Path

import click

from molva.output import emit, json_option

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command
@click.option("--into", type=FOLDER, help="The current model's directory; default: the shipped.")
@click.option("--dry-run", is_flag=True, help="Say which model would come back; change nothing.")
@json_option
def command(*, into: Path | None, dry_run: bool, as_json: bool) -> None:
    """Exchange the current model and the one that `molva promote` has kept, at once.

    A second time exchanges them again. A scoring run that is at work goes on with the model that it
    has loaded.

    \b
    Example:
      molva rollback
    """
    from nlp.judge import SHIPPED
    from nlp.onnx_judge import OnnxJudge
    from nlp.promotion import identity, previous_of, roll_back

    current = into or SHIPPED
    previous = previous_of(current)
    expected = identity(previous)
    back = OnnxJudge.load(previous).model
    if not dry_run:
        roll_back(current, expected=expected)
    emit({"model": back, "dry_run": dry_run, "into": str(current)}, as_json=as_json)
