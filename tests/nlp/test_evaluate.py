"""What an evaluation says: tables by set, language and trade; files for people and programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from molva.commands.evaluate import command
from nlp.challenge import CHALLENGE, Passed, read_challenge
from nlp.evaluate import Evaluation, evaluate
from nlp.figures import MEASURES
from nlp.judge import JudgeInput, Judgement
from nlp.labels import FIELDS
from nlp.onnx_judge import CONFIG
from nlp.report import NUMBERS, PAGE, PLOT, WRONG, Report
from nlp.trades import OTHER, TRADES, brands, trades_of
from nlp.train.examples import Example
from nlp.train.sets import one_hot
from tests.nlp.conftest import Tiny
from tests.nlp.tiny import spelled

BANK, FLIGHT = "КедрБанк", "Norrbird Air"  # of the training files; invented


class Middle:
    """Calls everything the second label of its field, and is 70 % sure of it."""

    model = "middle@0"

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        found = {}
        for field, labels in FIELDS.items():
            rest = 0.3 / (len(labels) - 1)
            found[field] = {label: 0.7 if at == 1 else rest for at, label in enumerate(labels)}
        return [Judgement(found) for _ in inputs]


def example(id_: str, part: str, brand: str = "", language: str = "ru", label: int = 1) -> Example:
    targets = {field: one_hot(labels[label], labels) for field, labels in FIELDS.items()}
    if part.startswith("tweets-"):
        targets = {"sentiment": targets["sentiment"]}
    names = (brand,) if brand else ()
    text = "слова " + "".join(spelled(int(c)) if c.isdigit() else c for c in id_)
    return Example(id_, part, text, targets, language, names, keys=(id_,))


def made() -> Evaluation:
    rows = [
        *(example(f"ru-{at}", "invented", BANK, label=at % 3) for at in range(30)),
        *(example(f"en-{at}", "invented", FLIGHT, "en") for at in range(12)),
        *(example(f"gz-{at}", "real", label=at % 2) for at in range(15)),
        example("77", "real"),
        example("77/mts", "tweets-telecoms"),
    ]
    return evaluate(Middle(), rows)


def test_there_is_a_table_by_set_and_language() -> None:
    sets = made().sets
    assert list(sets) == ["invented", "invented en", "invented ru", "real", "tweets-telecoms"]
    assert [row["rows"] for row in sets.values()] == [42, 12, 30, 16, 1]
    english = sets["invented en"]["figures"]
    assert english["urgency F1"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert english["urgency ECE"]["value"] == pytest.approx(0.3)
    assert "urgent R" not in english  # nothing there was urgent
    assert set(sets["tweets-telecoms"]["figures"]) == {"sentiment F1", "sentiment ECE"}


def test_there_is_a_table_by_trade() -> None:
    trades = made().trades
    assert {name: row["rows"] for name, row in trades.items()} == {
        "invented airlines": 12,
        "invented banks": 30,
        "real banks": 15,
        "real telecoms": 1,
    }


def test_confusions_count_true_labels_by_row() -> None:
    table = made().confusions["invented"]["sentiment"]
    assert table == [[0, 10, 0], [0, 22, 0], [0, 10, 0]]
    assert "urgency" not in made().confusions["tweets-telecoms"]


def test_a_brand_without_a_trade_is_said_to_be_other() -> None:
    rows = [
        example("1", "invented", "Никому не ведомая марка"),
        example("2", "invented", BANK.upper()),
        example("te-5", "real"),
    ]
    assert trades_of(rows) == [OTHER, "banks", OTHER]


def test_every_trade_is_a_listed_one_and_is_used() -> None:
    assert set(brands().values()) == set(TRADES)


class TestReport:
    def report(self) -> Report:
        posts = read_challenge()
        judgements = Middle()([JudgeInput(post.text) for post in posts])
        return Report("middle@0", Passed(posts, judgements), made())

    def test_it_holds_tables_confusions_and_a_picture(self, tmp_path: Path) -> None:
        self.report().write(tmp_path / "new" / "out")
        page = (tmp_path / "new" / "out" / PAGE).read_text(encoding="utf-8")
        for words in ("invented ru", "real banks", "irony", "| invented: topic |", PLOT):
            assert words in page
        numbers = json.loads((tmp_path / "new" / "out" / NUMBERS).read_text(encoding="utf-8"))
        figure = numbers["measured"]["real"]["figures"]["sentiment F1"]
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
        assert numbers["challenge"]["all"]["rows"] == len(read_challenge())
        assert (tmp_path / "new" / "out" / PLOT).read_bytes().startswith(b"\x89PNG")

    def test_wrong_posts_go_without_their_texts(self, tmp_path: Path) -> None:
        assert self.report().write_wrong(tmp_path, 20) == 20
        text = (tmp_path / WRONG).read_text(encoding="utf-8")
        assert "слова" not in text
        rows = [json.loads(line) for line in text.splitlines()]
        assert [row["set"] for row in rows[:3]] == [CHALLENGE, "invented", "real"]
        for row in rows:
            assert row["wrong"]
            for field in row["wrong"]:
                assert row["truth"][field] != row["judged"][field]
                assert row["probabilities"][field][row["judged"][field]] == 0.7

    def test_a_right_row_is_not_among_them(self, tmp_path: Path) -> None:
        many = self.report().write_wrong(tmp_path, 10_000)
        lines = (tmp_path / WRONG).read_text(encoding="utf-8").splitlines()
        ids = [json.loads(line)["id"] for line in lines]
        assert many == len(ids) == len(set(ids))
        assert not any(id_.startswith("en-") or id_ == "77" for id_ in ids)


def test_the_command_writes_all_of_it(tiny: Tiny, tmp_path: Path) -> None:
    where = ["--data", tiny.options.data, "--model", tiny.options.out, "--out", tmp_path]
    run = CliRunner().invoke(command, [*map(str, where), "--wrong", "5", "--json"])
    answer = json.loads(run.stdout)
    assert answer["measured"] == json.loads(json.dumps(tiny.answer["measured"]))
    assert "challenge posts: 434 of 434" in run.stderr
    assert {path.name for path in tmp_path.iterdir()} == {
        PAGE,
        NUMBERS,
        PLOT,
        WRONG,
        "MODEL_CARD.md",
    }
    card = (tiny.options.out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8") == card


def test_a_model_that_does_not_say_how_it_was_trained_has_no_card(
    tiny: Tiny, tmp_path: Path
) -> None:
    config = json.loads((tiny.options.out / CONFIG).read_text(encoding="utf-8"))
    del config["training"]
    (tmp_path / CONFIG).write_text(json.dumps(config), encoding="utf-8")
    TestReport().report().write_card(tmp_path, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {CONFIG}


def test_wrong_posts_need_a_place_to_go() -> None:
    run = CliRunner().invoke(command, ["--wrong", "5"])
    assert run.exit_code == 2
    assert "--out" in run.output


def test_measures_are_named_once() -> None:
    assert {measure.field for measure in MEASURES.values()} == set(FIELDS)
