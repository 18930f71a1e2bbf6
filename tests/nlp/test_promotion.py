"""Models are exchanged whole: whatever line the process dies at, there is one to load."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from click.testing import CliRunner

from mentions.errors import ConfigError, TransientError, UnhealthyError
from molva.commands.promote import command as promote_command
from molva.commands.rollback import command as rollback_command
from nlp import promotion
from nlp.onnx_judge import CONFIG, ModelConfig
from nlp.promotion import (
    FILES,
    MARK,
    Places,
    identity,
    previous_of,
    promote,
    roll_back,
    standing,
)
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


def replace(current: Path, candidate: Path) -> bool:
    return promote(candidate, current, expected=identity(candidate), against=standing(current))


class Shelf:
    """A current model, the one before it, and candidates."""

    def __init__(self, place: Path) -> None:
        self.current = make(place / "models" / "judge", "old")
        self.new, self.newer = make(place / "new", "new"), make(place / "newer", "newer")
        self.place = Places.around(self.current)

    def promote(self, candidate: Path) -> bool:
        return replace(self.current, candidate)

    def roll_back(self) -> None:
        roll_back(self.current, expected=identity(previous_of(self.current)))

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
    shelf.roll_back()
    assert (name_of(shelf.current), name_of(shelf.place.previous)) == ("old", "new")
    shelf.roll_back()
    assert (name_of(shelf.current), name_of(shelf.place.previous)) == ("new", "old")


def test_without_a_previous_model_there_is_nothing_to_roll_back_to(shelf: Shelf) -> None:
    with pytest.raises(ConfigError, match="no previous model"):
        shelf.roll_back()
    assert name_of(shelf.current) == "old"


def test_only_the_model_that_was_looked_at_comes_back(shelf: Shelf) -> None:
    shelf.promote(shelf.new)
    seen = identity(previous_of(shelf.current))
    shelf.promote(shelf.newer)
    with pytest.raises(TransientError, match="just changed"):
        roll_back(shelf.current, expected=seen)
    assert name_of(shelf.current) == "newer"


def test_the_first_model_needs_none_before_it(shelf: Shelf, tmp_path: Path) -> None:
    first = tmp_path / "models" / "first"
    assert replace(first, shelf.new)
    assert name_of(first) == "new"
    assert {path.name for path in first.iterdir()} == set(FILES)


def test_what_a_link_leads_to_is_exchanged(shelf: Shelf, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(shelf.current)
    replace(link, shelf.new)
    assert link.is_symlink()
    assert name_of(link) == name_of(shelf.current) == "new"


def test_a_candidate_that_changed_meanwhile_is_not_let_in(shelf: Shelf) -> None:
    measured = identity(shelf.new)
    (shelf.new / FILES[0]).write_text("other")
    with pytest.raises(ConfigError, match="has changed while it was measured"):
        promote(shelf.new, shelf.current, expected=measured, against=standing(shelf.current))
    assert name_of(shelf.current) == "old"


@pytest.mark.parametrize("compared", [True, False])
def test_a_model_that_was_not_compared_is_not_replaced(shelf: Shelf, compared: bool) -> None:
    against = standing(shelf.current) if compared else None
    shelf.promote(shelf.new)
    with pytest.raises(TransientError, match="has changed while"):
        promote(shelf.newer, shelf.current, expected=identity(shelf.newer), against=against)
    assert name_of(shelf.current) == "new"


@pytest.mark.parametrize("file", FILES)
def test_half_a_model_is_none(shelf: Shelf, file: str) -> None:
    (shelf.new / file).unlink()
    with pytest.raises(ConfigError, match=file.replace(".", r"\.")):
        identity(shelf.new)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def test_two_changes_at_once_are_not_made(shelf: Shelf) -> None:
    with locked(shelf.current.parent), pytest.raises(TransientError, match="another command"):
        shelf.promote(shelf.new)
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
        shelf.promote(shelf.newer)
        assert (name_of(shelf.current), name_of(shelf.place.previous)) == ("newer", "new"), line
        assert not (shelf.current / MARK).exists()
        assert shelf.names == {"judge", ".judge.previous"}, line
        if not died:
            break
    assert line > 60
    assert left == {"new", "newer"}


@pytest.mark.slow
def test_killed_at_any_line_a_roll_back_has_happened_or_not(tmp_path: Path) -> None:
    line = 0
    while True:
        line += 1
        shelf = Shelf(tmp_path / str(line))
        shelf.promote(shelf.new)
        died = dies_at(line, lambda shelf=shelf: shelf.roll_back())  # type: ignore[misc]
        both = {name_of(shelf.current), name_of(shelf.place.previous)}
        assert both == {"old", "new"}, line
        if not died:
            assert name_of(shelf.current) == "old"
            break


def called(directory: Path, name: str, tiny: Tiny) -> Path:
    """A model that can be loaded, and goes by that name."""
    shutil.copytree(tiny.options.out, directory)
    config = json.loads((directory / CONFIG).read_text())
    (directory / CONFIG).write_text(json.dumps(config | {"name": name}))
    return directory


def called_what(directory: Path) -> str:
    return ModelConfig.load(directory / CONFIG).name


def cut(place: Path, models: Sequence[Path]) -> Iterator[Path]:
    """Current models as a promotion of the last leaves them, killed at any line; each kind once."""
    seen, line, died = set(), 0, True
    while died:
        line += 1
        current = place / str(line) / "judge"
        current.parent.mkdir(parents=True)
        for model in models[:-1]:
            replace(current, model)
        died = dies_at(line, lambda current=current: replace(current, models[-1]))  # type: ignore[misc]
        files = sorted(str(path.relative_to(current.parent)) for path in current.parent.rglob("*"))
        state = (called_what(current), *files)
        if state not in seen:
            seen.add(state)
            yield current


class TestCommands:
    def run(self, command: Any, *words: object) -> tuple[dict[str, Any], BaseException | None]:
        run = CliRunner().invoke(command, [*map(str, words), "--json"])
        return json.loads(run.stdout or "{}"), run.exception

    @pytest.mark.slow
    @pytest.mark.parametrize("names", [("old", "new"), ("old", "new", "newer")])
    def test_what_a_killed_promotion_leaves_is_rolled_back_as_was_said(
        self, tiny: Tiny, tmp_path: Path, names: tuple[str, ...]
    ) -> None:
        models = [called(tmp_path / name, name, tiny) for name in names]
        back = dict(zip(names[1:], names, strict=False))
        ended = set()
        for current in cut(tmp_path / "cut", models):
            left = called_what(current)
            rehearsed, _ = self.run(rollback_command, "--into", current, "--dry-run")
            assert called_what(current) == left
            answer, error = self.run(rollback_command, "--into", current)
            ended.add(called_what(current))
            if left in back:
                assert called_what(current) == back[left]
                assert answer["model"] == rehearsed["model"]
                assert answer["model"].startswith(f"{back[left]}@")
            else:
                assert "no previous model" in str(error)
        assert ended == set(names[:-1])

    def test_where_there_is_no_model_yet_not_everything_is_let_in(
        self, shelf: Shelf, tmp_path: Path
    ) -> None:
        into = tmp_path / "into"
        _, error = self.run(promote_command, shelf.new, "--data", tmp_path, "--into", into)
        assert isinstance(error, ConfigError)
        assert not into.exists()

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
        assert "invented intent F1" in lost  # what so small a judge does learn
        assert isinstance(refusal, UnhealthyError)
        assert all(measure in str(refusal) for measure in [*lost, *answer["unmeasured"]])
        assert identity(into) == identity(tiny.options.out)

    def test_one_as_good_is_let_in_and_rolled_back(self, tiny: Tiny, tmp_path: Path) -> None:
        current, candidate = tmp_path / "current", tmp_path / "candidate"
        for directory in (current, candidate):
            shutil.copytree(tiny.options.out, directory)
        (candidate / CARD).write_text("another card of the same weights")
        before, after = identity(current), identity(candidate)
        words = [candidate, "--data", tiny.options.data, "--into", current]
        _, refusal = self.run(promote_command, *words)
        assert isinstance(refusal, UnhealthyError)
        assert "nothing guards tweets-banks poles F1" in str(refusal)
        words.append("--allow-unmeasured")
        rehearsed, _ = self.run(promote_command, *words, "--dry-run")
        assert (rehearsed["promoted"], identity(current)) == (False, before)
        with locked(tmp_path):
            told, error = self.run(promote_command, *words)
        assert isinstance(error, TransientError)
        assert (told["promoted"], told["measures"]) == (False, rehearsed["measures"])
        for promoted in (True, False):
            answer, error = self.run(promote_command, *words)
            assert (answer["promoted"], error) == (promoted, None)
            assert identity(current) == after
        self.run(rollback_command, "--into", current, "--dry-run")
        assert identity(current) == after
        back, _ = self.run(rollback_command, "--into", current)
        assert back["model"] == tiny.answer["model"]
        assert identity(current) == before
