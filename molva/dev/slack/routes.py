"""Which address answers what: Slack's methods, and the page and the switches beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from mentions.errors import ConfigError
from molva.dev.slack.args import Refusal, read_json
from molva.dev.slack.calls import HTML, Calls, Reply, json_reply
from molva.dev.slack.fault_file import parse_faults
from molva.dev.slack.faults import Faults
from molva.dev.slack.http import Request
from molva.dev.slack.message_html import anchor
from molva.dev.slack.page import render_page
from molva.dev.slack.request import read_call
from molva.dev.slack.state import Workspace
from molva.dev.slack.views import channel_view, dump

API = "/api/"
PERMALINK = re.compile(r"/archives/([A-Z0-9]{1,20})/p(\d{1,12})(\d{6})")
# The page itself says more (which style is allowed); only a header can forbid frames.
PAGE_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Frame-Options", "DENY"),
)
FLAGS = ("is_archived", "is_member")


class Routes:
    """Answers a request whose body has been read."""

    def __init__(
        self,
        workspace: Workspace,
        calls: Calls,
        faults: Faults,
        begin_outage: Callable[[], object],
    ) -> None:
        self._workspace = workspace
        self._calls = calls
        self._faults = faults
        self._begin_outage = begin_outage
        self._routes: Mapping[tuple[str, str], Callable[[Request], Reply]] = {
            ("GET", "/"): self._page,
            ("GET", "/page.html"): self._page,
            ("GET", "/api/dump"): self._dump,
            ("GET", "/faults"): self._report_faults,
            ("POST", "/faults"): self._add_faults,
            ("DELETE", "/faults"): self._clear_faults,
            ("POST", "/channels"): self._change_channel,
        }

    def answer(self, request: Request) -> Reply:
        """The reply to one request."""
        verb = "GET" if request.method == "HEAD" else request.method
        route = self._routes.get((verb, request.path))
        try:
            if route:
                return route(request)
            if request.path.startswith(API):
                return self._call(request)
        except ConfigError as error:
            return json_reply({"ok": False, "error": str(error)}, 400)
        permalink = PERMALINK.fullmatch(request.path)
        if permalink:
            target = anchor(permalink[1], f"{permalink[2]}.{permalink[3]}")
            return Reply(status=302, headers=(("Location", f"/#{target}"),))
        return json_reply({"ok": False, "error": "not_found"}, 404)

    def _call(self, request: Request) -> Reply:
        args, token = read_call(request.query, request.headers, request.body)
        return self._calls.answer(request.path.removeprefix(API), args, token)

    def _page(self, request: Request) -> Reply:
        query = {key: values[-1] for key, values in parse_qs(request.query).items()}
        refresh = query.get("refresh", "")
        page = render_page(
            self._workspace,
            language="ru" if query.get("lang") == "ru" else "en",
            zone=datetime.now(UTC).astimezone().tzinfo or UTC,
            served=True,
            refresh=int(refresh) if re.fullmatch(r"[1-9]\d{0,3}", refresh) else None,
        )
        return Reply(page.encode(), content_type=HTML, headers=PAGE_HEADERS)

    def _dump(self, _request: Request) -> Reply:
        return json_reply(dump(self._workspace) | {"calls": self._calls.counts()})

    def _report_faults(self, _request: Request) -> Reply:
        return json_reply(self._faults.report())

    def _add_faults(self, request: Request) -> Reply:
        faults = parse_faults(_json(request), where="faults")
        self._faults.add(faults)
        self._begin_outage()
        return json_reply({"ok": True, "added": len(faults)})

    def _clear_faults(self, _request: Request) -> Reply:
        self._faults.clear()
        return json_reply({"ok": True})

    def _change_channel(self, request: Request) -> Reply:
        """Create, rename, archive or leave a channel, as somebody in the workspace might."""
        wanted = _json(request)
        if not isinstance(wanted, dict) or not isinstance(wanted.get("name"), str):
            raise ConfigError('give {"name": "#channel"}, and what changes about it')
        changes: dict[str, Any] = {key: wanted[key] for key in FLAGS if key in wanted}
        if not all(isinstance(value, bool) for value in changes.values()):
            raise ConfigError("is_archived and is_member are true or false")
        with self._workspace.lock:
            channel = self._workspace.find(wanted["name"]) or self._workspace.create(wanted["name"])
            if channel is None:
                raise ConfigError(f"{wanted['name']!r} is no name for a channel")
            if "new_name" in wanted:
                changes["name"] = str(wanted["new_name"]).removeprefix("#").lower()
            self._workspace.change_channel(channel, **changes)
            return json_reply({"ok": True, "channel": channel_view(channel)})


def _json(request: Request) -> Any:
    # A website may send a form here without asking; it may not send JSON.
    if (request.headers.get("Content-Type") or "").partition(";")[0] != "application/json":
        raise ConfigError("send it as application/json")
    try:
        return read_json(request.body, "invalid_json")
    except Refusal:
        raise ConfigError("the body is no JSON") from None
