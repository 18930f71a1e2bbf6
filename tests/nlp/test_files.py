"""``molva score --input``: a line for each good line, in order, and a word about each bad one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mentions.errors import ConfigError
from molva.commands.score import command
from nlp import files
from nlp.files import score_file
from nlp.labels import FIELDS, said
from nlp.onnx_judge import OnnxJudge

NAMES = {"marka": "Марка"}


class Scored:
    """Runs the judge over lines, and keeps what came of it."""

    def __init__(self, judge: OnnxJudge, place: Path, lines: list[bytes]) -> None:
        source, target = place / "in.jsonl", place / "out.jsonl"
        source.write_bytes(b"\n".join(lines))
        self.bad: list[tuple[int, str]] = []
        self.counts = score_file(
            judge, source, target, NAMES, report=lambda n, why: self.bad.append((n, why))
        )
        self.rows = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
        self.files = {path.name for path in place.iterdir()}


def line(**fields: Any) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")


def test_each_line_gets_every_field_in_order(judge: OnnxJudge, tmp_path: Path) -> None:
    lines = [line(id=n, text="слово " * (n % 7), brand="marka") for n in range(50)]
    scored = Scored(judge, tmp_path, lines)
    assert [row["id"] for row in scored.rows] == list(range(50))
    for row in scored.rows:
        assert set(row) == {"id", *FIELDS, "probabilities"}
        for field, labels in FIELDS.items():
            shares = row["probabilities"][field]
            assert list(shares) == list(labels)
            assert row[field] == said(field, shares)
    assert scored.counts == {"lines": 50, "scored": 50, "rejected": 0}


def test_a_brand_may_be_an_id_or_a_name(judge: OnnxJudge, tmp_path: Path) -> None:
    lines = [line(id="1", text="плохо", brand=brand) for brand in ("marka", "Марка", "Иная", None)]
    by_id, by_name, other, none = Scored(judge, tmp_path, lines).rows
    assert by_id == by_name
    assert other["probabilities"] != by_id["probabilities"] != none["probabilities"]


BAD = {
    b"{": "not a line of JSON",
    b"[1]": "not a JSON object",
    b"\xff\xfe": "not a line of JSON",
    b'{"text": "a"}': "no id",
    b'{"id": true, "text": "a"}': "no id",
    b'{"id": 1}': "no text",
    b'{"id": 1, "text": 5}': "no text",
    b'{"id": 1, "text": "a", "brand": 7}': "brand is no string",
    b"[" * 100_000: "not a line of JSON",
}


@pytest.mark.parametrize(("raw", "reason"), BAD.items())
def test_a_bad_line_is_counted_and_named(
    judge: OnnxJudge, tmp_path: Path, raw: bytes, reason: str
) -> None:
    scored = Scored(judge, tmp_path, [line(id=1, text="a"), raw, line(id=2, text="b")])
    assert [row["id"] for row in scored.rows] == [1, 2]
    ((number, why),) = scored.bad
    assert number == 2
    assert reason in why
    assert scored.counts == {"lines": 3, "scored": 2, "rejected": 1}


def test_blank_lines_are_no_lines(judge: OnnxJudge, tmp_path: Path) -> None:
    scored = Scored(judge, tmp_path, [b"", line(id=1, text="a"), b"  ", b""])
    assert scored.counts == {"lines": 1, "scored": 1, "rejected": 0}


def test_a_line_too_long_for_a_post_is_skipped_whole(judge: OnnxJudge, tmp_path: Path) -> None:
    huge = line(id=1, text="a" * (files.MAX_LINE * 2))
    scored = Scored(judge, tmp_path, [huge, line(id=2, text="b")])
    assert [row["id"] for row in scored.rows] == [2]
    assert scored.bad[0][0] == 1


def test_half_a_surrogate_pair_survives(judge: OnnxJudge, tmp_path: Path) -> None:
    scored = Scored(judge, tmp_path, [rb'{"id": "\ud800", "text": "\ud83d plain"}'])
    assert scored.rows[0]["id"] == "\ud800"


@given(st.lists(st.binary(max_size=40).filter(lambda raw: b"\n" not in raw), max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_add_up(judge: OnnxJudge, tmp_path: Path, lines: list[bytes]) -> None:
    scored = Scored(judge, tmp_path, lines)
    assert scored.counts["lines"] == scored.counts["scored"] + scored.counts["rejected"]


def test_nothing_but_the_result_is_left(judge: OnnxJudge, tmp_path: Path) -> None:
    assert Scored(judge, tmp_path, [line(id=1, text="a")]).files == {"in.jsonl", "out.jsonl"}


def test_a_run_that_dies_leaves_the_old_result(judge: OnnxJudge, tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    target.write_text("old")
    (tmp_path / "in.jsonl").write_bytes(b"{\n")

    def die(number: int, reason: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_file(judge, tmp_path / "in.jsonl", target, {}, report=die)
    assert target.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"in.jsonl", "out.jsonl"}


def test_missing_files_are_configuration_errors(judge: OnnxJudge, tmp_path: Path) -> None:
    there = tmp_path / "in.jsonl"
    there.write_text("")
    for source, target in ((tmp_path / "no", tmp_path / "out"), (there, tmp_path / "no/out")):
        with pytest.raises(ConfigError, match="no"):
            score_file(judge, source, target, {}, report=lambda number, reason: None)


def test_the_command_needs_neither_store_nor_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.jsonl").write_bytes(line(id="a", text="всё плохо", brand="Ромашка") + b"\nnonsense\n")
    run = CliRunner().invoke(command, ["--input", "in.jsonl", "--output", "out.jsonl", "--json"])
    assert json.loads(run.stdout) == {"lines": 2, "scored": 1, "rejected": 1}
    assert "in.jsonl:2: not a line of JSON" in run.stderr
    assert json.loads(Path("out.jsonl").read_text())["sentiment"] == "negative"
