"""What keeps a site from answering, in words."""

from __future__ import annotations

from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
)
from twisted.internet.error import ConnectError, ConnectionClosed

_REASONS: dict[type[Exception], str] = {
    CannotResolveHostError: "its name cannot be resolved",
    DownloadConnectionRefusedError: "it refuses the connection",
    DownloadTimeoutError: "it does not answer in time",
    DownloadFailedError: "the connection fails",
    ResponseDataLossError: "the connection breaks",
    ConnectError: "the connection fails",
    ConnectionClosed: "the connection breaks",
}
DOWN: tuple[type[Exception], ...] = tuple(_REASONS)


def why_down(error: Exception) -> str:
    if "certificate verify failed" in str(error):
        return "its certificate cannot be verified"
    return next(why for kind, why in _REASONS.items() if isinstance(error, kind))
