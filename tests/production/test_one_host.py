"""(a) One host: PostgreSQL, LocalExecutor, Elasticsearch with security and TLS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mentions.store.names import Names
from molva.demo.sites import GOOD
from tests.production import foreign
from tests.production.image import Image
from tests.production.stand import Stand
from tests.production.town import NAMESPACE, Town, town

pytestmark = pytest.mark.elasticsearch


@pytest.fixture(scope="module")
def here(image: Image, place: Path) -> Iterator[Town]:
    with town(Stand(place, image)) as made:
        yield made


def test_the_demos_posts_go_all_the_way(here: Town) -> None:
    here.stand.wait(here.all_crawled, "first crawls", 600)
    here.settle()
    assert all(here.is_green(f"crawl_{site.name}") for site in GOOD)
    assert here.summary().complaints() == []
    assert here.state().complaints == []
    assert here.stand.restarts == []


def test_the_doctor_finds_every_part_well(here: Town) -> None:
    done = here.stand.run("airflow-scheduler", "molva", "doctor", check=False)
    assert done.returncode == 0, done.stdout
    assert "Airflow reaches its database" in done.stdout


def test_what_is_there_is_made_only_once(here: Town) -> None:
    assert "kept" in here.stand.run("certificates").stdout
    again = here.stand.run("init").stdout.split()
    assert again[again.index("runtime") + 1] == "kept"


def test_postgresql_restarted_in_the_middle_of_a_crawl(here: Town) -> None:
    here.two_rounds()
    before = here.state()
    here.begin_anew()
    here.crawl()
    here.stand.wait(lambda: here.task_is_running("crawl"), "a crawl under way")
    foreign.restart_postgres(here.stand)
    here.settle_as_scheduled()
    assert here.state().differences(before) == []


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


# The restore drills of docs/operations.md.


def lose_the_indices(here: Town) -> None:
    here.stand.crew.end("respond")
    here.stand.ask(f"/{','.join(Names(NAMESPACE).all)}", method="DELETE")


def test_a_snapshot_brings_everything_back(here: Town) -> None:
    before = here.state()
    location = {"type": "fs", "settings": {"location": str(here.stand.root / "snapshots")}}
    here.stand.ask("/_snapshot/molva", location, method="PUT")
    wanted = {"indices": f"{NAMESPACE}-*", "include_global_state": False}
    made = here.stand.ask("/_snapshot/molva/drill?wait_for_completion=true", wanted, method="PUT")
    assert made["snapshot"]["state"] == "SUCCESS"
    lose_the_indices(here)
    here.stand.ask("/_snapshot/molva/drill/_restore?wait_for_completion=true", wanted)
    here.stand.start("respond")
    assert here.state().differences(before) == []
    assert here.stand.run("airflow-scheduler", "molva", "doctor", check=False).returncode == 0


def test_json_lines_bring_everything_back(here: Town) -> None:
    before = here.state()
    folder = str(here.stand.root / "export")
    here.stand.run("respond", "molva", "export", "--out", folder)
    lose_the_indices(here)
    here.stand.run("init")
    here.stand.run("respond", "molva", "restore", "--input", folder)
    here.stand.start("respond")
    here.crawl(GOOD[0].name)
    here.settle()
    assert here.state().differences(before) == [], (
        "the bookmark came back too: nothing is read or told anew"
    )


# Bad input: each names itself within half a minute, and nothing is lost.

CRAWL = ("molva", "crawl", GOOD[0].name)


def test_a_wrong_key_names_itself(here: Town) -> None:
    wrong = here.stand.root / "wrong-key"
    wrong.write_text("d3Jvbmc6a2V5\n")
    environment = {"MOLVA_ELASTICSEARCH_API_KEY_FILE": str(wrong)}
    assert "refuses the key" in here.doctor_complains(**environment)
    for command in (CRAWL, ("molva", "respond")):
        here.names_itself("MOLVA_ELASTICSEARCH_API_KEY", *command, code=2, **environment)


def test_a_database_that_is_away_names_itself(here: Town) -> None:
    away = "postgresql+psycopg2://a:b@127.0.0.1:1/airflow"
    told = here.doctor_complains(AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=away)
    assert "does not reach its database" in told


def test_an_expired_certificate_names_itself(here: Town) -> None:
    """A node of its own: the one that is up must not lose its certificate."""
    out, authority = here.stand.root / "run/certificates", here.stand.root / "run/authority"
    program = here.stand.image.place("/opt/molva/deploy/certificates.py")
    folders = ["--authority", str(authority), "--out", str(out)]
    here.stand.run("certificates", "python", program, *folders, "--server-days", "0", "expired")
    with foreign.serving(out / "expired.crt", out / "expired.key") as port:
        environment = {"MOLVA_ELASTICSEARCH_URL": f"https://127.0.0.1:{port}"}
        assert "expired" in here.doctor_complains(**environment)
        here.names_itself("expired", *CRAWL, code=2, **environment)


def test_a_full_disk_names_itself_and_loses_nothing(here: Town) -> None:
    before = here.state()
    here.begin_anew()
    marks = ("low", "high", "flood_stage")
    full = {f"cluster.routing.allocation.disk.watermark.{mark}": "1%" for mark in marks}
    often = {"cluster.info.update.interval": "10s"}
    here.stand.ask("/_cluster/settings", {"persistent": {**full, **often}}, method="PUT")
    try:
        here.stand.wait(lambda: "disk is full" in doctor_says(here), "the block", 90)
        assert "disk is full" in here.doctor_complains()
        here.names_itself("disk is full", *CRAWL, code=75)
    finally:
        none = dict.fromkeys([*full, *often])
        here.stand.ask("/_cluster/settings", {"persistent": {**none, **often}}, method="PUT")
    here.stand.wait(lambda: "disk is full" not in doctor_says(here), "the block lifted", 90)
    here.crawl()
    here.settle_as_scheduled()
    assert here.state().differences(before) == []


def doctor_says(here: Town) -> str:
    return here.stand.run("airflow-scheduler", "molva", "doctor", check=False).stdout
