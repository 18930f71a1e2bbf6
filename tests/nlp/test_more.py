"""The project's own labels: joined to their posts, trained on, and never near a measured row."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mentions.errors import ConfigError
from nlp.challenge import read_challenge
from nlp.evaluate import held_back
from nlp.train.examples import repost_key, text_key, traces
from nlp.train.posts import CUTS, HALVED, LONGEST, PART, cut, edited, pieces, posts, shown
from nlp.train.run import Rows, dry_run
from nlp.train.sets import MORE, read_more, soft
from tests.nlp.conftest import Tiny
from tests.nlp.tiny import make_data, make_more, spelled


def test_labels_find_their_posts_and_one_without_is_left(tmp_path: Path) -> None:
    data, more = make_data(tmp_path / "data"), make_more(tmp_path / "more")
    found = read_more(more, data)
    assert [(e.id, e.text) for e in found["real.jsonl"]] == [
        ("1", "у телекома б всё плохо"),
        ("2", "у телекома в всё плохо"),
    ]
    assert [e.names for e in found["invented.jsonl"]] == [("Новая",)]


def test_no_row_near_a_held_back_one_is_added(tmp_path: Path) -> None:
    data, more = make_data(tmp_path / "data"), make_more(tmp_path / "more")
    held = held_back(data)[0]
    row = json.loads((more / "invented.jsonl").read_text(encoding="utf-8"))
    copy = {**row, "id": "more-2", "text": f"RT @anna: {held.text}!"}
    with (more / "invented.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(copy, ensure_ascii=False) + "\n")
    added = Rows.of(data, more).train["invented.jsonl"]
    assert [e.id for e in added] == ["more-1"]
    assert repost_key(held.text) not in {repost_key(e.text) for e in added}


def test_no_row_that_was_learnt_from_sets_the_temperatures(tmp_path: Path) -> None:
    data, more = make_data(tmp_path / "data"), make_more(tmp_path / "more")
    row = json.loads((more / "invented.jsonl").read_text(encoding="utf-8"))
    known = Rows.of(data, more).train["triage_invented.jsonl"]
    with (more / "invented.jsonl").open("a", encoding="utf-8") as file:
        for at, example in enumerate(known):
            copy = {**row, "id": f"copy-{at}", "brand": "", "text": f"RT @anna: {example.text}"}
            file.write(json.dumps(copy, ensure_ascii=False) + "\n")
    rows = Rows.of(data, more)
    learnt = {trace for found in rows.train.values() for e in found for trace in traces(e)}
    assert len(rows.train["invented.jsonl"]) < 1 + len(known)  # some were drawn for temperatures
    assert rows.tune
    assert all(learnt.isdisjoint(traces(e)) for e in rows.tune)


def test_the_run_counts_them(tiny: Tiny, tmp_path: Path) -> None:
    with_more = dry_run(tiny.options)["rows"]
    without = dry_run(replace(tiny.options, more=tmp_path / "none"))["rows"]
    assert with_more > without


def test_votes_that_nobody_settled_share_the_label() -> None:
    row = {"first": {"urgency": "high"}, "second": {"urgency": "normal"}}
    assert soft(row, "urgency") == (0.0, 0.5, 0.5, 0.0)


def test_a_bad_label_is_named_with_its_line(tmp_path: Path) -> None:
    data, more = make_data(tmp_path / "data"), make_more(tmp_path / "more")
    (more / "real.jsonl").write_text('{"id": "1", "sentiment": "odd"}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"real\.jsonl:1"):
        read_more(more, data)


def test_a_review_is_shown_whole_as_its_annotators_saw_it() -> None:
    review = {"title": "Беда", "pros": "нет", "cons": "очереди", "text": "Стою второй час"}
    assert dict(shown({"id": "1", **review})) == {
        "1": "Беда. Плюсы: нет Минусы: очереди Стою второй час"
    }
    assert len(dict(shown({"id": "1", "text": "а" * 5_000}))["1"]) == LONGEST


def test_a_long_post_has_halves_and_later_pieces_that_are_whole_sentences() -> None:
    told = [f"Звонил в {spelled(at)} раз, и снова ждал ответа до вечера." for at in range(40)]
    found = dict(shown({"id": "1", "text": " ".join(told)}))
    assert list(found) == ["1", "1#head", "1#tail", "1#middle", "1#2", "1#3"]
    assert f"{found['1#head']} {found['1#tail']}" == found["1"]
    assert found["1#middle"] in found["1"]
    assert set(found["1#2"].replace(". ", ".\n").split("\n")) <= set(told)
    assert max(map(len, found.values())) <= LONGEST


@pytest.mark.parametrize("text", ["нет конца " * 200, "", "Да. " + "нет конца " * 40])
def test_where_no_sentence_ends_near_the_middle_nothing_is_parted(text: str) -> None:
    assert PART not in "".join(id_ for id_, _ in shown({"id": "1", "text": text[:LONGEST]}))
    assert all(cut(text, *shares) in text for shares in CUTS.values())
    assert all(len(piece) <= LONGEST for piece in pieces(text))


def test_a_short_post_stays_whole() -> None:
    assert len(dict(shown({"id": "1", "text": "Ждал. " * (HALVED // 6 - 1)}))) == 1


def test_a_part_of_a_held_back_post_or_of_its_copy_is_measured_and_not_added(
    tmp_path: Path,
) -> None:
    data, more = tmp_path / "data", make_more(tmp_path / "more")
    labels = json.loads((more / "real.jsonl").read_text(encoding="utf-8").splitlines()[0])
    told = [f"Звонил в {spelled(at)} раз. Ждал до вечера. " * 9 for at in range(60)]
    _write(
        data / "triage_train.jsonl",
        [{**labels, "id": f"gz-{at}", "text": text} for at, text in enumerate(told)],
    )
    _write(
        data / "bank_reviews_ru.jsonl",
        [{"id": f"gz-{number}", "text": told[number % len(told)]} for number in range(120)],
    )
    parts = [{**labels, "id": f"gz-{number}#tail"} for number in range(120)]
    _write(more / "real.jsonl", parts)
    _write(more / "held.jsonl", parts)
    measured = held_back(data, more)
    held = {int(e.id.removeprefix("gz-")) for e in measured if e.part == "real"}
    held_parts = {int(e.id[3:-5]) % len(told) for e in measured if e.part == "real-parts"}
    added = [int(example.id[3:-5]) for example in Rows.of(data, more).train["real.jsonl"]]
    assert held
    assert held_parts == held
    assert held.isdisjoint(number % len(told) for number in added)
    assert {number % len(told) for number in added} > {1}


TOLD = "Не работает. Жду ответа. Плюсы: нет Минусы: всё"


@pytest.mark.parametrize(
    ("edit", "text"),
    [
        ({"1": "Заработало."}, "Заработало. Жду ответа. Плюсы: нет Минусы: всё"),
        ({"2": None, "4": None}, "Не работает. Плюсы: нет"),
        ({"0+": "Итак."}, "Итак. Не работает. Жду ответа. Плюсы: нет Минусы: всё"),
        ({"4+": "Ответили!", "3": None}, "Не работает. Жду ответа. Минусы: всё Ответили!"),
    ],
)
def test_a_post_is_edited_sentence_by_sentence(edit: dict[str, str | None], text: str) -> None:
    assert edited(TOLD, edit) == text


@pytest.mark.parametrize("place", ["0", "5", "5+", "-1", "x"])
def test_a_sentence_that_is_not_there_cannot_be_edited(place: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"no sentence {place} ")):
        edited(TOLD, {place: "Да."})


def test_an_edit_finds_its_post_or_part_and_stands_where_that_stands(tmp_path: Path) -> None:
    data, more = make_data(tmp_path / "data"), make_more(tmp_path / "more")
    labels = json.loads((more / "real.jsonl").read_text(encoding="utf-8").splitlines()[0])
    long = " ".join(f"Предложение номер {number}." for number in range(HALVED // 10))
    _write(data / "bank_reviews_ru.jsonl", [{"id": "gz-1", "text": long}])
    names = ("gz-1#edit", "gz-1#tail#edit2", "gz-1#99#edit", "gz-2#edit")
    _write(more / "edits.jsonl", [{**labels, "id": name, "edit": {"1": "Да."}} for name in names])
    post, part = read_more(more, data)["edits.jsonl"]
    assert post.text == long.replace("Предложение номер 0.", "Да.")
    assert part.text.startswith("Да. Предложение номер ")
    assert long.endswith(part.text.removeprefix("Да."))
    for found in (post, part):
        assert {"id:gz-1", text_key(long)} <= set(found.keys)


def _write(file: Path, rows: list[dict[str, Any]]) -> None:
    file.parent.mkdir(exist_ok=True)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    file.write_text(lines, encoding="utf-8")


def test_what_the_project_ships_can_be_read_and_holds_no_real_post(tmp_path: Path) -> None:
    assert posts(tmp_path) == {}
    found = read_more(MORE, tmp_path)
    assert found["real.jsonl"] == []
    assert len(found["invented.jsonl"]) > 1_000
    for name in ("real.jsonl", "parts.jsonl", "edits.jsonl"):
        with (MORE / name).open(encoding="utf-8") as lines:
            assert not any("text" in json.loads(line) for line in lines)


def test_nothing_of_the_challenge_set_is_trained_on(tmp_path: Path) -> None:
    asked = {repost_key(post.text) for post in read_challenge()}
    trained = {repost_key(e.text) for found in read_more(MORE, tmp_path).values() for e in found}
    assert len(trained) > 4_000
    assert asked.isdisjoint(trained)
