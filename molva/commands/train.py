"""``molva train``: make the judge anew from labelled posts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from molva.output import emit, json_option

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command
@click.option("--data", type=FOLDER, required=True, help="Directory of labelled posts.")
@click.option("--base", required=True, help="Encoder to start from: directory or Hugging Face id.")
@click.option("--out", type=FOLDER, required=True, help="Where the model goes; over no other.")
@click.option(
    "--from",
    "start",
    type=FOLDER,
    multiple=True,
    help="Go on from the weights of a finished model, in float32 if its run had --keep-float32; "
    "given several times, from the mean of them.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=0),
    default=4,
    show_default=True,
    help="0 with --from: only take the mean, calibrate and measure.",
)
@click.option(
    "--steps",
    type=click.IntRange(min=1),
    help="End after so many steps of the plan: a rehearsal, or a short finish with --from.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="FILE",
    help="Learn from this training file (borders.jsonl, say) and no other; given several times, "
    "from these.",
)
@click.option("--rate", type=float, default=8e-5, show_default=True, help="Of the encoder.")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--resume", is_flag=True, help="Go on with the run that was cut in --out.")
@click.option("--keep-float32", is_flag=True, help="Also keep the weights before rounding.")
@click.option(
    "--dry-run", is_flag=True, help="Read and split the data, and say what would be done."
)
@json_option
def command(*, resume: bool, dry_run: bool, as_json: bool, **options: Any) -> None:
    """Fine-tune an encoder on labelled posts; export, calibrate, measure and describe the result.

    Needs torch (`make train-setup`). Progress goes to standard error; a checkpoint is written every
    two minutes. The same data, seed and machine give the same weights.

    \b
    Example:
      molva train --data data --base intfloat/multilingual-e5-small --out judge --resume
    """
    from nlp.train.run import Options, fine_tune
    from nlp.train.run import dry_run as rehearse

    wanted = Options(**options)
    if dry_run:
        emit(rehearse(wanted), as_json=as_json)
        return
    emit(fine_tune(wanted, _show, resume=resume), as_json=as_json)


def _show(facts: Mapping[str, Any]) -> None:
    click.echo("  ".join(f"{name} {value}" for name, value in facts.items()), err=True)
