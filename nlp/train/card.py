"""The model card: written from what the run knows, so that it cannot say something else."""

from __future__ import annotations

import json
from pathlib import Path

from nlp.evaluate import Table, as_markdown
from nlp.onnx_judge import CONFIG, TOKENIZER, WEIGHTS

CARD = "MODEL_CARD.md"
TEMPLATE = Path(__file__).with_name("card.md")


def write_card(out: Path, *, model: str, measured: Table) -> int:
    """Describe the model in ``out``; returns how many bytes ship."""
    size = sum((out / name).stat().st_size for name in (WEIGHTS, TOKENIZER, CONFIG))
    config = json.loads((out / CONFIG).read_text(encoding="utf-8"))
    training = config["training"]
    heat = ", ".join(f"{field} {value}" for field, value in config["temperatures"].items())
    text = TEMPLATE.read_text(encoding="utf-8").format(
        model=model,
        base=training["base"],
        megabytes=round(size / 1e6, 1),
        max_tokens=config["max_tokens"],
        temperatures=heat,
        run="\n".join(f"* {name}: {value}" for name, value in training.items()),
        measured=as_markdown(measured),
    )
    (out / CARD).write_text(text, encoding="utf-8")
    return size
