"""Everything that a namespace holds, as JSON lines that any version of any store can take back.

One file an index, one document a line: ``{"_id": …, "_source": …}``. Files are called as in
``es_mappings/``, so what one namespace has exported another may take in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from mentions.counts import Counts
from mentions.errors import PermanentError
from mentions.store.client import Client, Operation
from mentions.store.names import MAPPINGS, Names
from mentions.whole_file import whole_file

PAGE = 1_000
KEEP_ALIVE = "5m"  # between two pages


class Portable:
    """Export reads one moment of each index; restore adds what is not there.

    The bookmarks are read first and brought back after the posts: what a crawl stores while they
    are exported is then asked for again, and not taken for read.
    """

    def __init__(self, client: Client, names: Names) -> None:
        self._client = client
        self._names = names

    def export(self, folder: Path) -> Counts:
        """Documents by index. A file has its name only once it is whole."""
        folder.mkdir(parents=True, exist_ok=True)
        counts = Counts()
        # Read first and written in turn: also a cut leaves no bookmark newer than the posts.
        bookmarks = list(self._documents(self._names.index("state")))
        for mapping in MAPPINGS:
            documents = self._documents(self._names.index(mapping))
            with whole_file(folder / f"{mapping}.jsonl") as file:
                for document in bookmarks if mapping == "state" else documents:
                    file.write(f"{json.dumps(document, ensure_ascii=False)}\n".encode())
                    counts[mapping] += 1
        return counts

    def _documents(self, index: str) -> Iterator[dict[str, Any]]:
        self._client.refresh(index)
        opened = self._client.call(
            lambda es: es.open_point_in_time(index=index, keep_alive=KEEP_ALIVE)
        )
        moment, after = str(opened["id"]), None
        try:
            while page := self._page(moment, after):
                yield from ({"_id": hit["_id"], "_source": hit["_source"]} for hit in page)
                after = page[-1]["sort"]
        finally:
            self._client.call(
                lambda es: es.options(ignore_status=404).close_point_in_time(id=moment)
            )

    def _page(self, moment: str, after: list[Any] | None) -> list[dict[str, Any]]:
        answer = self._client.call(
            lambda es: es.search(
                pit={"id": moment, "keep_alive": KEEP_ALIVE},
                size=PAGE,
                sort=[{"_shard_doc": "asc"}],  # within a point in time it is unique
                search_after=after,
                track_total_hits=False,
                allow_partial_search_results=False,  # without one of its shards it is no export
            )
        )
        hits: list[dict[str, Any]] = answer["hits"]["hits"]
        return hits

    def restore(self, folder: Path) -> Counts:
        """Outcomes by index: new, there (left as it stands), refused. Can be repeated."""
        missing = [m for m in MAPPINGS if not (folder / f"{m}.jsonl").is_file()]
        if missing:
            raise PermanentError(f"{folder} has no {', '.join(missing)}.jsonl: not a whole export")
        counts = Counts()
        for mapping in MAPPINGS:
            index = self._names.index(mapping)
            with (folder / f"{mapping}.jsonl").open(encoding="utf-8") as file:
                self._take_in(mapping, _operations(file, index, f"{mapping}.jsonl"), counts)
            self._client.refresh(index)
        return counts

    def _take_in(self, mapping: str, operations: Iterable[Operation], counts: Counts) -> None:
        for _, status, _ in self._client.bulk(operations):
            outcome = "there" if status == 409 else "refused" if status >= 400 else "new"
            counts[f"{mapping} {outcome}"] += 1


def _operations(lines: Iterable[str], index: str, name: str) -> Iterator[Operation]:
    load: Callable[[str], Any] = json.loads
    for number, line in enumerate(lines, 1):
        try:
            document = load(line)
            id_, source = document["_id"], document["_source"]
        except (ValueError, KeyError, TypeError) as error:
            raise PermanentError(f"{name}, line {number}: not a document of an export") from error
        yield {"_op_type": "create", "_index": index, "_id": id_, "_source": source}
