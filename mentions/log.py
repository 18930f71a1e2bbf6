"""One way to log: constant messages, facts as fields, never a post's text or an author's name."""

from __future__ import annotations

import logging
import os
import sys

import structlog


def configure() -> None:
    """Log to standard error: lines for people on a terminal, JSON elsewhere.

    ``MOLVA_LOG`` chooses the level (default ``info``).
    """
    wanted = os.environ.get("MOLVA_LOG", "info").upper()
    level = logging.getLevelNamesMapping().get(wanted, logging.INFO)
    renderer = (
        structlog.dev.ConsoleRenderer(colors=False)
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # Libraries say warnings and worse; their chatter about single requests is not ours to store.
    logging.basicConfig(level=max(level, logging.WARNING), stream=sys.stderr)
    # Says each failed attempt that the store's client says already.
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
