"""What a failed call to Slack proves. https://docs.slack.dev/reference/methods lists the errors.

When in doubt, a failure proves nothing: then the channel is read before anything is posted again.
"""

from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import dataclass
from enum import Enum, auto
from http.client import HTTPException
from urllib.error import URLError

from slack_sdk.web import SlackResponse

from alerts.messenger import NotSent, Refused, Unknown
from mentions.errors import ConfigError

# Not this message but we are refused: every alert would meet the same, so none may die of it.
CREDENTIALS = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "token_expired",
        "token_revoked",
    }
)
# Said before anything was done; the same call may work later.
PASSING = frozenset(
    {
        "accesslimited",
        "message_limit_exceeded",
        "org_login_required",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "team_added_to_org",
    }
)
# "It's possible some aspect of the operation succeeded", says Slack of the first two.
AMBIGUOUS = frozenset({"internal_error", "fatal_error", "service_unavailable"})
# The connection was never made.
UNREACHED = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH})
LONGEST_PAUSE = 24 * 3600.0

# All that a call without a readable answer can raise. AttributeError and TypeError come from the
# client itself, which trips over an answer that is JSON but no object; LookupError from a page in
# a character set that nobody knows.
NO_ANSWER = (OSError, HTTPException, UnicodeDecodeError, LookupError, AttributeError, TypeError)


class Proof(Enum):
    """What a failure says about the work that was asked for."""

    NOT_DONE = auto()
    NEVER = auto()
    NOTHING = auto()
    NOT_ALLOWED = auto()  # whatever we ask


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a call has no result."""

    reason: str
    proof: Proof
    retry_after: float | None = None

    def outcome(self) -> NotSent | Refused | Unknown:
        """The same for a post; raises when it is our credentials that are refused."""
        if self.proof is Proof.NOT_ALLOWED:
            raise ConfigError(
                f"Slack refuses our credentials ({self.reason}): check MOLVA_SLACK_TOKEN, the "
                "app's scopes and that it is still installed; docs/alerts.md lists the scopes"
            )
        if self.proof is Proof.NOTHING:
            return Unknown(self.reason)
        if self.proof is Proof.NEVER:
            return Refused(self.reason)
        return NotSent(self.reason, self.retry_after)


def failed_call(error: Exception) -> Failure:
    """No answer came, or none that could be read."""
    cause = error.reason if isinstance(error, URLError) else error
    never_connected = isinstance(cause, socket.gaierror | ssl.SSLCertVerificationError) or (
        isinstance(cause, OSError) and cause.errno in UNREACHED
    )
    return Failure(type(cause).__name__, Proof.NOT_DONE if never_connected else Proof.NOTHING)


def refused_call(response: SlackResponse) -> Failure:
    """Slack, or something before it, has answered, but not with ``ok``."""
    status = response.status_code
    if status == 429:
        return Failure("ratelimited", Proof.NOT_DONE, _seconds(response))
    if status >= 500:
        return Failure(f"http {status}", Proof.NOTHING)
    code = _code(response)
    if code is None:
        # A page of HTML: from a proxy that refused (4xx), or half an answer of Slack's own (200).
        proof = Proof.NOTHING if status == 200 else Proof.NOT_DONE
        return Failure(f"http {status} without JSON", proof)
    return Failure(code, _proof(code))


def _proof(code: str) -> Proof:
    if code in CREDENTIALS:
        return Proof.NOT_ALLOWED
    if code in AMBIGUOUS:
        return Proof.NOTHING
    return Proof.NOT_DONE if code in PASSING else Proof.NEVER


def _code(response: SlackResponse) -> str | None:
    """Slack's name for the error; the client puts a sentence there when it could not read it."""
    data = response.data
    code = data.get("error") if isinstance(data, dict) else None
    return code if isinstance(code, str) and code.isascii() and " " not in code else None


def _seconds(response: SlackResponse) -> float | None:
    """The wish to wait; ``None`` if there is none, or none that makes sense."""
    wished = {name.lower(): value for name, value in response.headers.items()}.get("retry-after")
    try:
        seconds = float(wished or "")
    except ValueError:
        return None
    return min(seconds, LONGEST_PAUSE) if seconds > 0 else None
