"""The words shown for an urgency are the post's own, few, and those that it hangs on."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import numpy_helper

from bench.texts import demo
from bench.why import deletion, without
from mentions.model import MAX_WHY, MAX_WORD
from nlp.encoding import NOWHERE, Encoder, plain
from nlp.judge import SHIPPED, JudgeInput
from nlp.labels import span_of
from nlp.onnx_judge import OnnxJudge
from nlp.why import direction, moving_words, weights, words
from tests.nlp.conftest import Tiny
from tests.nlp.tiny import make_tokenizer

ANY_TEXT = st.text(st.characters(), max_size=300)
READ_OTHERWISE = st.sampled_from(
    [
        " https://example.org/a ",
        " @romashka_bank ",
        "&lt;b&gt;",
        "укра\u00adаааали",
        "и\u0306",
        "&amp;",
    ]
)
MARKED_UP = st.lists(ANY_TEXT | READ_OTHERWISE, max_size=8).map("".join)
URGENT = "Марка украли деньги с карты, помогите"


def changed(tiny: Tiny, out: Path, change: Callable[[onnx.ModelProto], None]) -> OnnxJudge:
    """The tiny judge with other weights."""
    for name in ("config.json", "tokenizer.json"):
        (out / name).write_bytes((tiny.options.out / name).read_bytes())
    model = onnx.load(str(tiny.options.out / "model.onnx"))
    change(model)
    (out / "model.onnx").write_bytes(model.SerializeToString())
    return OnnxJudge.load(out)


def leaning(tiny: Tiny, out: Path, low: float) -> OnnxJudge:
    """The tiny judge with a bias for or against low: it has not learned to tell what is urgent."""

    def lean(model: onnx.ModelProto) -> None:
        bias = next(each for each in model.graph.initializer if each.name == "head.bias")
        raised = numpy_helper.to_array(bias).copy()
        raised[span_of("urgency")] += (low, 0.0, 0.0, 0.0)
        bias.CopyFrom(numpy_helper.from_array(raised, "head.bias"))

    return changed(tiny, out, lean)


@pytest.fixture(scope="session")
def alarmed(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> OnnxJudge:
    return leaning(tiny, tmp_path_factory.mktemp("alarmed"), -20.0)


def test_words_are_letters_and_figures_with_what_joins_them() -> None:
    found = [word for word, _ in words("<!here> Кто-то, don't... №5 *эй* _да_ 😡 a.b")]
    assert found == ["here", "Кто-то", "don't", "5", "эй", "да", "a", "b"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Смотрите https://example.org/a тут", ["Смотрите", "тут"]),
        ("@romashka_bank @ivan.bsky.social помогите", ["помогите"]),
        ("нет&amp;nbsp;денег", ["нет", "денег"]),
        ("сеи\u0306час е\u0308лка", ["сеи\u0306час", "е\u0308лка"]),
        ("linked links", ["linked", "links"]),
    ],
)
def test_what_is_no_word_of_the_post_is_not_shown(text: str, shown: list[str]) -> None:
    assert [word for word, _ in words(plain(text))] == shown


def letters(text: str) -> str:
    """Letters and figures, none twice in a row: reading a text changes nothing of them."""
    return re.sub(r"(.)\1+", r"\1", "".join(filter(str.isalnum, html.unescape(text))))


@given(MARKED_UP)
def test_every_word_is_one_of_the_original(text: str) -> None:
    assert all(letters(word) in letters(text) for word, _ in words(plain(text)))


def test_the_pieces_of_a_word_count_together_beyond_the_usual() -> None:
    places = [NOWHERE, (0, 3), (3, 6), (6, 11), (12, 18), NOWHERE]
    added = [9.0, 0.2, 0.3, 0.1, -1.0, 9.0]
    found = weights("деньги плохо Деньги", places, added)
    assert found == {"деньги": pytest.approx(-0.2), "плохо": pytest.approx(0.2)}


def test_what_adds_most_comes_first_and_what_adds_little_never() -> None:
    places = [(0, 1), (2, 3), (4, 5)]
    assert moving_words("a B c", places, [0.2, 0.5, -0.2]) == ("B", "a")


def test_the_likeliest_level_is_set_against_the_others_as_likely_as_they_are() -> None:
    found = direction({"low": 0.1, "normal": 0.1, "high": 0.6, "critical": 0.2})
    assert found.tolist() == pytest.approx([-0.25, -0.25, 1.0, -0.5])
    assert np.isfinite(direction({"low": 0.0, "normal": 0.0, "high": 1.0, "critical": 0.0})).all()


@given(ANY_TEXT, st.none() | ANY_TEXT, st.integers(20, 60))
def test_every_token_of_a_sequence_has_its_place(text: str, brand: str | None, most: int) -> None:
    encoder = Encoder(make_tokenizer(), max_tokens=most)
    read, places = encoder.places(text * 3, brand)
    assert read == plain(text * 3)
    assert len(places) == len(encoder([text * 3], [brand])[0])
    assert all(0 <= start <= end <= len(read) for start, end in places)


@given(ANY_TEXT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_words_are_the_posts_own_and_few(alarmed: OnnxJudge, text: str) -> None:
    why = alarmed([JudgeInput(f"{text} {URGENT} {text}", "Марка")])[0].why
    assert all(letters(word) in letters(f"{text} {URGENT} {text}") for word in why)
    assert max(map(len, why), default=0) <= MAX_WORD
    assert len(why) <= MAX_WHY
    assert len(set(why)) == len(why)


def test_a_post_that_needs_no_answer_has_no_why(
    tiny: Tiny, alarmed: OnnxJudge, tmp_path: Path
) -> None:
    given = [JudgeInput(URGENT, "Марка")]
    calm, urgent = leaning(tiny, tmp_path, 20.0)(given)[0], alarmed(given)[0]
    assert (calm["urgency"], calm.why) == ("low", ())
    assert urgent["urgency"] != "low"
    assert urgent.why


def test_company_changes_no_words(alarmed: OnnxJudge) -> None:
    inputs = [JudgeInput(f"{URGENT} {'очень ' * n}", "Марка") for n in range(9)]
    assert [j.why for j in alarmed(inputs)] == [alarmed([each])[0].why for each in inputs]


def test_tokens_add_up_to_the_answer(judge: OnnxJudge) -> None:
    """The logits of urgency are the bias and what the tokens add: the bias is the same for all."""
    answers = judge.answers([JudgeInput(URGENT, "Марка"), JudgeInput("да")])
    sums = [parts.sum(0) for parts in answers.parts if parts is not None]
    biases = [
        row[span_of("urgency")] - total for row, total in zip(answers.logits, sums, strict=True)
    ]
    assert biases[0] == pytest.approx(biases[1], abs=1e-4)


def test_weights_of_an_older_export_give_no_why(tiny: Tiny, tmp_path: Path) -> None:
    def without_parts(model: onnx.ModelProto) -> None:
        del model.graph.output[1:]

    old = changed(tiny, tmp_path, without_parts)
    new = OnnxJudge.load(tiny.options.out)
    assert (old.explains, new.explains) == (False, True)
    given = [JudgeInput(URGENT, "Марка")]
    assert old(given)[0].probabilities == new(given)[0].probabilities


def test_a_word_is_taken_away_wherever_it_stands() -> None:
    assert without("Деньги, где деньги? Деньгами", {"деньги"}) == ", где ? Деньгами"


class TestShippedModel:
    def test_urgency_hangs_on_the_words_shown(self) -> None:
        """Taking them away lowers it clearly more than taking as many others away."""
        judge = OnnxJudge.load(SHIPPED)
        assert judge.explains
        found = deletion(judge, demo())
        assert found.posts >= 20
        for count in (3, 5):
            assert found.shown[count] > 1.5 * max(found.random[count], 0.0)
        assert found.shown[5] > found.random[5] + 0.05
