"""A post's address as a link that can only lead where it says."""

from __future__ import annotations

from urllib.parse import quote, urlsplit, urlunsplit

# https://docs.slack.dev/reference/block-kit/block-elements/button-element: addresses up to 3,000.
MAX_LINK = 3_000
_KEEP = "/:@!$&'()*+,;=~%[]-._?"  # legal in a path or a query; < > | " ` and blanks are not


def safe_link(address: str) -> str | None:
    """The address with everything unusual percent-encoded, or None if no link can be made of it.

    Only http and https; without the ``user:password@`` that makes one host look like another.
    """
    try:
        parts = urlsplit(address.strip())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return None
    if parts.scheme not in ("http", "https") or not _is_host(host):
        return None
    if ":" in host:
        host = f"[{host}]"
    path, query = _encoded(parts.path), _encoded(parts.query)
    link = urlunsplit((parts.scheme, host + port, path, query, _encoded(parts.fragment)))
    return link if len(link) <= MAX_LINK else None


def _encoded(part: str) -> str:
    return quote(part, safe=_KEEP, errors="replace")


def _is_host(host: str) -> bool:
    return bool(host) and all(c.isalnum() or c in ".-_:" for c in host)
