"""Which judge is asked: the shipped model, a directory, or a Hugging Face id."""

from __future__ import annotations

import re
from pathlib import Path

from mentions.errors import ConfigError
from nlp.judge import SHIPPED, Judge

_PINNED = re.compile(r"(?P<id>(?:[\w.-]+/)?[\w.-]+)@(?P<revision>[0-9a-f]{40})")


def load_judge(model: str | None = None) -> Judge:
    """The shipped judge; or a model directory, or ``owner/name@commit`` of Hugging Face."""
    from nlp.onnx_judge import OnnxJudge

    if model is None or Path(model).is_dir():
        return OnnxJudge.load(SHIPPED if model is None else Path(model))
    pinned = _PINNED.fullmatch(model)
    if pinned is None:
        raise ConfigError(
            f"model = {model!r}: neither a model directory nor a Hugging Face model with its whole "
            'commit, as in "owner/name@0123456789abcdef0123456789abcdef01234567"'
        )
    from nlp.hf_judge import HfJudge

    return HfJudge.load(pinned["id"], revision=pinned["revision"])
