"""What ``molva doctor`` asks the store: each function returns a good line or raises the cure."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, cast

from elastic_transport import ObjectApiResponse, TextApiResponse
from elasticsearch import BadRequestError

from mentions.errors import ConfigError, PermanentError, UnhealthyError
from mentions.store.client import Client
from mentions.store.names import Names
from mentions.store.schema import missing_indices

MAJOR = 9
MAX_SKEW = 30  # seconds: ages of posts and delivery leases are compared across machines
MAX_DISK = 90  # percent: Elasticsearch moves shards away above it, and at 95 refuses to write
RUNTIME_PRIVILEGES = ["read", "index", "delete", "view_index_metadata", "maintenance"]

Check = Callable[[Client, Names], str]


def version(client: Client, _: Names) -> str:
    told = client.call(lambda es: es.info())["version"]
    number = str(told["number"])
    if told["build_hash"] == "noida":
        return "the embedded store: for trying Molva out, no place for production data"
    if int(number.partition(".")[0]) != MAJOR:
        raise ConfigError(f"Elasticsearch {number} answers; Molva needs version {MAJOR}")
    return f"Elasticsearch {number}"


def indices(client: Client, names: Names) -> str:
    if missing := missing_indices(client, names):
        raise ConfigError(f"no index {', '.join(missing)}: run `molva init`")
    return f"{len(names.all)} indices under {names.namespace}-*"


def privileges(client: Client, names: Names) -> str:
    wanted = [{"names": [f"{names.namespace}-*"], "privileges": RUNTIME_PRIVILEGES}]
    try:
        told = client.call(lambda es: es.security.has_privileges(index=wanted))
    except PermanentError as error:
        if isinstance(error.__cause__, BadRequestError):
            return "security is off: whoever reaches the store may do everything"
        raise
    granted = told["index"].get(f"{names.namespace}-*", {})
    if lacking := [p for p in RUNTIME_PRIVILEGES if not granted.get(p)]:
        raise ConfigError(f"the API key lacks {', '.join(lacking)} on {names.namespace}-*")
    return "the API key has what it needs"


def clock(client: Client, _: Names) -> str:
    [row] = _table(client.call(lambda es: es.cat.health(format="json", h="epoch")))
    skew = abs(int(row["epoch"]) - time.time())
    if skew > MAX_SKEW:
        raise UnhealthyError(
            f"the store's clock and ours differ by {skew:.0f} s: set both by NTP, or leases and "
            "ages of posts are wrong"
        )
    return f"clocks agree to {skew:.0f} s"


def health(client: Client, _: Names) -> str:
    told = client.call(lambda es: es.cluster.health())
    if told["status"] == "red":
        raise UnhealthyError("the cluster is red: some shards are on no node; see its own logs")
    return f"cluster {told['status']}, {told['number_of_nodes']} node(s)"


def disk(client: Client, names: Names) -> str:
    if shut := blocked(client, names):
        raise UnhealthyError(
            f"a disk is full, and {len(shut)} indices take no writes: free space; Elasticsearch "
            "lifts the block by itself, and nothing was lost"
        )
    rows = _table(client.call(lambda es: es.cat.allocation(format="json", h="node,disk.percent")))
    used = {row["node"]: int(row["disk.percent"]) for row in rows if row.get("disk.percent")}
    if full := {node: percent for node, percent in used.items() if percent > MAX_DISK}:
        raise UnhealthyError(f"disks nearly full ({full}): free space or shorten [retention]")
    return f"fullest disk {max(used.values(), default=0)} %"


def blocked(client: Client, names: Names) -> list[str]:
    """Indices that Elasticsearch has shut because the disk below them is full."""
    setting = "index.blocks.read_only_allow_delete"
    told = client.call(
        lambda es: es.indices.get_settings(
            index=list(names.all), name=setting, flat_settings=True, ignore_unavailable=True
        )
    )
    return [name for name, each in told.body.items() if each["settings"].get(setting) == "true"]


def _table(answer: ObjectApiResponse[Any] | TextApiResponse) -> list[dict[str, str]]:
    """The rows of a ``_cat`` answer, which the client types as if it were text."""
    return [dict(row) for row in cast(Any, answer)]


CHECKS: dict[str, Check] = {
    "version": version,
    "indices": indices,
    "privileges": privileges,
    "clock": clock,
    "health": health,
    "disk": disk,
}
