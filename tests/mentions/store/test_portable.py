"""A backup in JSON lines: out of one namespace and into another, on either server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mentions.errors import PermanentError
from mentions.settings import Settings
from mentions.store import Store, open_store
from mentions.store.names import MAPPINGS
from mentions.store.portable import Portable
from tests import servers
from tests.factories import alert, mention, settings
from tests.turnstile import turnstile


def filled(store: Store) -> None:
    store.mentions.put([mention(native_id=str(number)) for number in range(2_300)])
    store.alerts.create(alert())
    store.alerts.event(alert().id, 1, "posted", {"ts": "1.1"})
    store.ledger.move_bookmark("forum", "latest", "17")
    store.ledger.end_run(store.ledger.begin_run("crawl", "forum"), {"fetched": 1}, "ok")


def test_what_is_exported_can_be_taken_back_elsewhere(
    store: Store, store_settings: Settings, tmp_path: Path
) -> None:
    filled(store)
    counts = Portable(store.client, store.names).export(tmp_path)
    assert counts["mentions"] == 2_300
    url = str(store_settings.environment.elasticsearch_url)
    other = settings(elasticsearch_url=url, namespace=servers.new_namespace())
    with open_store(other, admin=True) as empty:
        empty.schema.init()
        portable = Portable(empty.client, empty.names)
        assert portable.restore(tmp_path)["mentions new"] == 2_300
        assert portable.restore(tmp_path)["mentions there"] == 2_300
        assert empty.ledger.bookmark("forum", "latest") == "17"
        assert portable.export(tmp_path / "again") == counts
    for name in ("mentions", "alerts", "alert-events", "runs", "state"):
        assert lines(tmp_path / f"{name}.jsonl") == lines(tmp_path / f"again/{name}.jsonl")
    servers.delete_namespace(url, other.namespace)


def test_bookmarks_are_read_before_the_posts_and_written_after_them(
    store: Store, store_settings: Settings, tmp_path: Path
) -> None:
    filled(store)
    with turnstile(str(store_settings.environment.elasticsearch_url)) as gate:
        through = settings(elasticsearch_url=gate.url, namespace=store_settings.namespace)
        with open_store(through) as passing:
            Portable(passing.client, passing.names).export(tmp_path)
    read = [path for path in gate.requests if path.partition("?")[0].endswith("/_pit")]
    index = store.names.index
    order = [next(at for at, path in enumerate(read) if index(m) in path) for m in MAPPINGS]
    assert min(MAPPINGS, key=dict(zip(MAPPINGS, order, strict=True)).__getitem__) == "state"
    written = [(tmp_path / f"{m}.jsonl").stat().st_mtime_ns for m in ("mentions", "state")]
    assert written == sorted(written)


def lines(path: Path) -> list[str]:
    return sorted(path.read_text(encoding="utf-8").splitlines())


def test_half_an_export_is_refused(store: Store, tmp_path: Path) -> None:
    portable = Portable(store.client, store.names)
    portable.export(tmp_path)
    (tmp_path / "state.jsonl").write_text('{"_id": "1"}\n')
    with pytest.raises(PermanentError, match="line 1"):
        portable.restore(tmp_path)
    (tmp_path / "state.jsonl").unlink()
    with pytest.raises(PermanentError, match="not a whole export"):
        portable.restore(tmp_path)


def test_a_document_that_does_not_fit_is_counted(store: Store, tmp_path: Path) -> None:
    portable = Portable(store.client, store.names)
    portable.export(tmp_path)
    stray = {"_id": "1", "_source": {"unheard": "of"}}
    (tmp_path / "state.jsonl").write_text(json.dumps(stray) + "\n")
    assert portable.restore(tmp_path)["state refused"] == 1
