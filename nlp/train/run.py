"""A whole training run: read, split, learn, export, calibrate, measure, write the card."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mentions.errors import ConfigError
from nlp.evaluate import evaluate, held_back
from nlp.labels import FIELDS
from nlp.onnx_judge import CONFIG, WEIGHTS, OnnxJudge
from nlp.train.card import write_card
from nlp.train.examples import Example, Side, traces
from nlp.train.plan import Length, Mix, Planned, characters
from nlp.train.sets import MORE, read_all, read_more
from nlp.train.split import groups, side_of

CHECKPOINT = "checkpoint.pt"
TRAINED = "trained.safetensors"  # float32, with the heads that do not ship
CURE = "training needs more: `make train-setup`, or pip install -r requirements/train.txt"


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is asked for. The same options and files give the same weights on one machine."""

    data: Path
    base: str
    out: Path
    epochs: int = 4
    steps: int | None = None  # of the plan, the first so many; all of it if not said
    seed: int = 1
    batch_rows: int = 32
    max_tokens: int = 192
    rate: float = 8e-5  # of the encoder's weights, at its highest
    start: tuple[Path, ...] = ()  # finished models, whose mean weights this run goes on from
    only: tuple[str, ...] = ()  # files whose rows the network learns; all of them if none is named
    keep_float32: bool = False
    more: Path = MORE

    def plan(self, rows: Rows, length: Length = characters) -> list[list[Planned]]:
        """All batches of the run, in order."""
        mix = Mix(seed=self.seed, epochs=self.epochs, batch_rows=self.batch_rows)
        return mix.plan(rows.learnt(self.only), length)[: self.steps]

    def identity(self) -> dict[str, Any]:
        """What must be equal if a run is to go on from a checkpoint."""
        return {
            "data": _digest([*self.data.glob("*.jsonl"), *self.more.glob("*.jsonl")]),
            "base": _named(self.base),
            "from": _history(self.start),
            "only": list(self.only),
            "epochs": self.epochs,
            "steps": self.steps,
            "seed": self.seed,
            "batch_rows": self.batch_rows,
            "max_tokens": self.max_tokens,
            "rate": self.rate,
        }


def _history(runs: Sequence[Path]) -> dict[str, Any]:
    """How each of these models was trained, by its name: weights have a past.

    A run that several of them come from is told where it first comes up; then its name is enough.
    """
    past: dict[str, Any] = {}
    for run in runs:
        model = OnnxJudge.load(run).model
        name = model if (run / TRAINED).is_file() else f"{model} in int8"
        if name in past:
            raise ConfigError(f"--from {run}: {model} is named twice, a mean counts each run once")
        past[name] = json.loads((run / CONFIG).read_bytes())["training"]
    return _told_once(past, set())


def _told_once(past: Mapping[str, Any], told: set[str]) -> dict[str, Any]:
    once: dict[str, Any] = {}
    for name, facts in past.items():
        if name in told:
            once[name] = {}
            continue
        told.add(name)
        once[name] = dict(facts)
        if isinstance(facts.get("from"), dict):  # the first runs only listed names
            once[name]["from"] = _told_once(facts["from"], told)
    return once


def _digest(files: Iterable[Path]) -> str:
    """Of names and contents: directories may lie elsewhere when a run goes on."""
    each = sorted(file.name.encode() + sha256(file.read_bytes()).digest() for file in files)
    return sha256(b"".join(each)).hexdigest()[:12]


def _named(base: str) -> str:
    """A directory by its name and content; an id of Hugging Face as it is."""
    directory = Path(base)
    if not directory.is_dir():
        return base
    return f"{directory.resolve().name}@{_digest(f for f in directory.iterdir() if f.is_file())}"


