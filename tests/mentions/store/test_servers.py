"""Where the two servers differ: docs/decisions/0002-two-stores.md lists it, this holds it true.

A test that fails here means that a server has changed, and the record with it.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from mentions.store.schema import body_of
from tests.servers import delete_namespace, new_namespace, request


@pytest.fixture
def index(store_url: str) -> Iterator[str]:
    namespace = new_namespace()
    request(f"{store_url}/{namespace}-t", method="PUT", body=body_of("mentions"))
    yield f"{namespace}-t"
    delete_namespace(store_url, namespace)


@pytest.fixture
def real(request: pytest.FixtureRequest) -> bool:
    return "elasticsearch" in request.node.callspec.id


def status(url: str, lines: list[dict[str, Any]]) -> int:
    """The answer to lines of JSON: 400 is a refusal of the whole request."""
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    headers = {"Content-Type": "application/x-ndjson" if len(lines) > 1 else "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=30) as done:
            code: int = done.status
    except urllib.error.HTTPError as refusal:
        return refusal.code
    return code


def test_the_version_it_names(store_url: str, real: bool) -> None:
    version = request(store_url)["version"]
    assert version["number"].startswith("9." if real else "8.")
    assert (version["build_hash"] == "noida") is not real


@pytest.mark.parametrize("field", [{"rating": 1e300}, {"brand": "x" * 40_000}])
def test_values_that_a_field_cannot_hold(
    store_url: str, index: str, real: bool, field: dict[str, Any]
) -> None:
    assert status(f"{store_url}/{index}/_doc", [{"mention": field}]) == (400 if real else 201)


def test_compare_and_set_with_upsert_in_a_bulk(store_url: str, index: str, real: bool) -> None:
    action = {"update": {"_index": index, "_id": "1", "if_seq_no": 0, "if_primary_term": 1}}
    lines: list[dict[str, Any]] = [action, {"doc": {"id": "1"}, "doc_as_upsert": True}]
    assert status(f"{store_url}/_bulk", lines) == (400 if real else 200)


def test_the_latest_date_of_an_aggregation(store_url: str, index: str, real: bool) -> None:
    status(f"{store_url}/{index}/_doc?refresh=true", [{"@timestamp": "2026-11-20T12:00:00Z"}])
    body = {"size": 0, "aggs": {"latest": {"max": {"field": "@timestamp"}}}}
    found = request(f"{store_url}/{index}/_search", method="POST", body=body)
    assert (found["aggregations"]["latest"]["value"] is not None) is real
