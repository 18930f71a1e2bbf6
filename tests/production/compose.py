"""What docker-compose.yml says about a service, with its variables filled in as Compose would."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.production.image import REPO

FILES = (REPO / "docker-compose.yml",)
CLUSTER = (*FILES, REPO / "deploy/cluster.yml")
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?:(:?[-?])([^}]*))?\})")


class MissingVariableError(Exception):
    """A secret that has no default, and the words that tell how to make it."""


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of a service that a native process can share."""

    command: list[str]
    environment: dict[str, str]


def read(files: tuple[Path, ...] = FILES) -> dict[str, Any]:
    """The files as they stand, later ones merged over earlier ones as Compose merges mappings."""
    merged: dict[str, Any] = {}
    for file in files:
        merged = _merge(merged, yaml.safe_load(file.read_text(encoding="utf-8")))
    return merged


def service(name: str, values: Mapping[str, str], files: tuple[Path, ...] = FILES) -> Service:
    """Raises ``MissingVariableError`` as Compose does when a variable must be set and is not."""
    whole = fill(read(files)["services"][name], values)
    return Service(
        command=list(whole.get("command", ())),
        environment={key: str(value) for key, value in whole.get("environment", {}).items()},
    )


def fill(value: Any, values: Mapping[str, str]) -> Any:
    """The same with every ``${NAME}`` replaced."""
    if isinstance(value, dict):
        return {key: fill(each, values) for key, each in value.items()}
    if isinstance(value, list):
        return [fill(each, values) for each in value]
    return (
        _VARIABLE.sub(lambda found: _one(found, values), value) if isinstance(value, str) else value
    )


def _one(found: re.Match[str], values: Mapping[str, str]) -> str:
    dollar, name, how, rest = found.groups()
    if dollar:
        return "$"
    value = values.get(name, "")
    if value:
        return value
    if how and how.endswith("?"):
        raise MissingVariableError(f"{name}: {rest}")
    return rest if how else ""


def variables(files: tuple[Path, ...] = FILES) -> dict[str, set[str]]:
    """Every variable that the files read, and how: with ``?`` it is required."""
    found: dict[str, set[str]] = {}
    for file in files:
        for _, name, how, _ in _VARIABLE.findall(file.read_text(encoding="utf-8")):
            if name:
                found.setdefault(name, set()).add(how)
    return found


def _merge(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        both = {key: _merge(below[key], above[key]) for key in below.keys() & above.keys()}
        return {**below, **above, **both}
    return above
