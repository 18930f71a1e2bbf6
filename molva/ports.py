"""Ports on loopback that are free."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

HOST = "127.0.0.1"
# Below what systems hand out by themselves: a port from there may be somebody's a moment later.
CANDIDATES = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listened on a moment ago, held together so that no two are the same."""
    found: list[int] = []
    with ExitStack() as stack:
        for port in random.sample(CANDIDATES, len(CANDIDATES)):
            probe = stack.enter_context(socket.socket())
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise OSError(f"no {count} free ports between {CANDIDATES.start} and {CANDIDATES.stop}")
