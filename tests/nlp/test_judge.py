"""What the judge promises of any input: an answer in its place, the same however it is batched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from mentions.errors import ConfigError, RecordError
from nlp.judge import SHIPPED, JudgeInput, Judgement, judge_each
from nlp.labels import FIELDS, check_labels, said
from nlp.load import load_judge
from nlp.onnx_judge import OnnxJudge
from tests.nlp.conftest import Tiny

ANY_TEXT = st.text(st.characters(), max_size=300)  # surrogates and control characters too
HARD = {
    "empty": "",
    "spaces": " \n\t ",
    "a megabyte": "очень плохо " * 90_000,
    "a megabyte without a space": "ы" * 1_000_000,
    "only emoji": "😡😡😡🔥",
    "zero width": "б\u200bа\u200bн\u200bк",
    "right to left": "\u202eкнаб\u202c",
    "markup": "<b>банк</b><script>alert(1)</script>&nbsp;&lt;i&gt;",
    "half a surrogate pair": "a\ud83d b",
    "control characters": "a\x00b\x1b[31mc",
    "marks of the model itself": "<s> </s> <pad> <unk>",
    "other scripts": "谢谢 спасибо thanks ありがとう",
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD.keys())
def test_hard_texts_are_judged(judge: OnnxJudge, text: str) -> None:
    _is_whole(judge([JudgeInput(text, "Ромашка")])[0])


@given(st.lists(st.tuples(ANY_TEXT, st.none() | ANY_TEXT), max_size=12))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_judged_in_its_place(
    judge: OnnxJudge, pairs: list[tuple[str, str | None]]
) -> None:
    inputs = [JudgeInput(text, brand) for text, brand in pairs]
    together = judge(inputs)
    assert len(together) == len(inputs)
    for judgement in together:
        _is_whole(judgement)


def _is_whole(judgement: Judgement) -> None:
    assert list(judgement.probabilities) == list(FIELDS)
    for field, labels in FIELDS.items():
        shares = judgement.probabilities[field]
        assert tuple(shares) == labels
        assert sum(shares.values()) == pytest.approx(1)
        assert judgement[field] == said(field, shares)


@pytest.mark.parametrize(
    ("shares", "level"),
    [
        ((0.1, 0.7, 0.1, 0.1), "normal"),
        ((0.1, 0.36, 0.3, 0.24), "high"),  # the likeliest is normal, most lies above it
        ((0.4, 0.05, 0.2, 0.35), "high"),  # torn between the ends
        ((0.5, 0.0, 0.0, 0.5), "low"),
        ((0.0, 0.0, 0.0, 1.0), "critical"),
    ],
)
def test_urgency_is_the_middle_of_what_is_possible(shares: tuple[float, ...], level: str) -> None:
    urgency = dict(zip(FIELDS["urgency"], shares, strict=True))
    assert said("urgency", urgency) == level
    assert Judgement({"urgency": urgency})["urgency"] == level


def test_labels_without_an_order_are_answered_by_the_likeliest() -> None:
    assert said("sentiment", {"negative": 0.4, "neutral": 0.25, "positive": 0.35}) == "negative"


def test_answers_stand_in_the_order_of_the_inputs(judge: OnnxJudge) -> None:
    texts = ["спасибо Марка, всё отлично", "украли деньги " * 9, "а", "Марка opens a new office"]
    inputs = [JudgeInput(text) for text in texts]
    alone = [judge([each])[0] for each in inputs]
    for together, one in zip(judge(inputs), alone, strict=True):
        for field in FIELDS:
            assert together.probabilities[field] == pytest.approx(
                one.probabilities[field], abs=0.02
            )


def test_equal_inputs_are_scored_once(judge: OnnxJudge) -> None:
    one, other = judge([JudgeInput("спасибо", "Марка")] * 2)
    assert one is other


def test_the_brand_is_read(judge: OnnxJudge) -> None:
    named, nameless = judge([JudgeInput("спасибо", "Марка"), JudgeInput("спасибо")])
    assert named != nameless


def test_no_inputs_no_answers(judge: OnnxJudge) -> None:
    assert judge([]) == []


class Fragile:
    """Breaks on one text, as a tokenizer's bug would."""

    model = "fragile@0"

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        if any("boom" in each.text for each in inputs):
            raise RecordError("refused")
        return [Judgement({"text": {each.text: 1.0}}) for each in inputs]


