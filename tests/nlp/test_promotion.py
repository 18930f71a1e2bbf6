"""Models are exchanged whole: whatever line the process dies at, there is one to load."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from click.testing import CliRunner

from mentions.errors import ConfigError, TransientError, UnhealthyError
from molva.commands.promote import command as promote_command
from molva.commands.rollback import command as rollback_command
from nlp import promotion
from nlp.promotion import FILES, MARK, Places, identity, promote, roll_back
from nlp.train.card import CARD
from tests.nlp.conftest import Tiny


def make(directory: Path, name: str) -> Path:
    """A directory with the files of a model, all of which say its name."""
    directory.mkdir(parents=True)
    for file in FILES:
        (directory / file).write_text(f"{name} {file}\n" * 50)
    return directory


def name_of(directory: Path) -> str:
    """Whose files these are: all of one model, or the test fails."""
    words = {(directory / file).read_text().split()[0] for file in FILES}
    assert len(words) == 1
    assert {(directory / file).read_text().count("\n") for file in FILES} == {50}
    return words.pop()


class Shelf:
    """A current model, the one before it, and candidates."""

    def __init__(self, place: Path) -> None:
        self.current = make(place / "models" / "judge", "old")
        self.new, self.newer = make(place / "new", "new"), make(place / "newer", "newer")
        self.place = Places.around(self.current)

    def promote(self, candidate: Path) -> bool:
        return promote(candidate, self.current, expected=identity(candidate))

    @property
    def names(self) -> set[str]:
        return {path.name for path in self.current.parent.iterdir()}


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_the_new_model_is_current_and_the_old_one_kept(shelf: Shelf) -> None:
    assert shelf.promote(shelf.new)
    assert (name_of(shelf.current), name_of(shelf.place.previous)) == ("new", "old")
    assert shelf.names == {"judge", ".judge.previous"}
    assert {path.name for path in shelf.current.iterdir()} == set(FILES)


def test_only_the_last_one_is_kept(shelf: Shelf) -> None:
    shelf.promote(shelf.new)
    shelf.promote(shelf.newer)
    assert (name_of(shelf.current), name_of(shelf.place.previous)) == ("newer", "new")


def test_a_second_time_changes_nothing(shelf: Shelf) -> None:
    shelf.promote(shelf.new)
    assert not shelf.promote(shelf.new)
    assert (name_of(shelf.current), name_of(shelf.place.previous)) == ("new", "old")


def test_rolling_back_brings_the_old_one_and_rolling_back_again_the_new_one(shelf: Shelf) -> None:
    shelf.promote(shelf.new)
    roll_back(shelf.current)
    assert (name_of(shelf.current), name_of(shelf.place.previous)) == ("old", "new")
    roll_back(shelf.current)
    assert (name_of(shelf.current), name_of(shelf.place.previous)) == ("new", "old")


def test_without_a_previous_model_there_is_nothing_to_roll_back_to(shelf: Shelf) -> None:
    with pytest.raises(ConfigError, match="no previous model"):
        roll_back(shelf.current)
    assert name_of(shelf.current) == "old"


def test_the_first_model_needs_none_before_it(shelf: Shelf, tmp_path: Path) -> None:
    first = tmp_path / "models" / "first"
    assert promote(shelf.new, first, expected=identity(shelf.new))
    assert name_of(first) == "new"
    assert {path.name for path in first.iterdir()} == set(FILES)


def test_what_a_link_leads_to_is_exchanged(shelf: Shelf, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(shelf.current)
    promote(shelf.new, link, expected=identity(shelf.new))
    assert link.is_symlink()
    assert name_of(link) == name_of(shelf.current) == "new"


def test_a_candidate_that_changed_meanwhile_is_not_let_in(shelf: Shelf) -> None:
    measured = identity(shelf.new)
    (shelf.new / FILES[0]).write_text("other")
    with pytest.raises(ConfigError, match="has changed while it was measured"):
        promote(shelf.new, shelf.current, expected=measured)
    assert name_of(shelf.current) == "old"


@pytest.mark.parametrize("file", FILES)
def test_half_a_model_is_none(shelf: Shelf, file: str) -> None:
    (shelf.new / file).unlink()
    with pytest.raises(ConfigError, match=file.replace(".", r"\.")):
        identity(shelf.new)


def test_two_changes_at_once_are_not_made(shelf: Shelf) -> None:
    handle = os.open(shelf.current.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(TransientError, match="another command"):
            shelf.promote(shelf.new)
    finally:
        os.close(handle)
    assert shelf.promote(shelf.new)


def dies_at(line: int, change: Callable[[], object]) -> bool:
    """Whether a process that is killed before its n-th line of promotion.py got that far."""
    child = os.fork()
    if not child:
        seen = 0

        def trace(frame: FrameType, event: str, _: Any) -> Any:
            nonlocal seen
            if frame.f_code.co_filename != promotion.__file__:
                return None
            if event == "line":
                seen += 1
                if seen == line:
                    os.kill(os.getpid(), signal.SIGKILL)
            return trace

        sys.settrace(trace)
        change()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


@pytest.mark.slow
def test_killed_at_any_line_a_promotion_leaves_a_whole_model(tmp_path: Path) -> None:
    line, left = 0, set()
    while True:
        line += 1
        shelf = Shelf(tmp_path / str(line))
        shelf.promote(shelf.new)  # so that there is a previous model to lose
        died = dies_at(line, lambda shelf=shelf: shelf.promote(shelf.newer))  # type: ignore[misc]
        left.add(name_of(shelf.current))
        _can_be_rolled_back(shelf.current, tmp_path / f"{line} again")
        shelf.promote(shelf.newer)
        assert (name_of(shelf.current), name_of(shelf.place.previous)) == ("newer", "new"), line
        assert not (shelf.current / MARK).exists()
        assert shelf.names == {"judge", ".judge.previous"}, line
        if not died:
            break
    assert line > 60
    assert left == {"new", "newer"}


def _can_be_rolled_back(current: Path, copy: Path) -> None:
    """Whatever is left, the model before it comes back: tried on a copy."""
    shutil.copytree(current.parent, copy)
    rolled = copy / current.name
    left = name_of(rolled)
    roll_back(rolled)
    assert name_of(rolled) == {"new": "old", "newer": "new"}[left]
    assert name_of(Places.around(rolled).previous) == left


@pytest.mark.slow
def test_killed_at_any_line_a_roll_back_has_happened_or_not(tmp_path: Path) -> None:
    line = 0
    while True:
        line += 1
        shelf = Shelf(tmp_path / str(line))
        shelf.promote(shelf.new)
        died = dies_at(line, lambda shelf=shelf: roll_back(shelf.current))  # type: ignore[misc]
        both = {name_of(shelf.current), name_of(shelf.place.previous)}
        assert both == {"old", "new"}, line
        if not died:
            assert name_of(shelf.current) == "old"
            break


class TestCommands:
    def run(self, command: Any, *words: object) -> tuple[dict[str, Any], BaseException | None]:
        run = CliRunner().invoke(command, [*map(str, words), "--json"])
        return json.loads(run.stdout), run.exception

    def test_an_untrained_model_is_refused_and_named(
        self, tiny: Tiny, worse: Path, tmp_path: Path
    ) -> None:
        into, data = tmp_path / "into", tiny.options.data
        first, _ = self.run(promote_command, tiny.options.out, "--data", data, "--into", into)
        assert first["promoted"] is True
        answer, refusal = self.run(promote_command, worse, "--data", data, "--into", into)
        assert answer["promoted"] is False
        assert "real urgency F1" in answer["unmeasured"]
        lost = {each["measure"] for each in answer["measures"] if each["worse"]}
        assert "invented urgency F1" in lost
        assert isinstance(refusal, UnhealthyError)
        assert all(measure in str(refusal) for measure in lost)
        assert identity(into) == identity(tiny.options.out)

    def test_one_as_good_is_let_in_and_rolled_back(self, tiny: Tiny, tmp_path: Path) -> None:
        current, candidate = tmp_path / "current", tmp_path / "candidate"
        for directory in (current, candidate):
            shutil.copytree(tiny.options.out, directory)
        (candidate / CARD).write_text("another card of the same weights")
        before, after = identity(current), identity(candidate)
        words = (candidate, "--data", tiny.options.data, "--into", current)
        rehearsed, _ = self.run(promote_command, *words, "--dry-run")
        assert (rehearsed["promoted"], identity(current)) == (False, before)
        for promoted in (True, False):
            answer, error = self.run(promote_command, *words)
            assert (answer["promoted"], error) == (promoted, None)
            assert identity(current) == after
        self.run(rollback_command, "--into", current, "--dry-run")
        assert identity(current) == after
        back, _ = self.run(rollback_command, "--into", current)
        assert back["model"] == tiny.answer["model"]
        assert identity(current) == before
