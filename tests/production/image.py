"""Runs the steps of the Dockerfile on this machine, as far as they go without an image.

Every ``COPY``, ``WORKDIR`` and ``RUN`` of the stages that make the running image, with
``/opt/molva`` and ``/build`` below a folder of ours. Left out: the base image, the account that the
image makes and the folders that become volumes. As in a real build, a step whose inputs have not
changed is not repeated.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPO = Path(__file__).parents[2]
STAGES = ("build", "run")
MOVED = ("/opt/molva", "/build")
IGNORED = shutil.ignore_patterns("__pycache__", ".env")


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction of one stage, without its flags."""

    stage: str
    word: str
    text: str
    from_stage: bool = False


def steps(dockerfile: str) -> Iterator[Step]:
    """The instructions in order, continued lines joined."""
    stage = ""
    joined = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", dockerfile, flags=re.MULTILINE))
    for line in filter(str.strip, joined.splitlines()):
        word, _, text = line.partition(" ")
        if word == "FROM":
            stage = text.rpartition(" AS ")[2]
        flags = re.match(r"(--\S+\s+)*", text)
        assert flags is not None
        yield Step(stage, word, text[flags.end() :].strip(), "--from=" in flags[0])


@dataclass(frozen=True, slots=True)
class Image:
    """Where the steps put things."""

    root: Path

    @property
    def bin(self) -> Path:
        return self.root / "opt/molva/venv/bin"

    def place(self, text: str) -> str:
        """Paths of the image as paths of this machine; only at the beginning of a path."""
        for path in MOVED:
            text = re.sub(rf"(?<![\w/.]){path}(?=/|\b)", str(self.root) + path, text)
        return text

    def build(self) -> None:
        """Do what has changed since the last time."""
        self.root.mkdir(parents=True, exist_ok=True)
        stamps = self.root / "steps"
        done = stamps.read_text(encoding="utf-8").split() if stamps.exists() else []
        key, here, keys = "", self.root, []
        for step in steps((REPO / "Dockerfile").read_text(encoding="utf-8")):
            if step.stage not in STAGES:
                continue
            key = hashlib.sha256(f"{key}{step}{self._inputs(step)}".encode()).hexdigest()[:16]
            keys.append(key)
            if step.word == "WORKDIR":
                here = Path(self.place(step.text)) if step.text.startswith("/build") else here
                here.mkdir(parents=True, exist_ok=True)
            elif key not in done:
                self._do(step, here)
        stamps.write_text("\n".join(keys), encoding="utf-8")

    def _inputs(self, step: Step) -> str:
        if step.word != "COPY" or step.from_stage:
            return ""
        files = sorted(
            path
            for source in step.text.split()[:-1]
            for found in REPO.glob(source)
            for path in ([found] if found.is_file() else found.rglob("*"))
            if path.is_file() and path.suffix != ".pyc"
        )
        whole = hashlib.sha256()
        for path in files:
            whole.update(f"{path.relative_to(REPO)}\0".encode() + path.read_bytes())
        return whole.hexdigest()

    def _do(self, step: Step, here: Path) -> None:
        if step.word == "RUN" and "useradd" not in step.text:
            subprocess.run(["sh", "-c", self.place(step.text)], cwd=here, check=True)
        elif step.word == "COPY" and not step.from_stage:
            *sources, target = step.text.split()
            folder = Path(self.place(target)) if target.startswith("/") else here / target
            for source in (path for name in sources for path in REPO.glob(name)):
                _copy(source, folder, into=target.endswith("/") or len(sources) > 1)


def _copy(source: Path, target: Path, *, into: bool) -> None:
    """As COPY does: a folder's content, or a file into a folder or under a name."""
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=IGNORED)
        return
    target = target / source.name if into else target
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


if __name__ == "__main__":
    Image(REPO / "build/production/image").build()
