"""``molva check``: all errors of configuration at once, also those that no single value shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from molva.cli import molva
from molva.configuration import problems

GOOD = """
[brands.romashka]
name = "Ромашка"
channel = "#romashka"

[sources.forum]
spider = "discourse"
schedule = "*/5 * * * *"
params = { url = "https://forum.example.org" }
"""


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MOLVA_WATCH", raising=False)
    monkeypatch.setenv("MOLVA_ELASTICSEARCH_URL", "http://127.0.0.1:9200")
    monkeypatch.setenv("MOLVA_SECRET", "a secret of the tests")
    monkeypatch.setenv("MOLVA_SLACK_TOKEN", "xoxb-test")


def found(text: str) -> list[str]:
    Path("watch.toml").write_text(text, encoding="utf-8")
    return [str(problem) for problem in problems()]


def test_a_good_configuration_has_no_problems() -> None:
    assert found(GOOD) == []


def test_an_empty_file_watches_nothing() -> None:
    assert [line.partition(": ")[2][:16] for line in found("")] == [
        "no [brands.…] at",
        "no [sources.…] a",
    ]


def test_a_missing_secret_and_a_bad_file_are_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOLVA_SECRET")
    monkeypatch.setenv("MOLVA_ELASTICSEARCH_CA", "no-such.crt")
    told = found(GOOD.replace("channel", "chanel"))
    assert ["MOLVA_SECRET" in told[0], "no-such.crt" in told[1]] == [True, True]
    assert any("did you mean channel?" in line for line in told)


def test_an_unknown_spider_and_unknown_parameters_name_the_known_ones() -> None:
    [spider] = found(GOOD.replace('"discourse"', '"discurse"'))
    assert spider.startswith("watch.toml:7: sources.forum: no spider 'discurse' (known: discourse")
    told = found(GOOD.replace("url =", "uri ="))
    assert all(line.startswith("watch.toml:9: sources.forum.params.") for line in told)
    assert any("uri: unknown key (known here: url" in line for line in told)


def test_a_site_that_is_not_our_own_may_not_be_hurried() -> None:
    [told] = found(GOOD.replace('example.org"', 'example.org", delay = 0.1'))
    assert told.startswith("watch.toml:9: sources.forum.params.delay: less than 1 second")


def test_two_brands_cannot_share_a_name() -> None:
    told = found(GOOD + '[brands.other]\nname = "Другая"\naliases = ["ромашка"]\nchannel = "#o"\n')
    assert told == [
        "watch.toml:2: brands.romashka: 'Ромашка' is a name of brands.other too "
        "(a post can only be told apart by its names)"
    ]


def test_a_brand_cannot_exclude_itself() -> None:
    [told] = found(GOOD.replace('"#romashka"', '"#romashka"\nexclude = ["РОМАШКА"]'))
    assert told.startswith("watch.toml:5: brands.romashka.exclude: 'РОМАШКА' is the brand's own")


def test_the_command_prints_counts_and_help() -> None:
    Path("watch.toml").write_text(GOOD, encoding="utf-8")
    done = CliRunner().invoke(molva, ["check", "--json"])
    assert (done.exit_code, done.output) == (0, '{"problems": 0}\n')


def test_every_command_explains_itself_with_an_example() -> None:
    from molva.cli import FOLDER

    for path in FOLDER.glob("[a-z]*.py"):
        told = CliRunner().invoke(molva, [*path.stem.split("_"), "--help"])
        assert told.exit_code == 0, path.stem
        assert "Example:" in told.output, path.stem
        assert "molva " + path.stem.replace("_", " ") in told.output, path.stem
