"""Post files: one post a line, as ``molva crawl --out`` writes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from crawlers.base import reason
from mentions.counts import Counts
from mentions.errors import ConfigError
from mentions.matching import Matcher
from mentions.model import MatchedPost
from mentions.whole_file import whole_file

MAX_NAMED = 100  # bad lines that are named one by one


@dataclass(slots=True)
class Matching:
    """What became of the lines: read = matched + unmatched + rejected."""

    counts: Counts = field(
        default_factory=lambda: Counts(read=0, matched=0, unmatched=0, rejected=0)
    )
    bad: list[str] = field(default_factory=list)  # "line 7: why"

    def reject(self, number: int, why: str) -> None:
        self.counts["rejected"] += 1
        if len(self.bad) < MAX_NAMED:
            self.bad.append(f"line {number}: {why}")


def match_file(matcher: Matcher, source: Path, target: Path) -> Matching:
    """Write every readable line again with its ``brands``; the file is there whole or not at all.

    One line is in memory at a time.
    """
    result = Matching()
    try:
        lines = source.open("rb")
    except OSError as error:
        raise ConfigError(f"cannot read {source}: {error.strerror}") from error
    with lines, whole_file(target) as out:
        for post in _posts(lines, result):
            brands = matcher.match(post.text, post.title)
            result.counts["matched" if brands else "unmatched"] += 1
            matched = post.model_copy(update={"brands": brands})
            out.write(matched.model_dump_json(exclude_none=True).encode() + b"\n")
    return result


def _posts(lines: Iterable[bytes], result: Matching) -> Iterator[MatchedPost]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        result.counts["read"] += 1
        try:
            yield MatchedPost.model_validate_json(line.removeprefix(b"\xef\xbb\xbf"))
        except ValidationError as error:
            result.reject(number, reason(error))
