"""What the documents say of post files and faults is what the code takes."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import click
import pytest

from mentions.model import MatchedPost, Post
from molva.commands.dev_site import command
from molva.dev.site.faults import Behaviour, Fault, Faults

DOCS = Path(__file__).parents[3] / "docs"
POST_FILES = (DOCS / "post-files.md").read_text(encoding="utf-8")
LOCAL_SITES = (DOCS / "local-sites.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```json\n(.+?)\n```", POST_FILES, re.S)


def rows(text: str) -> list[str]:
    """What stands in the first column of a table."""
    return re.findall(r"^\| `(\w+)", text, re.M)


def test_every_field_of_a_post_is_described_in_its_order() -> None:
    fields = [name for name in Post.model_fields if name != "author_id"]
    described = [name for name in rows(POST_FILES) if name != "author_id"]
    assert described == [*fields, "brands"]
    assert "`author_id`" in POST_FILES
    assert set(MatchedPost.model_fields) == set(rows(POST_FILES))


def test_what_must_be_there_is_said_to_be() -> None:
    said = re.findall(r"^\| `(\w+)` \| [^|]+ \| (yes|no) \|", POST_FILES, re.M)
    assert dict(said) == {
        name: "yes" if field.is_required() else "no" for name, field in Post.model_fields.items()
    }


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_is_a_line_of_a_post_file(example: str) -> None:
    model = MatchedPost if "brands" in json.loads(example) else Post
    post = model.model_validate_json(example)
    assert json.loads(post.model_dump_json(exclude_unset=True)).keys() == json.loads(example).keys()


def test_the_example_of_a_faults_file_is_one() -> None:
    found = re.search(r"```toml\n(.+?)```", LOCAL_SITES, re.S)
    assert found is not None
    faults = Faults.model_validate(tomllib.loads(found[1]))
    assert len(faults.answers) == 3


def test_every_fault_and_behaviour_is_described() -> None:
    described = set(rows(LOCAL_SITES))
    kinds = {kind.model_fields["do"].annotation.__args__[0] for kind in Fault.__args__}
    assert kinds <= described
    assert set(Behaviour.model_fields) <= described


def test_every_option_is_described() -> None:
    options = {name for option in command.params for name in option.opts}
    options -= {"--posts", "--as", "--port", "--json"}
    assert {name for name in options if name not in LOCAL_SITES} == set()


def test_the_help_has_an_example() -> None:
    with click.Context(command) as context:
        assert "molva dev site --posts" in command.get_help(context)
