"""The arguments of one call, as Slack reads them: from JSON or a form, where all are strings."""

from __future__ import annotations

import json
import math
import re
from typing import Any

Args = dict[str, Any]
Ts = tuple[int, int]

MAX_DEPTH = 60
TS = re.compile(r"(\d{1,12})(?:\.(\d{1,6}))?")


class Refusal(Exception):
    """The call is answered with ``ok: false``; the messages explain, as Slack's own do."""

    def __init__(self, name: str, *messages: str) -> None:
        super().__init__(name)
        self.name = name
        self.messages = messages


def read_json(text: str | bytes, malformed: str) -> Any:
    """A JSON value that can be stored and sent again: no NaN, no half characters, not too deep."""
    try:
        return _clean(json.loads(text), MAX_DEPTH)
    except (ValueError, RecursionError):
        raise Refusal(malformed) from None


def text_arg(args: Args, name: str) -> str | None:
    """A string, or None if it is absent; a number is taken as its digits."""
    value = args.get(name)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal("invalid_arguments", f"[ERROR] must be a string [json-pointer:/{name}]")
    return str(value)


def flag(args: Args, name: str) -> bool:
    """A boolean, whichever way it is spelt."""
    return args.get(name) in (True, 1, "1", "true", "True")


def json_arg(args: Args, name: str, malformed: str) -> Any:
    """A structure, given as such or as JSON text; ``malformed`` names the error when it is not."""
    value = args.get(name)
    if not isinstance(value, str):
        return value
    return read_json(value, malformed) if value else None


def objects_arg(args: Args, name: str, malformed: str) -> list[dict[str, Any]] | None:
    """A list of objects, or None if it is absent."""
    value = json_arg(args, name, malformed)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Refusal(malformed)
    return value


def ts_arg(args: Args, name: str, malformed: str) -> Ts | None:
    """A message timestamp in a form that compares; the string itself must never be a float."""
    value = text_arg(args, name)
    if value in (None, "", "now"):
        return None
    found = TS.fullmatch(value or "")
    if not found:
        raise Refusal(malformed)
    return int(found[1]), int((found[2] or "").ljust(6, "0"))


def limit_arg(args: Args, default: int, most: int) -> int:
    """How many items a page may have; more than Slack gives is cut, nonsense is an error."""
    value = text_arg(args, "limit")
    if value in (None, "", "0"):
        return min(default, most)
    if not re.fullmatch(r"\d{1,6}", value or ""):
        raise Refusal("invalid_limit")
    return min(int(value or 1), most)


def _clean(value: Any, depth: int) -> Any:
    if depth == 0 or (isinstance(value, float) and not math.isfinite(value)):
        raise ValueError("nested too deep, or no finite number")
    if isinstance(value, str):
        # JSON can spell half a character, which no file and no page can hold.
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_clean(one, depth - 1) for one in value]
    if isinstance(value, dict):
        return {_clean(key, depth - 1): _clean(one, depth - 1) for key, one in value.items()}
    return value
