"""More than one address of a store: whoever answers will do."""

from __future__ import annotations

import pytest

from mentions.errors import TransientError
from mentions.settings import Settings
from mentions.store import open_store
from mentions.store.client import addresses
from molva.ports import free_ports
from tests.factories import mention, settings


def away() -> str:
    return f"http://127.0.0.1:{free_ports(1)[0]}"


@pytest.mark.parametrize("order", ["dead first", "dead last"])
def test_the_next_address_is_asked_when_one_does_not_answer(
    order: str, store_settings: Settings
) -> None:
    alive = str(store_settings.environment.elasticsearch_url)
    dead = [away(), away()]
    both = [*dead, alive] if order == "dead first" else [alive, *dead]
    made = settings(
        elasticsearch_url=both[0],
        elasticsearch_more_urls=", ".join(both[1:]),
        namespace=store_settings.namespace,
    )
    with open_store(made) as store:
        for number in range(6):
            assert store.mentions.put([mention(native_id=str(number))])["created"] == 1


def test_none_that_answers_is_tried_again_later() -> None:
    made = settings(elasticsearch_url=away(), elasticsearch_more_urls=away())
    with pytest.raises(TransientError, match="does not answer"), open_store(made, patience=1):
        pass


def test_addresses_stand_in_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLVA_ELASTICSEARCH_MORE_URLS", "https://b:9200,https://c:9200")
    found = addresses(settings(elasticsearch_url="https://a:9200").environment)
    assert [url.rstrip("/") for url in found] == [f"https://{name}:9200" for name in "abc"]
