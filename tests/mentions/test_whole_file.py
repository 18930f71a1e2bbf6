"""What is written whole may be read by whom any other file may be read by."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_IMODE

import pytest

from mentions.errors import ConfigError
from mentions.whole_file import whole_file


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_who_may_read_it_is_for_the_umask_to_say(tmp_path: Path, umask: int, mode: int) -> None:
    target = tmp_path / "out"
    before = os.umask(umask)
    try:
        with whole_file(target) as out:
            out.write(b"all")
    finally:
        os.umask(before)
    assert target.read_bytes() == b"all"
    assert S_IMODE(target.stat().st_mode) == mode


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(ConfigError, match="cannot write"), whole_file(tmp_path / "out") as out:
        out.write(b"all")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
