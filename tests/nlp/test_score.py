"""The scoring stage on real servers: every mention once, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import click
import pytest

from bench.score import first
from mentions.errors import RecordError
from mentions.model import Mention
from mentions.store import Store
from nlp.analysis import text_of
from nlp.judge import SHIPPED, JudgeInput, Judgement
from nlp.labels import FIELDS
from nlp.score import score
from tests.factories import analysis, mention

NAMES = {"romashka": "Ромашка"}


class Plain:
    """Finds everything negative and urgent; breaks on one word; remembers what it was asked."""

    model = "plain@1"

    def __init__(self, model: str = "plain@1") -> None:
        self.model = model
        self.asked: list[JudgeInput] = []

    def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
        if any("boom" in each.text for each in inputs):
            raise RecordError("refused")
        self.asked.extend(inputs)
        even = {f: dict.fromkeys(labels, 0.5 / len(labels)) for f, labels in FIELDS.items()}
        for field, label in (("sentiment", "negative"), ("urgency", "high")):
            even[field][label] += 0.5
        return [Judgement(even, ("отвечает", "день")) for _ in inputs]


def some(count: int, **changed: object) -> list[Mention]:
    return [mention(native_id=str(n), **changed) for n in range(count)]


def never() -> Plain:
    raise AssertionError("the model was loaded")


def test_nothing_missing_loads_no_model(store: Store) -> None:
    counts = score(store, never, NAMES)
    assert counts["missing"] == 0
    assert store.ledger.last_run("score") is None


def test_every_mention_is_scored_once(store: Store) -> None:
    mentions = some(7)
    store.mentions.put(mentions)
    judge = Plain()
    first = score(store, lambda: judge, NAMES)
    assert first == {"missing": 7, "scored": 7, "untrusted": 0, "rejected": 0, "conflict": 0}
    assert judge.asked == [JudgeInput(text_of(mentions[0]), "Ромашка")] * 7
    stored = store.mentions.get([m.id for m in mentions])
    for found in stored.values():
        assert found.analysis is not None
        assert (found.analysis.sentiment, found.analysis.model) == ("negative", "plain@1")
        assert (found.analysis.language, found.analysis.trusted) == ("ru", True)
        assert found.analysis.why == ("отвечает", "день")
    assert score(store, never, NAMES)["missing"] == 0


def test_the_run_is_recorded(store: Store) -> None:
    store.mentions.put(some(2))
    score(store, Plain, NAMES)
    run = store.ledger.last_run("score")
    assert run is not None
    assert (run.verdict, run.counts["scored"]) == ("ok", 2)


def test_what_cannot_be_judged_is_marked(store: Store) -> None:
    texts = {"1": "😡😡😡", "2": "谢谢你们的服务", "3": "Ромашка молчит"}
    mentions = [mention(native_id=id_, text=text) for id_, text in texts.items()]
    store.mentions.put(mentions)
    assert score(store, Plain, NAMES)["untrusted"] == 2
    found = store.mentions.get([m.id for m in mentions])
    doubts = [found[m.id].analysis.doubt for m in mentions]  # type: ignore[union-attr]
    assert doubts == ["no_text", "language", None]


def test_a_text_that_breaks_the_judge_goes_to_a_person(store: Store) -> None:
    broken = mention(native_id="x", text="Ромашка boom")
    store.mentions.put([*some(3), broken])
    counts = score(store, Plain, NAMES)
    assert (counts["missing"], counts["scored"], counts["rejected"]) == (4, 3, 1)
    analysis = store.mentions.get([broken.id])[broken.id].analysis
    assert analysis is not None
    assert (analysis.trusted, analysis.doubt) == (False, "unreadable")
    assert [r["reason"] for r in store.ledger.rejects(broken.url)] == ["breaks the judge"]
    assert score(store, never, NAMES)["missing"] == 0


def test_a_limit_is_kept_and_the_rest_follows(store: Store) -> None:
    store.mentions.put(some(5))
    assert score(store, Plain, NAMES, limit=2)["scored"] == 2
    assert score(store, Plain, NAMES)["scored"] == 3


def test_a_changed_text_is_judged_anew(store: Store) -> None:
    store.mentions.put([mention()])
    score(store, Plain, NAMES)
    store.mentions.put([mention(text="Ромашка наконец ответила")])
    judge = Plain("plain@2")
    assert score(store, lambda: judge, NAMES)["scored"] == 1
    assert judge.asked[0].text == "Ромашка наконец ответила"


def test_a_judgement_that_comes_second_leaves_the_first_be(store: Store) -> None:
    """As of a scorer that slept longer than its claim lasts."""
    store.mentions.put(some(4))

    class Slow(Plain):
        def __call__(self, inputs: Sequence[JudgeInput]) -> list[Judgement]:
            page, _ = store.mentions.unscored()
            store.mentions.set_analysis([(m, analysis(model="quick@1")) for m in page])
            return super().__call__(inputs)

    counts = score(store, Slow, NAMES)
    assert (counts["scored"], counts["conflict"]) == (0, 4)
    assert store.mentions.unscored_count() == 0


SCORER = """
import sys, time
from mentions.settings import load_settings
from mentions.store import open_store
from nlp import score
from tests.nlp.test_score import NAMES, Plain

