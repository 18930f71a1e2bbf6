"""``molva evaluate``: how good the judge is on rows that it was not trained on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from molva.output import emit, json_option, tell

if TYPE_CHECKING:
    from nlp.report import Report

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command
@click.option("--data", type=FOLDER, help="Directory of labelled posts; without: challenge set.")
@click.option("--model", help="Directory, or Hugging Face id@commit; default: the shipped one.")
@click.option("--out", type=FOLDER, help="Also write report.md, report.json and the plot there.")
@click.option(
    "--wrong", type=click.IntRange(min=1), help="Also write that many wrong posts' ids to --out."
)
@json_option
def command(
    *, data: Path | None, model: str | None, out: Path | None, wrong: int | None, as_json: bool
) -> None:
    """Measure a judge on the held-back rows and on the challenge set.

    Each figure has a 95 % interval. There are tables by set, language and trade, and of pass rates
    by phenomenon; --out adds confusion matrices, the reliability plot (needs `make train-setup`)
    and, for a model directory, its card. Texts of posts are never written.

    \b
    Example:
      molva evaluate
      molva evaluate --data data --model judge --out report --wrong 50
    """
    from nlp.challenge import challenge
    from nlp.evaluate import evaluate, held_back
    from nlp.load import load_judge
    from nlp.reliability import check_plotting
    from nlp.report import Report, make_folder

    if wrong and out is None:
        raise click.UsageError("--wrong needs --out: where the wrong posts go")
    if data and out:
        check_plotting()
    if out:
        make_folder(out)
    judge = load_judge(model)
    held = evaluate(judge, held_back(data), tell("held-back rows")) if data else None
    report = Report(judge.model, challenge(judge, tell("challenge posts")), held)
    if as_json:
        emit(report.as_json(), as_json=True)
    else:
        click.echo(report.tables())
    if out:
        _write(report, out, model, wrong)


def _write(report: Report, out: Path, model: str | None, wrong: int | None) -> None:
    from nlp.judge import SHIPPED

    report.write(out)
    directory = Path(model) if model else SHIPPED
    if directory.is_dir():
        report.write_card(out, directory)
    if wrong:
        report.write_wrong(out, wrong)
