"""All that an evaluation found, as files: for a person, for a program, and for error analysis."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mentions.errors import ConfigError
from mentions.whole_file import whole_file
from nlp.challenge import CHALLENGE, Passed
from nlp.evaluate import Evaluation, Row, truth
from nlp.figures import as_markdown
from nlp.judge import Judgement
from nlp.labels import FIELDS
from nlp.onnx_judge import CONFIG
from nlp.reliability import plot
from nlp.train.card import CARD, card

PLOT, PAGE, NUMBERS, WRONG = "reliability.png", "report.md", "report.json", "wrong.jsonl"
PLACES = 4  # of a probability
NOTE = """\
In brackets the 95 % interval: a thousand draws of the same rows, by groups that share a brand, a
contrast set or a text, laid around what was measured. Fewer than five groups have none. A label
counts where it occurs in the truth; an empty cell has nothing to measure. F1 is macro over labels,
kappa quadratic, of urgency; P and R are of `high` and `critical` together; ECE is the expected
calibration error; poles F1 counts negative and positive only."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one judge made of the held-back rows, if there were any, and of the challenge set."""

    model: str
    challenge: Passed
    held: Evaluation | None = None

    def as_json(self) -> dict[str, Any]:
        held = self.held
        measured = (
            {"measured": held.sets, "trades": held.trades, "confusions": held.confusions}
            if held
            else {}
        )
        return {"model": self.model, **measured, "challenge": self.challenge.table}

    def tables(self) -> str:
        """What a terminal shows."""
        parts = [self.model]
        if self.held:
            parts += [as_markdown(self.held.sets), as_markdown(self.held.trades, "trade")]
        return "\n\n".join([*parts, as_markdown(self.challenge.table, CHALLENGE)])

    def page(self) -> str:
        parts = [f"# {self.model}", NOTE]
        if self.held:
            parts += ["## Sets", as_markdown(self.held.sets)]
            parts += ["## Trades", as_markdown(self.held.trades, "trade")]
        parts += ["## Challenge set", as_markdown(self.challenge.table, CHALLENGE)]
        if self.held:
            parts += ["## How sure, how right", f"![reliability]({PLOT})"]
            parts += ["## Confusions", "Rows are true, columns are judged."]
            parts += list(_confusions(self.held.confusions))
        return "\n\n".join(parts) + "\n"

    def write(self, out: Path) -> None:
        """Into ``out``, which is made if it is not there."""
        make_folder(out)
        _write(out / PAGE, self.page())
        _write(out / NUMBERS, json.dumps(self.as_json(), ensure_ascii=False, indent=2) + "\n")
        if self.held:
            plot(self.held, out / PLOT)

    def write_card(self, out: Path, directory: Path) -> None:
        """The card of the model in ``directory``, if this is a model that `molva train` made."""
        config = json.loads((directory / CONFIG).read_text(encoding="utf-8"))
        if self.held and "base" in (config.get("training") or ()):
            _write(out / CARD, card(directory, self.model, self.held, self.challenge))

    def write_wrong(self, out: Path, most: int) -> int:
        """Ids of up to ``most`` wrong posts with what is true and what was said; no texts."""
        make_folder(out)
        chosen = _alternating([*self._wrong_held(), *self._wrong_challenge()], most)
        _write(out / WRONG, "".join(f"{json.dumps(w, ensure_ascii=False)}\n" for w in chosen))
        return len(chosen)

    def _wrong_held(self) -> Iterator[dict[str, Any]]:
        for row in self.held.rows if self.held else ():
            if wrong := row.wrong():
                yield _of_row(row, wrong)

    def _wrong_challenge(self) -> Iterator[dict[str, Any]]:
        for post, judgement in zip(self.challenge.posts, self.challenge.judgements, strict=True):
            if wrong := post.wrong(judgement):
                where = {"id": post.id, "set": CHALLENGE, "language": post.lang, "trade": None}
                yield {**where, **_opinions(wrong, post.expect, judgement)}


def make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {out}: {error.strerror}") from error


def _write(file: Path, text: str) -> None:
    with whole_file(file) as out:
        out.write(text.encode())


def _confusions(sets: Mapping[str, Mapping[str, list[list[int]]]]) -> Iterator[str]:
    for part, fields in sets.items():
        for field, table in fields.items():
            labels = FIELDS[field]
            rows = [f"| {part}: {field} | {' | '.join(labels)} |", "|---|" + "---:|" * len(labels)]
            rows += [
                f"| {label} | {' | '.join(map(str, counts))} |"
                for label, counts in zip(labels, table, strict=True)
            ]
            yield "\n".join(rows)


def _of_row(row: Row, wrong: Sequence[str]) -> dict[str, Any]:
    example = row.example
    true = {field: FIELDS[field][truth(example, field)] for field in example.targets}
    where = {"id": example.id, "set": example.part, "language": example.language}
    return {**where, "trade": row.trade, **_opinions(wrong, true, row.judgement)}


def _opinions(
    wrong: Sequence[str], true: Mapping[str, str], judgement: Judgement
) -> dict[str, Any]:
    return {
        "wrong": list(wrong),
        "truth": dict(true),
        "judged": {field: judgement[field] for field in true},
        "probabilities": {
            field: {
                label: round(share, PLACES)
                for label, share in judgement.probabilities[field].items()
            }
            for field in true
        },
    }


def _alternating(wrong: Sequence[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """As many of each set as can be, in an order that no model has a hand in."""
    places: dict[str, int] = {}
    ranked: list[tuple[int, str, dict[str, Any]]] = []
    for each in sorted(wrong, key=lambda w: sha256(w["id"].encode()).hexdigest()):
        place = places[each["set"]] = places.get(each["set"], 0) + 1
        ranked.append((place, each["set"], each))
    return [each for _, _, each in sorted(ranked, key=lambda r: r[:2])[:most]]
