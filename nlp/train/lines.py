"""Files of one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from mentions.errors import ConfigError

Row = Mapping[str, Any]
Read = TypeVar("Read")


def rows(file: Path, read: Callable[[Row], Iterable[Read]]) -> Iterator[Read]:
    """What ``read`` makes of each line; a line that it cannot read is named."""
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield from read(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise ConfigError(f"{file}:{number}: not a row of this set: {error!r}") from error