def test_an_input_that_breaks_the_judge_harms_no_other() -> None:
    texts = ["a", "b", "boom", "c", "d", "boom"]
    found = judge_each(Fragile(), [JudgeInput(text) for text in texts])
    assert [j and j["text"] for j in found] == ["a", "b", None, "c", "d", None]


def test_a_broken_judge_is_not_taken_for_broken_texts() -> None:
    class Broken:
        model = "broken@0"

        def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
            raise RecordError("refused")

    with pytest.raises(ConfigError, match="broken@0"):
        judge_each(Broken(), [JudgeInput("a"), JudgeInput("b")])


def test_only_broken_texts_do_not_make_a_broken_judge() -> None:
    assert judge_each(Fragile(), [JudgeInput("boom"), JudgeInput("boom, boom")]) == [None, None]


def test_a_text_that_breaks_the_tokenizer_is_set_aside(tiny: Tiny, tmp_path: Path) -> None:
    model = _copy(tiny, tmp_path)
    _change(model / "tokenizer.json", "model", unk_id=None)
    texts = [JudgeInput("спасибо"), JudgeInput("𒀀𒀁"), JudgeInput("спасибо", "𒀀")]
    found = judge_each(load_judge(str(model)), texts)
    assert [each is None for each in found] == [False, True, True]


def _copy(tiny: Tiny, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny.options.out, tmp_path / "model"))


def _change(file: Path, *keys: str, **changed: Any) -> None:
    """Change some of a JSON file's entries, below ``keys``."""
    content = found = json.loads(file.read_text(encoding="utf-8"))
    for key in keys:
        found = found[key]
    found.update(changed)
    file.write_text(json.dumps(content), encoding="utf-8")


def test_the_revision_is_that_of_the_weights(tiny: Tiny, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(tiny.options.out, other)
    (other / "model.float32.onnx").replace(other / "model.onnx")
    assert load_judge(str(other)).model != load_judge(str(tiny.options.out)).model


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("config.json", "{}", "not the configuration"),
        ("config.json", "no json", "not the configuration"),
        ("model.onnx", "no model", "no model that ONNX Runtime reads"),
        ("tokenizer.json", "", "no tokenizer"),
        ("tokenizer.json", '{"version": "1.0", "trunc', "no tokenizer"),
    ],
)
def test_a_broken_model_is_named(
    tiny: Tiny, tmp_path: Path, name: str, content: str, message: str
) -> None:
    broken = _copy(tiny, tmp_path)
    (broken / name).write_text(content)
    with pytest.raises(ConfigError, match=message) as raised:
        load_judge(str(broken))
    assert str(broken / name) in str(raised.value)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"max_tokens": "192"}, "max_tokens: Input should be a valid integer"),
        ({"max_tokens": 2}, "max_tokens: Input should be greater"),
        ({"max_tokens": 1_000}, "not even a plain long text is judged"),
        ({"temperatures": dict.fromkeys(FIELDS, 0)}, "temperatures.topic"),
        ({"temperatures": dict.fromkeys(FIELDS, float("nan"))}, "temperatures.topic"),
        ({"temperatures": dict.fromkeys(FIELDS, 1e-320)}, "temperatures.topic"),
        ({"temperatures": {}}, "no temperature for intent, sentiment, topic, urgency"),
        ({"fields": []}, "fields: Input should be"),
        ({"fields": {"sentiment": 5}}, "fields.sentiment: Input should be"),
        ({"fields": {"sentiment": ["negative"]}}, "not those of this version"),
        ({"fields": dict(sorted(FIELDS.items(), reverse=True))}, "in another order"),
    ],
)
def test_a_configuration_that_cannot_be_kept_is_refused(
    tiny: Tiny, tmp_path: Path, changed: dict[str, Any], message: str
) -> None:
    model = _copy(tiny, tmp_path)
    _change(model / "config.json", **changed)
    with pytest.raises(ConfigError, match=message) as raised:
        load_judge(str(model))
    assert str(model) in str(raised.value)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (("ids", "mask"), "the weights read ids, mask, not ids, lengths"),
        (("ids", "lengths"), "answers in the shape"),
    ],
)
def test_weights_of_another_build_are_refused(
    tiny: Tiny, tmp_path: Path, inputs: tuple[str, str], message: str
) -> None:
    model = _copy(tiny, tmp_path)
    ids, other = (
        helper.make_tensor_value_info(name, TensorProto.INT32, [None] * rank)
        for name, rank in zip(inputs, (2, 1), strict=True)
    )
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [None, None])
    cast = helper.make_node("Cast", ["ids"], ["logits"], to=TensorProto.FLOAT)
    graph = helper.make_graph([cast], "other", [ids, other], [logits])
    version = onnx.load(str(model / "model.onnx"))
    whole = helper.make_model(
        graph, ir_version=version.ir_version, opset_imports=[version.opset_import[0]]
    )
    onnx.save(whole, str(model / "model.onnx"))
    with pytest.raises(ConfigError, match=message):
        load_judge(str(model))


