"""Addresses of pages, one step further."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit


def with_parameter(
    url: str, name: str, value: int | str | None = None, *, step: int = 0, first: int = 0
) -> str:
    """The address with a query parameter set, or moved on by ``step``; ``first`` if it had none."""
    parts = urlsplit(url)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if value is None:
        before = dict(pairs).get(name, "")
        value = (int(before) if before.isascii() and before.isdigit() else first) + step
    kept = [(key, old) for key, old in pairs if key != name]
    return urlunsplit(parts._replace(query=urlencode([*kept, (name, value)]), fragment=""))


def parameter(url: str, name: str) -> str | None:
    """The value of a query parameter."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True)).get(name)
