"""Places where a test can let the process die, as a power cut would.

``MOLVA_FAILPOINT=name`` kills the process without warning when it reaches that name for the first
time. Nothing is flushed, closed or rolled back.
"""

from __future__ import annotations

import os
import signal

FAILPOINTS = {
    "crawl-before-store": "posts are fetched, none of the batch is stored",
    "crawl-after-store": "a batch is stored, the bookmark has not moved",
    "crawl-after-bookmark": "a bookmark has moved, the run is not recorded",
    "score-before-write": "a batch is scored, nothing of it is stored",
    "score-after-write": "a batch of scores is stored, others are missing",
    "decide-before-alert": "decisions are made, neither alerts nor decisions are stored",
    "decide-after-alert": "alerts are stored, their decisions are not",
    "respond-before-posting": "an alert is read, its attempt is not recorded",
    "respond-after-posting": "the attempt is recorded, nothing was sent",
    "respond-after-accept": "Slack has the message, we have not recorded it",
    "respond-after-sent": "the message is recorded as sent",
}


def failpoint(name: str) -> None:
    """Die here if the environment asks for it; otherwise nothing."""
    if name not in FAILPOINTS:
        raise LookupError(f"failpoint {name} is not listed")
    if os.environ.get("MOLVA_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
