"""What becomes of one call to the Web API: token, pace, faults, and then the method itself."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import structlog

from molva.dev.slack.args import Args, Refusal
from molva.dev.slack.faults import (
    ERROR_PAGE,
    Error,
    Fault,
    Faults,
    Hang,
    Lag,
    Lose,
    NoMetadata,
    RateLimit,
    Refuse,
    Reset,
    Status,
    Truncate,
)
from molva.dev.slack.history import Lens
from molva.dev.slack.methods import Answer, WebApi
from molva.dev.slack.pace import PaceKeeper
from molva.dev.slack.state import Bot, Workspace

log = structlog.get_logger()

HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes over the wire, and how: after a wait, whole, by half, or not at all."""

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    wait: float = 0.0
    ends: Literal["well", "half", "close", "reset"] = "well"


def json_reply(value: Any, status: int = 200) -> Reply:
    """A JSON answer."""
    return Reply(json.dumps(value, ensure_ascii=False).encode(), status)


class Calls:
    """Answers calls, and counts them by method and outcome."""

    def __init__(
        self,
        workspace: Workspace,
        api: WebApi,
        faults: Faults,
        pace: PaceKeeper,
        outage: Callable[[float], None],
    ) -> None:
        self._workspace = workspace
        self._api = api
        self._faults = faults
        self._pace = pace
        self._outage = outage
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def counts(self) -> dict[str, int]:
        """``method outcome`` and how often: the outcome is ok, an error's name or a fault's."""
        with self._lock:
            return dict(sorted(self._counts.items()))

    def answer(self, method: str, args: Args, token: str | None) -> Reply:
        """The reply to one call; whatever it stores is stored when this returns."""
        try:
            bot = self._authorise(token)
            if not self._api.knows(method):
                raise Refusal("unknown_method")
        except Refusal as refusal:
            return self._done(method, refusal.name, json_reply(_refused(refusal)))
        channel = str(args.get("channel") or "")
        known = self._workspace.find(channel)
        # By name, which is known before the first post creates the channel.
        name = known.name if known else channel.removeprefix("#").lower()
        wait = self._pace.wait_for(method, bot.app_id, name)
        if wait:
            return self._done(method, "ratelimited", _rate_limited(str(wait)))
        names = {channel, known.id, known.name, f"#{known.name}"} if known else {channel}
        fault = self._faults.take(method, names)

        def run(lens: Lens | None = None) -> Answer:
            return self._run(method, args, bot, lens or Lens())

        try:
            if fault is None:
                answer = run()
                return self._done(method, answer.get("error", "ok"), json_reply(answer))
            return self._done(method, f"fault {fault.action}", self._play(fault, run))
        except OSError as error:
            log.error("message not kept", method=method, error=str(error))
            return self._done(method, "not kept", Reply(ERROR_PAGE.encode(), 500, HTML))

    def _run(self, method: str, args: Args, bot: Bot, lens: Lens) -> Answer:
        try:
            return self._api.call(method, args, bot, lens)
        except Refusal as refusal:
            return _refused(refusal)

    def _authorise(self, token: str | None) -> Bot:
        if not token:
            raise Refusal("not_authed")
        if token.startswith(("xoxp-", "xapp-")):
            raise Refusal("not_allowed_token_type")
        if not token.startswith("xoxb-") or len(token) == len("xoxb-"):
            raise Refusal("invalid_auth")
        return Bot.of(token)

    def _play(self, fault: Fault, run: Callable[..., Answer]) -> Reply:
        if isinstance(fault, RateLimit):
            return _rate_limited(fault.retry_after)
        if isinstance(fault, Refuse):
            self._outage(fault.seconds)
            return Reply(ends="reset")
        if isinstance(fault, Lose):
            return json_reply(self._lose(run))
        if isinstance(fault, Lag):
            return json_reply(run(Lens(stored_before=self._workspace.clock() - fault.seconds)))
        if isinstance(fault, NoMetadata):
            return json_reply(run(Lens(metadata=False)))
        return _break(fault, run() if fault.stored else None)

    def _lose(self, run: Callable[..., Answer]) -> Answer:
        with self._workspace.lock:
            answer = run()
            channel = self._workspace.by_id(str(answer.get("channel")))
            if channel and answer["ok"]:
                self._workspace.drop(channel, answer["ts"])
            return answer

    def _done(self, method: str, outcome: str, reply: Reply) -> Reply:
        with self._lock:
            self._counts[f"{method} {outcome}"] += 1
        log.debug("slack call", method=method, outcome=outcome, status=reply.status)
        return reply


def _break(fault: Status | Error | Hang | Reset | Truncate, answer: Answer | None) -> Reply:
    """A broken reply; ``answer`` is what the call brought about, if it was let do so."""
    whole = json_reply(answer) if answer else Reply(ends="close")
    if isinstance(fault, Status):
        return Reply(fault.body.encode(), fault.code, fault.content_type)
    if isinstance(fault, Error):
        return json_reply({"ok": False, "error": fault.error})
    if isinstance(fault, Hang):
        return replace(whole, wait=fault.seconds)
    if isinstance(fault, Truncate):
        return replace(whole, ends="half", body=whole.body or ERROR_PAGE.encode())
    return Reply(ends=fault.action)


def _refused(refusal: Refusal) -> Answer:
    answer: Answer = {"ok": False, "error": refusal.name}
    if refusal.messages:
        answer["response_metadata"] = {"messages": list(refusal.messages)}
        answer["errors"] = [message.removeprefix("[ERROR] ") for message in refusal.messages]
    return answer


def _rate_limited(retry_after: str | int | None) -> Reply:
    headers = () if retry_after is None else (("Retry-After", str(retry_after)),)
    return replace(json_reply({"ok": False, "error": "ratelimited"}, 429), headers=headers)
