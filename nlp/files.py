"""Scoring of files, line by line, without a store: for trials, comparisons and other tools."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from mentions.counts import Counts
from mentions.errors import ConfigError, RecordError
from mentions.whole_file import whole_file
from nlp.judge import Judge, JudgeInput, Judgement, judge_each
from nlp.labels import FIELDS

WINDOW = 2_048  # lines read, sorted by length and scored together
WINDOW_CHARS = 20_000_000  # or fewer, if they are long: memory stays bounded
MAX_LINE = 8_000_000  # bytes; what is longer is no post
PLACES = 6  # of a probability

Report = Callable[[int, str], None]  # line number, what is wrong with it
Progress = Callable[[Mapping[str, int]], None]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the input, understood."""

    number: int
    id: str | int
    input: JudgeInput


def score_file(
    judge: Judge,
    source: Path,
    target: Path,
    names: Mapping[str, str],
    *,
    report: Report,
    progress: Progress = lambda counts: None,
) -> Counts:
    """Score ``source`` into ``target``, in order: lines = scored + rejected.

    ``names`` are the watched brands by id; another brand goes by the name that the line gives.
    """
    counts = Counts(lines=0, scored=0, rejected=0)

    def bad(number: int, reason: str) -> None:
        counts["rejected"] += 1
        report(number, reason)

    with _opened(source) as lines, whole_file(target) as out:
        for window in _windows(_lines(lines, names, counts, bad)):
            judgements = judge_each(judge, [line.input for line in window])
            for line, judgement in zip(window, judgements, strict=True):
                if judgement is None:
                    bad(line.number, "the text breaks the judge")
                    continue
                counts["scored"] += 1
                out.write(_answer(line, judgement))
            progress(counts)
    return counts


@contextmanager
def _opened(source: Path) -> Iterator[IO[bytes]]:
    try:
        lines = source.open("rb")
    except OSError as error:
        raise ConfigError(f"--input {source}: {error.strerror}") from error
    with lines:
        yield lines


def _lines(
    lines: IO[bytes], names: Mapping[str, str], counts: Counts, bad: Report
) -> Iterator[Line]:
    number = 0
    while raw := lines.readline(MAX_LINE):
        number += 1
        whole = len(raw) < MAX_LINE or raw.endswith(b"\n")
        while not whole and (more := lines.readline(MAX_LINE)):
            whole = more.endswith(b"\n")
        if len(raw) < MAX_LINE and not raw.strip():
            continue
        counts["lines"] += 1
        try:
            yield _line(number, raw, names)
        except RecordError as error:
            bad(number, str(error))


def _line(number: int, raw: bytes, names: Mapping[str, str]) -> Line:
    if len(raw) >= MAX_LINE:
        raise RecordError(f"longer than {MAX_LINE} bytes")
    try:
        found = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RecordError("not a line of JSON in UTF-8") from error
    if not isinstance(found, dict):
        raise RecordError("not a JSON object")
    id_, text, brand = found.get("id"), found.get("text"), found.get("brand")
    if not isinstance(id_, str | int) or isinstance(id_, bool):
        raise RecordError("no id: a string or a whole number")
    if not isinstance(text, str):
        raise RecordError("no text: a string")
    if brand is not None and not isinstance(brand, str):
        raise RecordError("brand is no string")
    return Line(number, id_, JudgeInput(text, names.get(brand, brand) if brand else None))


def _windows(lines: Iterator[Line]) -> Iterator[list[Line]]:
    window: list[Line] = []
    chars = 0
    for line in lines:
        window.append(line)
        chars += len(line.input.text) + len(line.input.brand or "") + len(str(line.id))
        if len(window) >= WINDOW or chars >= WINDOW_CHARS:
            yield window
            window, chars = [], 0
    if window:
        yield window


def _answer(line: Line, judgement: Judgement) -> bytes:
    answer = {
        "id": line.id,
        **{field: judgement[field] for field in FIELDS},
        "probabilities": {
            field: {label: round(share, PLACES) for label, share in shares.items()}
            for field, shares in judgement.probabilities.items()
        },
    }
    # ASCII: an id may hold what UTF-8 cannot, such as half of a surrogate pair.
    return f"{json.dumps(answer)}\n".encode()
