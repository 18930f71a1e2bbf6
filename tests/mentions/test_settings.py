"""Configuration: the README's example works, and every error names its line and its cure."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from mentions.config_lines import line_of
from mentions.errors import ConfigError
from mentions.model import Urgency
from mentions.settings import load_settings

README = Path(__file__).parents[2] / "README.md"
GOOD = """
[brands.romashka]
name = "Ромашка"
channel = "#romashka"

[sources.forum]
spider = "discourse"
schedule = "*/5 * * * *"
"""


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No watch.toml, .env or variable of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    for name in ("WATCH", "NAMESPACE", "ELASTICSEARCH_URL", "SECRET", "SLACK_TOKEN"):
        monkeypatch.delenv(f"MOLVA_{name}", raising=False)


def write(text: str) -> None:
    Path("watch.toml").write_text(text, encoding="utf-8")


def complaint() -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings()
    return str(caught.value)


def test_the_examples_of_the_readme_are_valid() -> None:
    first, more = re.findall(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert len(first.strip().splitlines()) == 10
    for example in (first, first + more):
        write(example)
        settings = load_settings()
        assert settings.brands
        assert settings.sources
    assert settings.watch.judge.model == "owner/name@0123456789abcdef0123456789abcdef01234567"


def test_everything_else_has_a_default() -> None:
    write(GOOD)
    settings = load_settings()
    assert settings.namespace == "molva"
    assert settings.alerts.max_age[Urgency.CRITICAL] == timedelta(days=1)
    assert settings.source("forum").max_rejected == 0.05
    assert settings.source("forum").allow_private is False


def test_ages_are_given_for_all_or_by_urgency() -> None:
    write(GOOD + '[alerts]\nmax_age = "2h"\n')
    assert set(load_settings().alerts.max_age.values()) == {timedelta(hours=2)}
    write(GOOD + '[alerts.max_age]\ncritical = "P3D"\n')
    ages = load_settings().alerts.max_age
    assert (ages[Urgency.CRITICAL], ages[Urgency.LOW]) == (timedelta(days=3), timedelta(days=1))


def test_the_environment_and_a_dotenv_file_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    write(GOOD)
    Path(".env").write_text("MOLVA_SECRET=from-the-file\nMOLVA_NAMESPACE=tenant\nOTHER=1\n")
    monkeypatch.setenv("MOLVA_NAMESPACE", "stronger")
    settings = load_settings()
    assert settings.secret == "from-the-file"
    assert settings.namespace == "stronger"


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    write(GOOD)
    monkeypatch.setenv("MOLVA_SECRET", "s3cr3t-value")
    assert "s3cr3t-value" not in repr(load_settings())


def test_all_errors_are_reported_at_once_with_line_and_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MOLVA_NAMESPACE", "Not Allowed")
    write(
        '[brands.romashka]\nname = "Ромашка"\naliasses = []\nchannel = "romashka"\n'
        '[sources.Forum]\nspider = "discourse"\nschedule = "hourly, please"\nmax_silence = 4\n'
    )
    found = complaint().splitlines()
    assert found[0].startswith("environment: MOLVA_NAMESPACE")
    assert [line.partition(": ")[0] for line in found[1:]] == [
        f"watch.toml:{number}" for number in (3, 4, 5, 7, 8)
    ]
    assert "did you mean aliases?" in found[1]
    assert '"#name"' in found[2]
    assert '"*/5 * * * *"' in found[4]
    assert '"24h"' in found[5]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[brands.x]\nname = \n", r"watch\.toml:2: not valid TOML"),
        (GOOD.replace('channel = "#romashka"\n', ""), r"watch\.toml:2: .*channel: is missing"),
        (GOOD + "[alert]\n", r"unknown key \(did you mean alerts\?\)"),
        (GOOD + '[judge]\nmodel = "some/model"\n', "name@revision"),
        (GOOD + "[sources.b]\n", r"watch\.toml:9: sources\.b\.spider: is missing"),
        (GOOD.replace("Ромашка", "&"), r"watch\.toml:3: .*name: .*letter or digit"),
        ('[brands.x]\nname = "Z"\naliases = ["@_z", "@"]\nchannel = "#z"\n', r"toml:3: .*no post"),
        ('[brands.x]\nname = "Z"\nexclude = ["# z"]\nchannel = "#z"\n', r"toml:3: .*no post"),
        (GOOD + '[retention]\nseen = "0d"\n', "longer than nothing"),
        (GOOD + '[retention]\nseen = "P0D"\n', r"watch\.toml:10: .*longer than nothing"),
        (GOOD + 'max_silence = "PT0S"\n', "longer than nothing"),
        (GOOD + '[alerts]\nmax_age = "-P1D"\n', "longer than nothing"),
        (GOOD + '[retention]\nmentions = "999999d"\n', r"not be longer than 100 years \(36500d\)"),
    ],
)
def test_an_error_names_its_place_and_its_cure(text: str, expected: str) -> None:
    write(text)
    assert re.search(expected, complaint())


def test_a_missing_file_and_a_file_in_another_encoding_say_so() -> None:
    assert "README" in complaint()
    Path("watch.toml").write_bytes(GOOD.encode("windows-1251"))
    assert "UTF-8" in complaint()


def test_what_is_asked_for_and_not_set_names_the_cure() -> None:
    write(GOOD)
    with pytest.raises(ConfigError, match="token_hex"):
        _ = load_settings().secret
    with pytest.raises(ConfigError, match="known: forum"):
        load_settings().source("blog")


def test_lines_are_found_for_dotted_and_quoted_keys() -> None:
    text = 'a.b = 1\n\n["x"."y"]\nz = 2 # z\n[[list]]\nq = 3\n'
    assert line_of(text, ("a", "b")) == 1
    assert line_of(text, ("x", "y", "z")) == 4
    assert line_of(text, ("x", "y", "missing")) == 3
    assert line_of(text, ("list", "q")) == 6
    assert line_of(text, ("nothing",)) is None
