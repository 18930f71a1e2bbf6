"""JSON over HTTP with the demo's own servers: loopback only, short answers, no retries."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from typing import Any

from mentions.errors import TransientError
from molva.ports import HOST

SECONDS = 10.0

# A question put to one server: path, and a body that makes it a POST; the JSON answer.
Ask = Callable[[str, Mapping[str, Any] | None], Any]


def ask(port: int, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """The JSON answer to a GET, or to a POST of ``body``."""
    return json.loads(fetch(port, path, body))


def fetch(port: int, path: str, body: Mapping[str, Any] | None = None) -> bytes:
    """The answer as it came; anything but 200 is a ``TransientError``."""
    connection = http.client.HTTPConnection(HOST, port, timeout=SECONDS)
    try:
        if body is None:
            connection.request("GET", path)
        else:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise TransientError(f"no answer from {HOST}:{port}{path}: {error}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise TransientError(f"{HOST}:{port}{path} answers {answer.status}")
    return content


def answers(port: int, path: str) -> bool:
    """Whether a server is up."""
    try:
        fetch(port, path)
    except TransientError:
        return False
    return True
