"""Reading a request: its size, its arguments, its token. Whoever sent it may mean harm."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from molva.dev.slack.args import Args, Refusal, read_json

# A message with everything Slack takes is far below; more is somebody's mistake.
MAX_BODY = 1_000_000
MAX_FIELDS = 200


def read_call(query: str, headers: Mapping[str, str], body: bytes) -> tuple[Args, str | None]:
    """The arguments of a call and its token, from address, form or JSON."""
    args: Args = _form(query)
    args.pop("token", None)  # Slack takes no token from an address: it would end up in logs.
    args |= _body(headers.get("Content-Type") or "", body)
    token = args.pop("token", None)
    scheme, _, bearer = (headers.get("Authorization") or "").partition(" ")
    if scheme.lower() == "bearer":
        token = bearer.strip()
    return args, token if isinstance(token, str) else None


def _body(content_type: str, body: bytes) -> Args:
    if not body:
        return {}
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        value = read_json(body, "invalid_json")
        if not isinstance(value, dict):
            raise Refusal("json_not_object")
        return value
    if kind == "application/x-www-form-urlencoded":
        return _form(body.decode("utf-8", "replace"))
    raise Refusal("invalid_post_type" if kind else "missing_post_type")


def _form(text: str) -> Args:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError:
        raise Refusal("invalid_form_data") from None
