"""Faults as somebody wrote them (a file, a request), read with a complaint for every mistake."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mentions.errors import ConfigError
from molva.dev.slack.faults import FAULTS, Fault


def load_faults(path: Path) -> list[Fault]:
    """The faults of a JSON or TOML file: a list, or a table with the one key ``fault``."""
    try:
        text = path.read_text(encoding="utf-8")
        value = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise ConfigError(f"cannot read {path} ({error.strerror}). Correct --faults.") from error
    except (ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON (a TOML file must end in .toml)"
        raise ConfigError(f"{path} is not {kind}: {error}") from error
    return parse_faults(value, where=str(path))


def parse_faults(value: Any, *, where: str) -> list[Fault]:
    """Faults from plain values: one object, a list of them, or ``{"fault": [...]}``."""
    if isinstance(value, dict):
        value = value["fault"] if set(value) == {"fault"} else [value]
    try:
        return FAULTS.validate_python(value)
    except ValidationError as error:
        lines = [_explain(one) for one in error.errors(include_url=False, include_input=False)]
        raise ConfigError("\n".join(f"{where}: {line}" for line in lines)) from None


def _explain(error: Any) -> str:
    number, *rest = error["loc"] or ("?",)
    problem = error["msg"].removeprefix("Value error, ")
    if not isinstance(number, int):
        return f"{problem}"
    place = ".".join(str(part) for part in rest)
    return f"fault {number + 1}{': ' + place if place else ''}: {problem}"