def test_weights_that_say_too_little_of_each_token_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    file = _copy(tiny, tmp_path) / "model.onnx"
    weights = onnx.load(str(file))
    logits, parts = weights.graph.output
    weights.graph.node.append(helper.make_node("Identity", [logits.name], ["other"]))
    parts.name = "other"
    onnx.save(weights, str(file))
    with pytest.raises(ConfigError, match="answers in the shapes"):
        load_judge(str(file.parent))


@pytest.mark.parametrize("name", ["model.onnx", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named(tiny: Tiny, tmp_path: Path, name: str) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny.options.out, broken)
    (broken / name).unlink()
    with pytest.raises(ConfigError, match=name.replace(".", r"\.")):
        load_judge(str(broken))


@pytest.mark.parametrize(
    "model", ["owner/name", "owner/name@main", "owner/name@0123abc", "/no/such/directory"]
)
def test_a_model_must_be_pinned(model: str) -> None:
    with pytest.raises(ConfigError, match="whole commit"):
        load_judge(model)


def test_labels_of_another_meaning_are_refused() -> None:
    swapped = {**FIELDS, "sentiment": ("positive", "neutral", "negative")}
    with pytest.raises(ConfigError, match=r"config\.json: .*sentiment"):
        check_labels(swapped, Path("config.json"))


class TestShippedModel:
    def test_its_card_is_its_own(self) -> None:
        card = (SHIPPED / "MODEL_CARD.md").read_text(encoding="utf-8")
        assert load_judge().model in card

    def test_it_is_small_and_holds_no_pickles(self) -> None:
        files = [path for path in SHIPPED.iterdir() if path.is_file()]
        assert {path.suffix for path in files} <= {".onnx", ".json", ".md"}
        assert sum(path.stat().st_size for path in files) <= 60_000_000

    def test_a_post_is_judged_the_same_in_any_company(self) -> None:
        demo = Path(__file__).parents[2] / "molva" / "demo" / "posts"
        files = [file.read_text(encoding="utf-8") for file in sorted(demo.glob("*.jsonl"))]
        posts = [json.loads(line) for file in files for line in file.splitlines()]
        inputs = [JudgeInput(post["text"], "Ромашка") for post in posts]
        judge = load_judge()
        together = judge(inputs)
        apart = [one for each in inputs for one in judge([each])]
        for one, other in zip(together, apart, strict=True):
            assert one.probabilities == {
                field: pytest.approx(shares, abs=1e-5)
                for field, shares in other.probabilities.items()
            }

    @pytest.mark.parametrize(
        ("text", "field", "label"),
        [
            ("Ромашка, спасибо огромное, всё быстро и вежливо!", "sentiment", "positive"),
            ("Ромашка списала деньги дважды, поддержка молчит", "sentiment", "negative"),
            ("Romashka stole my money, thieves!", "sentiment", "negative"),
            ("Ромашка открыла новый офис в Туле", "urgency", "low"),
            ("Кто-то прямо сейчас снимает деньги с моей карты!", "urgency", "critical"),
        ],
    )
    def test_it_judges_plain_cases(self, text: str, field: str, label: str) -> None:
        assert load_judge()([JudgeInput(text, "Ромашка")])[0][field] == label
