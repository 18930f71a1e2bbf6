"""Where in ``watch.toml`` a problem stands, what it is, and how to mend it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Keys = Mapping[str, Sequence[str]]  # table name to the keys it knows; "" is the file itself

_HEADER = re.compile(r"^\s*\[+\s*([^\]]+?)\s*\]+")
_KEY = re.compile(r"""^\s*([A-Za-z0-9_."'-]+)\s*=""")
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that a person must change."""

    where: str
    line: int | None
    message: str
    cure: str = ""

    def __str__(self) -> str:
        place = self.where if self.line is None else f"{self.where}:{self.line}"
        return f"{place}: {self.message}" + (f" ({self.cure})" if self.cure else "")


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The line of the deepest part of ``path`` that stands in the file."""
    found: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            for depth in range(1, len(table) + 1):
                found.setdefault(table[:depth], number)
        elif key := _KEY.match(line):
            found.setdefault((*table, *_parts(key[1])), number)
    for depth in range(len(path), 0, -1):
        if path[:depth] in found:
            return found[path[:depth]]
    return None


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip(" \"'") for part in dotted.split("."))


def syntax_problem(where: str, error: tomllib.TOMLDecodeError) -> Problem:
    message = str(error)
    at = _AT_LINE.search(message)
    cure = "text stands in double quotes, lists in [ ], tables under [name]"
    return Problem(where, int(at[1]) if at else None, f"not valid TOML: {message}", cure)


def problems_in(where: str, text: str, error: ValidationError, known: Keys) -> list[Problem]:
    """One problem per fault that pydantic found, in the file's order, without the values."""
    faults = error.errors(include_url=False, include_input=False)
    problems = [_problem(where, text, fault, known) for fault in faults]
    return sorted(problems, key=lambda problem: problem.line or 0)


def _problem(where: str, text: str, fault: ErrorDetails, known: Keys) -> Problem:
    path = tuple(str(part) for part in fault["loc"] if part != "[key]")
    message = fault["msg"].removeprefix("Value error, ")
    cure = ""
    if fault["type"] == "extra_forbidden":
        message, cure = "unknown key", _nearest(path, known)
    elif fault["type"] == "missing":
        message, cure = "is missing", f'add {path[-1]} = "…" to [{".".join(path[:-1])}]'
    elif fault["type"] == "string_pattern_mismatch":
        message, cure = "has the wrong form", _form(path)
    return Problem(where, line_of(text, path), f"{'.'.join(path)}: {message}", cure)


def _nearest(path: tuple[str, ...], known: Keys) -> str:
    keys = known.get(path[0], ()) if len(path) > 1 else known[""]
    guess = difflib.get_close_matches(path[-1], keys, n=1)
    return f"did you mean {guess[0]}?" if guess else f"known here: {', '.join(keys)}"


def _form(path: tuple[str, ...]) -> str:
    if path[-1] == "channel":
        return 'a channel is "#name" or its id'
    if path[-1] == "model":
        return 'a model is "owner/name@revision", the revision a whole commit of 40 hex digits'
    return "ids use a-z, 0-9, _ and -, and begin with a letter or digit"
