"""The mapping on disk, the model in code and the index on the server describe one document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel

from mentions.errors import ConfigError
from mentions.model import Alert, Analysis, Decision, Delivery, Mention, Work
from mentions.settings import Settings
from mentions.store import Store, open_store
from mentions.store.names import MAPPINGS
from mentions.store.schema import FOLDER, body_of
from tests.factories import mention, settings
from tests.servers import delete_namespace, new_namespace, request


def fields(mapping: str, *path: str) -> set[str]:
    node: dict[str, Any] = body_of(mapping)["mappings"]["properties"]
    for part in path:
        node = node[part]["properties"]
    return set(node)


@pytest.mark.parametrize(
    ("mapping", "path", "model"),
    [
        ("mentions", ("mention",), Mention),
        ("mentions", ("analysis",), Analysis),
        ("mentions", ("decision",), Decision),
        ("alerts", ("delivery",), Delivery),
        ("alerts", ("work",), Work),
    ],
)
def test_every_model_field_is_mapped_and_no_other(
    mapping: str, path: tuple[str, ...], model: type[BaseModel]
) -> None:
    assert fields(mapping, *path) == set(model.model_fields)


def test_every_alert_field_is_mapped() -> None:
    assert fields("alerts") == {*Alert.model_fields, "id", "pending"}


def test_every_mapping_file_is_used_and_strict() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(MAPPINGS)
    assert all(body_of(mapping)["mappings"]["dynamic"] == "strict" for mapping in MAPPINGS)


def test_init_can_be_repeated_and_says_what_it_did(store_settings: Settings) -> None:
    with open_store(store_settings, admin=True) as store:
        assert store.schema.init() == {"created": 0, "updated": len(MAPPINGS)}


def test_init_adds_what_a_newer_version_adds(store_url: str) -> None:
    namespace = new_namespace()
    older = body_of("runs")
    del older["mappings"]["properties"]["newest"]
    request(f"{store_url}/{namespace}-runs", method="PUT", body=older)
    try:
        made = settings(elasticsearch_url=store_url, namespace=namespace)
        with open_store(made, admin=True) as store:
            assert store.schema.init() == {"created": len(MAPPINGS) - 1, "updated": 1}
        mapping = request(f"{store_url}/{namespace}-runs/_mapping")[f"{namespace}-runs"]
        assert mapping["mappings"]["properties"]["newest"] == {"type": "date"}
    finally:
        delete_namespace(store_url, namespace)


def test_init_refuses_an_index_with_other_types_and_names_the_cure(store_url: str) -> None:
    namespace = new_namespace()
    other = {"mappings": {"properties": {"stage": {"type": "long"}}}}
    request(f"{store_url}/{namespace}-runs", method="PUT", body=other)
    made = settings(elasticsearch_url=store_url, namespace=namespace)
    try:
        with (
            open_store(made, admin=True) as store,
            pytest.raises(ConfigError, match=r"docs/store\.md"),
        ):
            store.schema.init()
    finally:
        delete_namespace(store_url, namespace)


def test_dry_run_changes_nothing(store_url: str) -> None:
    made = settings(elasticsearch_url=store_url, namespace=new_namespace())
    with open_store(made, admin=True) as store:
        assert store.schema.init(dry_run=True) == {"created": len(MAPPINGS), "updated": 0}
        assert len(store.schema.missing()) == len(MAPPINGS)


def test_one_index_that_is_missing_is_named(store: Store, store_url: str) -> None:
    assert store.schema.missing() == []
    gone = store.names.index("seen")
    request(f"{store_url}/{gone}", method="DELETE")
    assert store.schema.missing() == [gone]


def test_without_its_indices_the_store_does_not_open(store_url: str) -> None:
    made = settings(elasticsearch_url=store_url, namespace=new_namespace())
    with pytest.raises(ConfigError, match="molva init"), open_store(made):
        pass


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("Приложение не работает после обновления", "приложения"),
        ("Ёлки не доставили", "елка"),
        ("ещё жду", "еще"),
        ("The app crashed again", "crashing"),
        ("courier's phone", "courier"),
    ],
)
def test_search_finds_inflected_russian_and_english(store: Store, text: str, query: str) -> None:
    store.mentions.put([mention(text=text)])
    assert hits(store, {"match": {"mention.text": query}}) == 1


def test_negation_is_searched_for_and_exact_is_exact(store: Store) -> None:
    store.mentions.put([mention(text="не работает"), mention(native_id="2", text="работает")])
    assert hits(store, {"match_phrase": {"mention.text": "не работает"}}) == 1
    assert hits(store, {"match": {"mention.text.exact": "работают"}}) == 0


def hits(store: Store, query: dict[str, Any]) -> int:
    index = store.names.mentions_alias
    store.client.refresh(store.names.index("mentions"))
    answer = store.client.call(lambda es: es.search(index=index, query=query))
    return int(answer["hits"]["total"]["value"])


def test_a_field_that_nobody_declared_is_refused(store: Store) -> None:
    document = json.loads('{"id": "1", "surprise": true}')
    operation = {
        "_op_type": "create",
        "_index": store.names.index("mentions"),
        "_id": "1",
        "_source": document,
    }
    [(_, status, reason)] = store.client.bulk([operation])
    assert status == 400
    assert "strict" in reason
