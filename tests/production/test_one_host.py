"""(a) One host: PostgreSQL, LocalExecutor, Elasticsearch with security and TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from molva.demo.sites import GOOD
from tests.production import foreign
from tests.production.image import Image
from tests.production.stand import Stand
from tests.production.town import Town, town

pytestmark = pytest.mark.elasticsearch


@pytest.fixture(scope="module")
def here(image: Image, place: Path) -> Iterator[Town]:
    with town(Stand(place, image)) as made:
        yield made


def test_the_demos_posts_go_all_the_way(here: Town) -> None:
    here.stand.wait(here.all_crawled, "first crawls", 240)
    here.settle()
    assert all(here.is_green(f"crawl_{site.name}") for site in GOOD)
    assert here.summary().complaints() == []
    assert here.state().complaints == []
    assert here.stand.restarts == []


def test_the_doctor_finds_every_part_well(here: Town) -> None:
    done = here.stand.run("respond", "molva", "doctor", check=False)
    assert done.returncode == 0, done.stdout


def test_what_is_there_is_made_only_once(here: Town) -> None:
    assert "kept" in here.stand.run("certificates").stdout
    again = here.stand.run("init").stdout.split()
    assert again[again.index("runtime") + 1] == "kept"


def test_postgresql_restarted_in_the_middle_of_a_crawl(here: Town) -> None:
    before = here.state()
    here.begin_anew()
    here.crawl()
    here.stand.wait(lambda: here.task_is_running("crawl"), "a crawl under way")
    foreign.restart_postgres(here.stand)
    here.settle_as_scheduled()
    assert here.state() == before


def test_keys_rotate_without_a_gap(here: Town) -> None:
    script = 'molva keys --runtime "$MOLVA_KEYS_RUNTIME" --admin "$MOLVA_KEYS_ADMIN" '
    path = here.stand.root / "run/keys/runtime"
    old = path.read_text()
    here.stand.run("init", "sh", "-c", script + "--rotate")
    assert path.read_text() != old
    here.stand.crew.end("respond")
    here.stand.start("respond")
    told = here.stand.run("init", "sh", "-c", script + "--revoke-old").stdout
    assert "kept, 1 older revoked" in told
    here.crawl(GOOD[0].name)
    here.settle()
    assert here.is_green(f"crawl_{GOOD[0].name}"), "tasks read the new key without a restart"
    assert here.state().complaints == []