@dataclass(frozen=True, slots=True)
class Rows:
    """The files' rows by what they are for; ``train`` by file, ``tune`` what none of it tells."""

    train: Mapping[str, Sequence[Example]]
    tune: Sequence[Example]

    @classmethod
    def of(cls, data: Path, more: Path) -> Rows:
        """The project's own rows keep away from the measured ones; all but a few are trained on."""
        sets = read_all(data)
        side = _sides(sets)
        measured = [e for found in sets.values() for e in found if side[id(e)] is not Side.TRAIN]
        apart = {trace for example in measured for trace in traces(example)}
        added = {
            file: [e for e in found if apart.isdisjoint(traces(e))]
            for file, found in read_more(more, data).items()
        }
        added_side = _sides(added, drawn="more")
        train = {
            file: [e for e in found if side[id(e)] is Side.TRAIN] for file, found in sets.items()
        } | {
            file: [e for e in found if added_side[id(e)] is not Side.TUNE]
            for file, found in added.items()
        }
        both = side | added_side
        learnt = {trace for found in train.values() for e in found for trace in traces(e)}
        tune = [
            e
            for found in (*sets.values(), *added.values())
            for e in found
            if both[id(e)] is Side.TUNE
            and FIELDS.keys() & e.targets.keys()
            and learnt.isdisjoint(traces(e))
        ]
        return cls(train, tune)

    def learnt(self, only: Sequence[str]) -> Mapping[str, Sequence[Example]]:
        """The files that the network learns from. ConfigError if one of them has no rows."""
        if missing := [file for file in only if not self.train.get(file)]:
            there = ", ".join(file for file, found in self.train.items() if found)
            raise ConfigError(f"--only {missing[0]}: no rows to learn from; there are {there}")
        return {file: self.train[file] for file in only} or self.train

    def summary(self, plan: Sequence[Sequence[Planned]]) -> dict[str, Any]:
        seen: dict[str, int] = {}
        for row in (row for batch in plan for row in batch):
            seen[row.example.part] = seen.get(row.example.part, 0) + 1
        return {"steps": len(plan), "rows": sum(seen.values()), "rows_by_set": seen}


def _sides(sets: Mapping[str, Sequence[Example]], drawn: str = "") -> dict[int, Side]:
    """Of each row, by its identity. Another name is another draw."""
    rows = [example for found in sets.values() for example in found]
    names = groups([example.keys for example in rows])
    return {id(e): side_of(drawn + group) for e, group in zip(rows, names, strict=True)}


def dry_run(options: Options) -> dict[str, Any]:
    """What a run would do; reads the files and loads no network."""
    rows = Rows.of(options.data, options.more)
    return rows.summary(options.plan(rows))


def fine_tune(
    options: Options, progress: Callable[[Mapping[str, Any]], None], *, resume: bool
) -> dict[str, Any]:
    """Train, or go on training, and leave a finished model directory."""
    try:
        from nlp.train.export import write_model
        from nlp.train.learn import learn
    except ModuleNotFoundError as error:
        raise ConfigError(f"no module {error.name}: {CURE}") from error

    _check_out(options.out, resume=resume)
    if not options.epochs and not options.start:
        raise ConfigError("--epochs 0 learns nothing: it takes the mean of runs named with --from")
    started = time.monotonic()
    rows = Rows.of(options.data, options.more)
    trained = learn(options, rows, progress)
    progress({"stage": "export and calibration"})
    judge = write_model(trained, options.out, rows.tune, keep_float32=options.keep_float32)
    measured = evaluate(
        judge, held_back(options.data), lambda done, of: progress({"judged": done, "of": of})
    )
    progress({"stage": "challenge set and card"})
    size = write_card(options.out, model=judge.model, measured=measured)
    (options.out / CHECKPOINT).unlink(missing_ok=True)
    return {
        "model": judge.model,
        "bytes": size,
        "seconds": round(time.monotonic() - started),
        "measured": measured.sets,
    }


def _check_out(out: Path, *, resume: bool) -> None:
    """A cut run is gone on with; over a finished model goes nothing that has not been compared."""
    checkpoint = out / CHECKPOINT
    if checkpoint.exists() and not resume:
        raise ConfigError(f"{checkpoint} is of a cut run: go on with --resume, or delete it")
    if (out / WEIGHTS).exists() and not checkpoint.exists():
        raise ConfigError(
            f"{out} holds a finished model: name another --out; `molva promote` puts the new model "
            "in the place of this one"
        )
