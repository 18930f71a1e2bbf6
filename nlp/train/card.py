"""The model card: written from what was measured, so that it cannot say something else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mentions.whole_file import whole_file
from nlp.challenge import CHALLENGE, Passed, challenge
from nlp.evaluate import Evaluation
from nlp.figures import as_markdown
from nlp.onnx_judge import CONFIG, TOKENIZER, WEIGHTS, OnnxJudge

CARD = "MODEL_CARD.md"
TEMPLATE = Path(__file__).with_name("card.md")


def write_card(out: Path, *, model: str, measured: Evaluation) -> int:
    """Describe the model in ``out``; returns how many bytes ship."""
    passed = challenge(OnnxJudge.load(out))
    text = card(out, model, measured, passed)
    with whole_file(out / CARD) as file:
        file.write(text.encode())
    return _size(out)


def card(directory: Path, model: str, measured: Evaluation, passed: Passed) -> str:
    """The card of the model in ``directory``."""
    config = json.loads((directory / CONFIG).read_text(encoding="utf-8"))
    training = config["training"]
    return TEMPLATE.read_text(encoding="utf-8").format(
        model=model,
        base=training["base"],
        megabytes=round(_size(directory) / 1e6, 1),
        max_tokens=config["max_tokens"],
        phrases=_by_field(config.get("phrases", {})) or "not at all, in weights of before 0064",
        temperatures=_by_field(config["temperatures"]),
        run="\n".join(_facts(training)),
        measured=as_markdown(measured.sets),
        trades=as_markdown(measured.trades, "trade"),
        challenge=as_markdown(passed.table, CHALLENGE),
    )


def _by_field(values: Mapping[str, float]) -> str:
    return ", ".join(f"{field} {value}" for field, value in values.items())


def _facts(training: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """A line for each; the runs that this one went on from are told in full below it."""
    for name, value in training.items():
        if isinstance(value, dict) and name == "from":
            for model, facts in value.items():
                yield f"{indent}* from {model}" + ("" if facts else ", as above")
                yield from _facts(facts, indent + "  ")
        else:
            yield f"{indent}* {name}: {value}"


def _size(directory: Path) -> int:
    return sum((directory / name).stat().st_size for name in (WEIGHTS, TOKENIZER, CONFIG))
