"""``molva train`` on a tiny encoder: the same for a seed, cut and gone on, exported, described."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime  # type: ignore[import-untyped]
import pytest
import torch
from click.testing import CliRunner

from mentions.errors import ConfigError
from molva.commands.train import command
from nlp.judge import JudgeInput
from nlp.labels import FIELDS
from nlp.onnx_judge import OnnxJudge
from nlp.train.graph import Shape, build
from nlp.train.learn import course_of
from nlp.train.loop import Rates, Run
from nlp.train.net import SPANS, from_base
from nlp.train.run import CHECKPOINT, Options, Rows, dry_run, fine_tune
from nlp.train.start import SHIPPED_HEADS
from tests.nlp.conftest import Tiny
from tests.nlp.tiny import make_base, make_data, quiet


def test_a_run_leaves_a_whole_model_and_no_checkpoint(tiny: Tiny) -> None:
    names = {path.name for path in tiny.options.out.iterdir()}
    assert names == {
        "model.onnx",
        "model.float32.onnx",
        "trained.safetensors",
        "tokenizer.json",
        "config.json",
        "MODEL_CARD.md",
    }
    card = (tiny.options.out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert tiny.answer["model"] in card
    assert "| invented ru |" in card


def test_it_learns(tiny: Tiny, judge: OnnxJudge) -> None:
    assert tiny.answer["measured"]["invented"]["rows"] > 5
    assert judge([JudgeInput("спасибо Марка, всё отлично", "Марка")])[0]["sentiment"] == "positive"


def test_the_same_seed_gives_the_same_weights(tiny: Tiny, again: Options) -> None:
    assert fine_tune(again, quiet, resume=False)["model"] == tiny.answer["model"]


def test_another_seed_gives_others(tiny: Tiny, again: Options) -> None:
    other = replace(again, seed=2)
    assert fine_tune(other, quiet, resume=False)["model"] != tiny.answer["model"]


def test_a_cut_run_goes_on_to_the_same_weights(tiny: Tiny, again: Options) -> None:
    _stop_after(again, 7)
    with pytest.raises(ConfigError, match="--resume"):
        fine_tune(again, quiet, resume=False)
    assert fine_tune(again, quiet, resume=True)["model"] == tiny.answer["model"]


def _stop_after(options: Options, steps: int) -> None:
    """Leave what a run leaves that is killed right after a checkpoint."""
    options.out.mkdir(parents=True)
    torch.manual_seed(options.seed)
    net, tokenizer = from_base(options.base)
    course = course_of(options, Rows.of(options.data, options.more), tokenizer)
    run = Run(net, len(course.plan), options.seed, Rates())
    for batch in course.plan[:steps]:
        run.learn(course.tokens.batch(batch), course.weights)
    run.save(options.out / CHECKPOINT, options.identity())


def test_a_checkpoint_of_other_options_is_refused(again: Options) -> None:
    _stop_after(again, 1)
    with pytest.raises(ConfigError, match="other data or options"):
        fine_tune(replace(again, epochs=3), quiet, resume=True)


def test_a_checkpoint_of_another_base_is_refused(again: Options, tmp_path: Path) -> None:
    _stop_after(again, 1)
    other = make_base(tmp_path / "base", hidden_size=64)
    assert other.name == Path(again.base).name
    with pytest.raises(ConfigError, match="other data or options"):
        fine_tune(replace(again, base=str(other)), quiet, resume=True)


def test_a_checkpoint_of_a_longer_plan_is_refused(tiny: Tiny, tmp_path: Path) -> None:
    net, _ = from_base(tiny.options.base)
    Run(net, 9, 1, Rates()).save(tmp_path / CHECKPOINT, {})
    with pytest.raises(ConfigError, match="other data or options"):
        Run(net, 8, 1, Rates()).load(tmp_path / CHECKPOINT, {})


@pytest.mark.parametrize(
    "file", ["data/bank_reviews_ru.jsonl", "more/real.jsonl", "base/model.safetensors"]
)
def test_whatever_a_run_reads_decides_whether_it_can_go_on(tmp_path: Path, file: str) -> None:
    data, more, base = (tmp_path / name for name in ("data", "more", "base"))
    for directory in (data, more, base):
        directory.mkdir()
    options = Options(data=data, base=str(base), out=tmp_path / "out", more=more)
    seen = []
    for content in (None, "one", "other"):
        if content:
            (tmp_path / file).write_text(content)
        seen.append(json.dumps(options.identity()))
    assert len(set(seen)) == 3


def test_a_run_can_end_after_some_steps_of_its_plan(again: Options) -> None:
    short = replace(again, steps=3)
    assert dry_run(short)["steps"] == 3
    whole = again.plan(Rows.of(again.data, again.more))
    assert short.plan(Rows.of(again.data, again.more)) == whole[:3]


def test_a_run_can_learn_from_some_files_only(again: Options) -> None:
    rows = Rows.of(again.data, again.more)
    only = ("brand_tweets_ru.jsonl",)
    seen = {row.example.id for batch in replace(again, only=only).plan(rows) for row in batch}
    assert seen
    assert seen <= {example.id for example in rows.train[only[0]]}


def test_a_file_without_rows_to_learn_from_is_refused(again: Options) -> None:
    with pytest.raises(ConfigError, match=r"--only held\.jsonl: .* triage_invented\.jsonl"):
        dry_run(replace(again, only=("held.jsonl",)))


@pytest.mark.parametrize(
    ("option", "wrong"),
    [("only", ("held.jsonl",)), ("base", "no/such"), ("start", (Path("no/such"),))],
)
def test_a_refused_run_leaves_nothing_behind(again: Options, option: str, wrong: Any) -> None:
    with pytest.raises(ConfigError):
        fine_tune(replace(again, **{option: wrong}), quiet, resume=False)
    assert not again.out.exists()


def _half_a_checkpoint() -> bytes:
    whole = io.BytesIO()
    torch.save({"net": torch.zeros(1_000)}, whole)
    return whole.getvalue()[:2_000]


@pytest.mark.parametrize("content", [b"", bytes(1_000), _half_a_checkpoint()])
def test_a_damaged_checkpoint_is_said_to_be_damaged(again: Options, content: bytes) -> None:
    again.out.mkdir()
    (again.out / CHECKPOINT).write_bytes(content)
    with pytest.raises(ConfigError, match="damaged: delete it"):
        fine_tune(again, quiet, resume=True)


@pytest.mark.parametrize("resume", [True, False])
def test_a_finished_model_is_not_trained_over(tiny: Tiny, resume: bool) -> None:
    with pytest.raises(ConfigError, match=r"finished model.*molva promote"):
        fine_tune(tiny.options, quiet, resume=resume)


def test_what_comes_after_the_last_step_is_told_too(again: Options) -> None:
    told: list[str] = []
    fine_tune(replace(again, epochs=1), told.extend, resume=False)
    assert told[-4:] == ["stage", "judged", "of", "stage"]


def exported(tiny: Tiny, *, int8: bool) -> tuple[float, float]:
    """How far a graph's answers are from the network's: at most, and on average."""
    net, _ = from_base(tiny.options.base)
    net.eval()
    torch.nn.init.normal_(net.gate.weight, std=0.3)
    torch.nn.init.normal_(net.focus.weight, std=0.1)
    kept = SHIPPED_HEADS
    weights = {name: v.numpy()[: kept.get(name)] for name, v in net.state_dict().items()}
    shape = Shape.of(net.trunk.config)
    model = build(weights, shape, int8=int8).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    lengths = np.array([9, 4, 1], np.int32)
    ids = np.random.default_rng(1).integers(4, 60, (3, 9)).astype(np.int32)
    mask = (np.arange(9)[None, :] < lengths[:, None]).astype(np.int64)
    got = session.run(None, {"ids": ids, "lengths": lengths})[0]
    with torch.inference_mode():
        logits = net(torch.from_numpy(ids).long(), torch.from_numpy(mask))
    want = logits.numpy()[:, : got.shape[1]]
    return float(np.abs(got - want).max()), float(np.abs(want).mean())


def test_the_exported_float32_graph_is_the_network(tiny: Tiny) -> None:
    apart, _ = exported(tiny, int8=False)
    assert apart < 1e-4


def test_rounding_moves_answers_little(tiny: Tiny) -> None:
    apart, size = exported(tiny, int8=True)
    assert apart < 0.1 * size


def test_heads_that_only_helped_are_not_shipped(judge: OnnxJudge) -> None:
    assert judge.logits([JudgeInput("а")]).shape == (1, sum(map(len, FIELDS.values())))
    assert list(SPANS)[: len(FIELDS)] == list(FIELDS)


def test_a_dry_run_counts_and_writes_nothing(tiny: Tiny, tmp_path: Path) -> None:
    found = dry_run(replace(tiny.options, out=tmp_path / "none"))
    assert found["steps"] > 10
    assert found["rows_by_set"]["invented"] > 200
    assert not (tmp_path / "none").exists()


def test_the_command_says_what_it_did(tiny: Tiny) -> None:
    arguments = [
        "--data",
        str(tiny.options.data),
        "--base",
        "x",
        "--out",
        "y",
        "--dry-run",
        "--json",
    ]
    answer = json.loads(CliRunner().invoke(command, arguments).stdout)
    assert answer["steps"] > 10


def test_a_directory_without_training_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds none of"):
        dry_run(Options(data=tmp_path, base="x", out=tmp_path))


@pytest.mark.parametrize(
    "row",
    [
        '{"id": "inv-1-x", "brand": "М", "lang": "ru", "text": "a", "sentiment": "odd"}'.encode(),
        '{"text": "плохо"}'.encode("cp1251"),
        b"[" * 200_000,
    ],
)
def test_a_bad_row_is_named_with_its_line(tmp_path: Path, row: bytes) -> None:
    data = make_data(tmp_path)
    with (data / "triage_invented.jsonl").open("ab") as file:
        file.write(row + b"\n")
    with pytest.raises(ConfigError, match=r"triage_invented\.jsonl:161"):
        dry_run(Options(data=tmp_path, base="x", out=tmp_path))


def test_a_base_that_is_not_there_is_named(tiny: Tiny, tmp_path: Path) -> None:
    missing = replace(tiny.options, base=str(tmp_path / "no"), out=tmp_path / "out")
    with pytest.raises(ConfigError, match="no encoder to start from"):
        fine_tune(missing, quiet, resume=False)


def test_a_base_that_cannot_be_exported_is_refused_before_training(
    tiny: Tiny, tmp_path: Path
) -> None:
    base = make_base(tmp_path / "relu", hidden_act="relu")
    with pytest.raises(ConfigError, match="relu"):
        fine_tune(replace(tiny.options, base=str(base), out=tmp_path / "out"), quiet, resume=False)
