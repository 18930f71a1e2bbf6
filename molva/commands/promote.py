"""``molva promote``: a new model takes the place of the current one, unless it is worse."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mentions.errors import UnhealthyError
from molva.output import emit, json_option, tell

if TYPE_CHECKING:
    from nlp.gate import Comparison
    from nlp.onnx_judge import OnnxJudge

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command
@click.argument("candidate", type=FOLDER)
@click.option("--data", type=FOLDER, required=True, help="Directory of labelled posts.")
@click.option("--into", type=FOLDER, help="The current model's directory; default: the shipped.")
@click.option("--dry-run", is_flag=True, help="Compare, and change nothing.")
@click.option(
    "--allow-unmeasured", is_flag=True, help="Promote though --data lacks sets of named measures."
)
@json_option
def command(
    *,
    candidate: Path,
    data: Path,
    into: Path | None,
    dry_run: bool,
    allow_unmeasured: bool,
    as_json: bool,
) -> None:
    """Put the model in CANDIDATE in place of the current one, unless it is worse.

    Both judge the held-back rows of --data and the challenge set. If the candidate is worse on any
    named measure beyond noise, or --data cannot tell, nothing changes and the command ends with 3.
    Otherwise the two directories are exchanged at once; the model before is kept, and `molva
    rollback` brings it back. Where there is no current model yet, nothing is compared.

    \b
    Example:
      molva promote judge --data data
    """
    from nlp.judge import SHIPPED
    from nlp.onnx_judge import OnnxJudge
    from nlp.promotion import identity, promote, standing

    current = into or SHIPPED
    expected, against = identity(candidate), standing(current)
    judge = OnnxJudge.load(candidate)  # compared or not: what cannot be loaded is no model
    compared = _compare(judge, current, data) if against not in (None, expected) else None
    refused = compared.refusal(allow_unmeasured=allow_unmeasured) if compared else None
    facts = {"promoted": False, "dry_run": dry_run, "into": str(current)}
    try:
        if not refused and not dry_run:
            facts["promoted"] = promote(candidate, current, expected=expected, against=against)
    finally:  # what took minutes to measure is told even if nothing can be written
        _show(facts, compared, as_json=as_json)
    if refused:
        raise UnhealthyError(f"not promoted: {refused}")


def _compare(candidate: OnnxJudge, current: Path, data: Path) -> Comparison:
    from nlp.evaluate import held_back
    from nlp.gate import Comparison, Trial
    from nlp.onnx_judge import OnnxJudge

    judges = (OnnxJudge.load(current), candidate)
    rows = held_back(data)
    trials = [Trial.of(judge, rows, tell(judge.model)) for judge in judges]
    return Comparison.of(*trials)


def _show(facts: dict[str, Any], compared: Comparison | None, *, as_json: bool) -> None:
    if compared is None:
        emit(facts, as_json=as_json)
        return
    facts |= {"current": compared.current, "candidate": compared.candidate}
    facts |= {"unmeasured": compared.unmeasured}
    if as_json:
        emit({**facts, "measures": [asdict(v) for v in compared.verdicts]}, as_json=True)
        return
    click.echo(compared)
    emit(facts, as_json=False)
