"""One tiny training run, whose model the other tests use."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import onnx
import pytest
from onnx import numpy_helper

from nlp.onnx_judge import WEIGHTS, OnnxJudge
from nlp.train.run import Options, fine_tune
from tests.nlp.tiny import make_base, make_data, make_more, quiet


class Tiny(NamedTuple):
    """What a run was asked for, and what it answered."""

    options: Options
    answer: dict[str, Any]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    place = tmp_path_factory.mktemp("tiny")
    options = Options(
        data=make_data(place / "data"),
        base=str(make_base(place / "base")),
        out=place / "out",
        epochs=4,  # invented posts are shown in half of them
        batch_rows=16,
        max_tokens=48,
        keep_float32=True,
        more=make_more(place / "more"),
    )
    return Tiny(options, fine_tune(options, quiet, resume=False))


@pytest.fixture(scope="session")
def judge(tiny: Tiny) -> OnnxJudge:
    return OnnxJudge.load(tiny.options.out)


@pytest.fixture
def again(tiny: Tiny, tmp_path: Path) -> Options:
    """The same run, into another directory."""
    return replace(tiny.options, out=tmp_path / "again")


@pytest.fixture(scope="session")
def worse(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model with its answers turned round: whole, and no good."""
    directory = tmp_path_factory.mktemp("worse") / "model"
    shutil.copytree(tiny.options.out, directory)
    model = onnx.load(str(directory / WEIGHTS))
    for constant in model.graph.initializer:
        if constant.name.startswith(("head", "focus", "phrases.scale")):
            values = numpy_helper.to_array(constant)
            constant.CopyFrom(numpy_helper.from_array(-values, constant.name))
    onnx.save(model, str(directory / WEIGHTS))
    return directory
