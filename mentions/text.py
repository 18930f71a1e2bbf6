"""What strangers' text is reduced to before anything else touches it."""

from __future__ import annotations

import re
import unicodedata

_SURROGATE = re.compile(r"[\ud800-\udfff]")
# Tab and newline carry meaning; every other control character only breaks logs, JSON and terminals.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BLANK_LINES = re.compile(r"\n{3,}")
# Overrides of the reading direction let a stranger's text rewrite what stands beside it.
_BIDI = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """Valid Unicode with no control characters; what a person reads stays as it was."""
    text = _SURROGATE.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")
    return _BLANK_LINES.sub("\n\n", _CONTROL.sub("", text)).strip()


def clean_line(text: str) -> str:
    """``clean``, on one line and without direction overrides: for names and titles."""
    return " ".join(_BIDI.sub("", clean(text)).split())


def normalise(text: str) -> str:
    """For comparing and matching: compatibility forms folded, lower case, ё as е."""
    return unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
