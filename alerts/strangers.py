"""What strangers' words go through before they stand beside ours."""

from __future__ import annotations

import re
import unicodedata

from mentions.text import clean

# Marks, embeddings, overrides and isolates of the reading direction, and characters with no shape:
# they hide words or turn around what stands beside them. The joiners of emoji and of Persian stay.
_INVISIBLE = re.compile(
    r"[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)
# One base character with hundreds of accents paints over the lines above and below.
_PILE = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff])"
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{3,}"
)
MASK = "•••"
SHORTEST_NAME = 3  # a shorter one would blot out parts of ordinary words


def plain(text: str) -> str:
    """The same words without control characters and tricks of direction."""
    return _PILE.sub(r"\1", _INVISIBLE.sub("", clean(text))).strip()


def shorten(text: str, most: int) -> str:
    """At most ``most`` characters, with an ellipsis in place of the rest."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    # An accent or a joiner belongs to the character after which the cut is made.
    while kept and (unicodedata.combining(text[len(kept)]) or kept[-1] == "\u200d"):
        kept = kept[:-1]
    return kept.rstrip() + "…"


def first_lines(text: str, most: int) -> str:
    """At most ``most`` lines: a pasted log must not push the next alert off the screen."""
    lines = text.split("\n")
    return text if len(lines) <= most else "\n".join(lines[:most]).rstrip() + "…"


def masked(text: str, name: str | None) -> str:
    """The text without its author's own name, as in a signature."""
    known = plain(name or "").strip()
    if len(known) < SHORTEST_NAME:
        return text
    return re.sub(re.escape(known), MASK, text, flags=re.IGNORECASE)


def escape(text: str) -> str:
    """The three characters that Slack's markup knows; everything it parses begins with ``<``."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
