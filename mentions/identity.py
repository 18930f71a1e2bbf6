"""Names that never change: the same post gets the same id on every crawl, on every machine.

An id is the first 32 hex digits of the SHA-256 of a compact UTF-8 JSON array. JSON keeps the parts
apart, so that no choice of native ids can make two posts share an id by joining differently.
"""

from __future__ import annotations

import hmac
import json
from hashlib import sha256

ID_LENGTH = 32


def post_id(site: str, native_id: str) -> str:
    return sha256(_canonical([site, native_id])).hexdigest()[:ID_LENGTH]


def mention_id(site: str, native_id: str, brand: str) -> str:
    return sha256(_canonical([site, native_id, brand])).hexdigest()[:ID_LENGTH]


def author_key(secret: str, site: str, author_id: str) -> str:
    """A pseudonym that only the holder of the secret can link to the author."""
    message = _canonical([site, author_id])
    return hmac.new(secret.encode(), message, sha256).hexdigest()[:ID_LENGTH]


def text_hash(*parts: str | None) -> str:
    """Changes when, and only when, what a reader would judge has changed."""
    return sha256(_canonical(list(parts))).hexdigest()[:ID_LENGTH]


def _canonical(parts: list[str | None] | list[str]) -> bytes:
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode()