class Slow(Plain):
    def __call__(self, inputs):
        time.sleep(0.2)
        return super().__call__(inputs)

score.BATCH = 20
judge = Slow(sys.argv[1])
with open_store(load_settings()) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    score.score(store, lambda: judge, NAMES)
print(len(judge.asked))
"""


def scorer(model: str) -> subprocess.Popen[str]:
    """Waits for a line, and says in the end how many posts it has judged."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCORER, model],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_two_scorers_share_the_work_and_judge_nothing_twice(
    store: Store, molva_env: Callable[[str], None]
) -> None:
    molva_env(WATCH)
    mentions = some(200)
    store.mentions.put(mentions)
    both = [scorer("one@1"), scorer("other@1")]
    for each in both:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    judged = [int(each.communicate(timeout=120)[0]) for each in both]
    assert sum(judged) == 200
    assert min(judged) > 0
    found = store.mentions.get([m.id for m in mentions]).values()
    models = [each.analysis.model for each in found if each.analysis]
    assert [models.count("one@1"), models.count("other@1")] == judged


def test_what_one_scorer_dies_over_the_other_finishes(
    store: Store, molva_env: Callable[[str], None]
) -> None:
    molva_env(WATCH)
    store.mentions.put(some(60))
    dying, living = scorer("dying@1"), scorer("living@1")
    for each in (dying, living):
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    time.sleep(0.3)
    dying.kill()
    living.communicate(timeout=120)
    dying.communicate()
    assert store.mentions.unscored_count() == 0


def test_a_title_is_read_with_the_text() -> None:
    assert text_of(mention(title="Ужас", text="Три дня")) == "Ужас\nТри дня"
    assert text_of(mention(title="Три", text="Три дня")) == "Три дня"
    assert text_of(mention(title=None, text="Три дня")) == "Три дня"


WATCH = '[brands.romashka]\nname = "Ромашка"\nchannel = "#romashka"\n'


@pytest.mark.parametrize("place", ["score-before-write", "score-after-write"])
def test_killed_in_the_middle_the_next_run_finishes(
    store: Store, molva_env: Callable[[str], None], place: str
) -> None:
    molva_env(WATCH)
    store.mentions.put(some(3))
    command = [sys.executable, "-m", "molva.cli", "score"]
    killed = subprocess.run(command, env=os.environ | {"MOLVA_FAILPOINT": place}, check=False)
    assert killed.returncode == -signal.SIGKILL
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert store.mentions.unscored_count() == 0
    assert store.mentions.get([m.id for m in some(3)])[some(3)[0].id].analysis is not None


def test_scoring_imports_neither_torch_nor_transformers() -> None:
    program = """
import sys
from nlp.judge import JudgeInput
from nlp.load import load_judge
from nlp import analysis, files, score
load_judge()([JudgeInput("Ромашка молчит", "Ромашка")])
heavy = {"torch", "transformers", "onnx", "pandas", "scipy", "sympy"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_first_score_comes_soon_and_takes_little_memory() -> None:
    seconds, megabytes = first(SHIPPED)
    click.echo(f"\nfirst score after {seconds:.2f} s, {megabytes:.0f} MB")
    assert 50 < megabytes < 500
