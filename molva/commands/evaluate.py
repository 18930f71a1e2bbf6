"""``molva evaluate``: how good the judge is on rows that it was not trained on."""

from __future__ import annotations

from pathlib import Path

import click

from molva.output import emit, json_option

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command
@click.option("--data", type=FOLDER, required=True, help="Directory of labelled posts.")
@click.option("--model", help="Directory, or Hugging Face id@commit; default: the shipped one.")
@json_option
def command(*, data: Path, model: str | None, as_json: bool) -> None:
    """Measure a judge on the held-back rows, for each set and language.

    \b
    Example:
      molva evaluate --data data --model judge
    """
    from nlp.evaluate import as_markdown, evaluate, held_back
    from nlp.load import load_judge

    judge = load_judge(model)
    measured = evaluate(judge, held_back(data))
    if as_json:
        emit({"model": judge.model, "measured": measured}, as_json=True)
    else:
        click.echo(f"{judge.model}\n\n{as_markdown(measured)}")
