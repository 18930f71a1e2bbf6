"""Runs that go on from the weights of earlier ones: of one, or the mean of several."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from mentions.errors import ConfigError
from nlp.onnx_judge import OnnxJudge
from nlp.train.learn import learn
from nlp.train.net import SPANS, from_base
from nlp.train.run import TRAINED, Options, Rows, fine_tune
from nlp.train.start import SHIPPED_HEADS, start_from
from tests.nlp.conftest import Tiny
from tests.nlp.tiny import make_base, quiet


def test_a_run_goes_on_from_the_mean_of_others(tiny: Tiny, again: Options) -> None:
    other = replace(again, out=again.out.parent / "other", seed=2)
    fine_tune(other, quiet, resume=False)
    runs = (tiny.options.out, other.out)
    mean = replace(again, start=runs, epochs=0)
    fine_tune(mean, quiet, resume=False)
    one, two, both = (load_file(out / TRAINED) for out in (*runs, mean.out))
    assert not np.allclose(one["head.bias"], two["head.bias"])
    for name, value in both.items():
        np.testing.assert_allclose(value, (one[name] + two[name]) / 2, atol=1e-6)
    names = [OnnxJudge.load(out).model for out in runs]
    config = json.loads((mean.out / "config.json").read_text(encoding="utf-8"))
    assert list(config["training"]["from"]) == names
    assert config["training"]["from"][names[1]]["seed"] == 2
    card = (mean.out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"* from {names[1]}\n  * data: " in card
    further = replace(again, out=mean.out.parent / "further", start=(mean.out, runs[0]), epochs=0)
    fine_tune(further, quiet, resume=False)
    card = (further.out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert f"* from {names[0]}, as above" in card
    config = json.loads((further.out / "config.json").read_text(encoding="utf-8"))
    assert config["training"]["from"][names[0]] == {}  # the mean's past has told it


def test_a_run_named_twice_is_no_mean(tiny: Tiny, again: Options) -> None:
    with pytest.raises(ConfigError, match="twice"):
        fine_tune(replace(again, start=(tiny.options.out,) * 2, epochs=0), quiet, resume=False)


def test_a_mean_whose_export_was_cut_can_be_gone_on_with(tiny: Tiny, again: Options) -> None:
    mean = replace(again, start=(tiny.options.out,), epochs=0)
    learn(mean, Rows.of(mean.data, mean.more), quiet)
    (mean.out / "model.onnx").write_bytes(b"half")
    assert fine_tune(mean, quiet, resume=True)["model"] == tiny.answer["model"]


def test_no_epochs_and_no_run_to_start_from_is_refused(again: Options) -> None:
    with pytest.raises(ConfigError, match="--from"):
        fine_tune(replace(again, epochs=0), quiet, resume=False)
    assert not again.out.exists()


def test_a_model_of_before_gates_answers_as_it_did(tiny: Tiny, tmp_path: Path) -> None:
    old = {
        name: value
        for name, value in load_file(tiny.options.out / TRAINED).items()
        if not name.startswith(("gate.", "focus."))
    }
    save_file(old, tmp_path / TRAINED)
    net, _ = from_base(tiny.options.base)
    start_from(net, (tmp_path,))
    net.train(mode=False)
    ids, mask = torch.tensor([[0, 5, 6, 7, 2], [0, 9, 2, 1, 1]]), torch.ones(2, 5).long()
    mask[1, 3:] = 0
    states = net.trunk(input_ids=ids, attention_mask=mask).last_hidden_state
    mean = (states * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
    wanted = mean @ torch.tensor(old["head.weight"]).T + torch.tensor(old["head.bias"])
    torch.testing.assert_close(net(ids, mask), wanted)


def test_a_model_that_kept_no_float32_is_gone_on_from_as_rounded(
    tiny: Tiny, again: Options, tmp_path: Path
) -> None:
    lean = tmp_path / "lean"
    shutil.copytree(tiny.options.out, lean)
    (lean / TRAINED).unlink()
    net, _ = from_base(tiny.options.base)
    tone = net.head.bias[SPANS["tone"]].clone()
    start_from(net, (lean,))
    for name, exact in load_file(tiny.options.out / TRAINED).items():
        value = net.state_dict()[name].numpy()
        if shipped := SHIPPED_HEADS.get(name):
            assert (value[:shipped] == exact[:shipped]).all()
        elif name.endswith(("position_embeddings.weight", "token_type_embeddings.weight")):
            continue  # the second was added to the first
        else:
            step = np.abs(exact).max(axis=-1, keepdims=True) / 127
            assert (np.abs(value - exact) <= 4 * step + 1e-5).all(), name
    assert torch.equal(net.head.bias[SPANS["tone"]], tone)
    answer = fine_tune(replace(again, start=(lean,), epochs=0), quiet, resume=False)
    config = json.loads((again.out / "config.json").read_text(encoding="utf-8"))
    assert list(config["training"]["from"]) == [f"{tiny.answer['model']} in int8"]
    assert answer["measured"].keys() == tiny.answer["measured"].keys()


def test_damaged_weights_are_not_gone_on_from(tiny: Tiny, again: Options, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(tiny.options.out, damaged)
    (damaged / TRAINED).write_bytes(b"\x08")
    with pytest.raises(ConfigError, match="damaged"):
        fine_tune(replace(again, start=(damaged,)), quiet, resume=False)


def test_a_run_on_another_base_is_not_gone_on_from(
    tiny: Tiny, again: Options, tmp_path: Path
) -> None:
    wider = str(make_base(tmp_path / "base", hidden_size=64))
    with pytest.raises(ConfigError, match="another --base"):
        fine_tune(replace(again, base=wider, start=(tiny.options.out,)), quiet, resume=False)
