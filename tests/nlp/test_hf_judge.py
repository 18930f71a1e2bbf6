"""A classifier of Hugging Face as the judge: only with labels that mean something here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from mentions.errors import ConfigError
from nlp.hf_judge import HfJudge, bind
from nlp.judge import JudgeInput, judge_each
from nlp.labels import FIELDS
from tests.nlp.tiny import make_base, make_tokenizer

ALL = [f"{field}:{label}" for field, labels in FIELDS.items() for label in reversed(labels)]


def make_classifier(directory: Path, labels: list[str]) -> Path:
    """A local model directory as transformers saves one, answering with these labels."""
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    tokenizer = make_tokenizer()
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        id2label=dict(enumerate(labels)),
        label2id={label: at for at, label in enumerate(labels)},
    )
    BertForSequenceClassification(config).save_pretrained(directory)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>"
    ).save_pretrained(directory)
    return directory


def test_a_model_with_all_our_labels_is_a_judge(tmp_path: Path) -> None:
    judge = HfJudge.load(str(make_classifier(tmp_path, ALL)), revision=None)
    one, two, again = judge(
        [JudgeInput("спасибо"), JudgeInput("\ud800" + "слово " * 500), JudgeInput("спасибо", None)]
    )
    assert one == again != two
    for field, labels in FIELDS.items():
        assert tuple(one.probabilities[field]) == labels
        assert sum(one.probabilities[field].values()) == pytest.approx(1)
    assert judge.model.endswith("@local")


def test_a_model_of_sentiment_leaves_the_rest_to_the_shipped_one() -> None:
    assert bind({0: "POSITIVE", 1: "neu", 2: "Negative"}) == {
        "sentiment": {"positive": 0, "neutral": 1, "negative": 2}
    }


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["LABEL_0", "LABEL_1", "LABEL_2"], "LABEL_0.*labels are negative, .*urgency:high"),
        (["negative", "positive"], "no label for sentiment neutral"),
        (["negative", "neutral", "positive", "neg"], "two labels of one meaning"),
        (["urgency:low", "urgency:soon"], "urgency:soon"),
        (["mood:good"], "mood:good"),
    ],
)
def test_labels_without_a_meaning_are_refused(
    tmp_path: Path, labels: list[str], message: str
) -> None:
    model = make_classifier(tmp_path, labels)
    with pytest.raises(ConfigError, match=message):
        HfJudge.load(str(model), revision=None)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    model = make_classifier(tmp_path, ALL)
    (model / "model.safetensors").unlink()
    torch.save({}, model / "pytorch_model.bin")
    with pytest.raises(ConfigError, match="not served"):
        HfJudge.load(str(model), revision=None)


def test_a_directory_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not served"):
        HfJudge.load(str(tmp_path), revision=None)


def _change(file: Path, **changed: Any) -> None:
    found = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(found | changed), encoding="utf-8")


def test_a_text_that_breaks_the_model_is_set_aside(tmp_path: Path) -> None:
    model = make_classifier(tmp_path, ALL)
    file = model / "tokenizer.json"
    unigram = json.loads(file.read_text(encoding="utf-8"))["model"]
    _change(file, model=unigram | {"unk_id": None})
    judge = HfJudge.load(str(model), revision=None)
    found = judge_each(judge, [JudgeInput("спасибо"), JudgeInput("𒀀𒀁"), JudgeInput("")])
    assert [each is None for each in found] == [False, True, False]


def test_a_model_without_a_head_is_refused(tmp_path: Path) -> None:
    make_base(tmp_path)
    _change(tmp_path / "config.json", id2label=dict(enumerate(ALL)))
    with pytest.raises(ConfigError, match="weights are missing"):
        HfJudge.load(str(tmp_path), revision=None)


def test_a_model_of_several_labels_at_once_is_refused(tmp_path: Path) -> None:
    model = make_classifier(tmp_path, ALL)
    _change(model / "config.json", problem_type="multi_label_classification")
    with pytest.raises(ConfigError, match="only single_label_classification"):
        HfJudge.load(str(model), revision=None)


def test_a_head_of_another_size_is_refused(tmp_path: Path) -> None:
    model = make_classifier(tmp_path, ALL)
    labels = ["negative", "neutral", "positive"]
    _change(model / "config.json", id2label=dict(enumerate(labels)))
    with pytest.raises(ConfigError, match="not served"):
        HfJudge.load(str(model), revision=None)


def test_broken_weights_are_refused(tmp_path: Path) -> None:
    model = make_classifier(tmp_path, ALL)
    (model / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ConfigError, match="not served"):
        HfJudge.load(str(model), revision=None)


def test_a_directory_does_not_stand_in_for_a_pinned_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="in place of that commit"):
        HfJudge.load(str(tmp_path), revision="0" * 40)


def test_a_model_may_read_texts_of_any_length(tmp_path: Path) -> None:
    from transformers import XLNetConfig, XLNetForSequenceClassification

    make_classifier(tmp_path, ALL)
    config = XLNetConfig(
        vocab_size=make_tokenizer().get_vocab_size(),
        d_model=16,
        n_layer=1,
        n_head=2,
        d_inner=16,
        id2label=dict(enumerate(ALL)),
        label2id={label: at for at, label in enumerate(ALL)},
    )
    XLNetForSequenceClassification(config).save_pretrained(tmp_path)
    (judgement,) = HfJudge.load(str(tmp_path), revision=None)([JudgeInput("спасибо")])
    assert set(judgement.probabilities) == set(FIELDS)
