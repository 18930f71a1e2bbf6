"""May a new model take the place of the current one? Not if it is worse on anything we named.

Both judge the same rows and are drawn together, so that the luck of the draw takes from both
alike. Worse is what is worse beyond noise: with twenty measures one or two of an equally good model
lie below their own 95 % interval, so the bound is that of the worst of them all, and an equally
good model is refused once in twenty times however many measures there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.bootstrap import CONFIDENCE, Resamples, interval
from nlp.challenge import CHALLENGE, PAIRS, POSTS, Passed, challenge, rates
from nlp.evaluate import Evaluation, Progress, answers, evaluate
from nlp.figures import MEASURES, Sums
from nlp.judge import Judge
from nlp.measures import Values
from nlp.train.examples import Example

# What a new model must not lose, by the rows it is measured on: the one place that says so.
NAMED: Mapping[str, Sequence[str]] = {
    "tweets-banks": ("poles F1",),
    "tweets-telecoms": ("poles F1",),
    "real": (
        "urgency F1",
        "kappa",
        "urgent P",
        "urgent R",
        "sentiment F1",
        "topic F1",
        "intent F1",
        "urgency ECE",
        "sentiment ECE",
    ),
    "invented": (
        "urgency F1",
        "kappa",
        "sentiment F1",
        "topic F1",
        "intent F1",
        "urgency ECE",
        "sentiment ECE",
    ),
    CHALLENGE: (POSTS, PAIRS),
}


@dataclass(frozen=True, slots=True)
class Trial:
    """One model's answers to everything that a model is tried on."""

    model: str
    held: Evaluation
    challenge: Passed

    @classmethod
    def of(cls, judge: Judge, rows: Sequence[Example], progress: Progress) -> Trial:
        return cls(judge.model, evaluate(judge, rows, progress), challenge(judge, progress))

    def values(self, part: str) -> dict[str, Values]:
        """The named measures of one set in each draw; which draws hangs on the rows alone."""
        if part == CHALLENGE:
            return rates(Resamples(self.challenge.groups).sums(self.challenge.tallies))
        rows = self.held.of_part(part)
        draws = Resamples([row.group for row in rows]) if rows else None
        sums = {field: Sums.of(found, draws) for field, found in answers(rows).items() if draws}
        return {
            name: MEASURES[name].of(sums[MEASURES[name].field])
            for name in NAMED[part]
            if MEASURES[name].field in sums
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """One named measure of both models; ``low`` and ``high`` bound what changed."""

    measure: str
    current: float
    candidate: float
    low: float
    high: float
    worse: bool

    def __str__(self) -> str:
        change = self.candidate - self.current
        return (
            f"{self.measure} {self.current:.3f} → {self.candidate:.3f} "
            f"({change:+.3f}, {100 * CONFIDENCE:.0f} % {self.low:+.3f} to {self.high:+.3f})"
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One measure of both models, in each draw."""

    part: str
    name: str
    current: Values
    candidate: Values

    @property
    def gain(self) -> Values:
        """What changed, for the better if above 0."""
        measure = MEASURES.get(self.name)
        better = measure is None or measure.more_is_better
        return self.candidate - self.current if better else self.current - self.candidate

    def verdict(self, bound: float) -> Verdict:
        gain = self.gain
        low, high = interval(self.candidate - self.current, (-2.0, 2.0))
        return Verdict(
            measure=f"{self.part} {self.name}",
            current=float(self.current[0]),
            candidate=float(self.candidate[0]),
            low=low,
            high=high,
            worse=bool(gain[0] < min(0.0, bound * float(np.nanstd(gain[1:])))),
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """The current model and the one that is to replace it, measure by measure."""

    current: str
    candidate: str
    verdicts: Sequence[Verdict]

    @classmethod
    def of(cls, current: Trial, candidate: Trial) -> Comparison:
        """Every named measure that both have. Both must have judged the same rows."""
        changes = [
            Change(part, name, old, new)
            for part in NAMED
            for (name, old), new in zip(
                current.values(part).items(), candidate.values(part).values(), strict=True
            )
        ]
        known = [change for change in changes if not np.isnan(change.gain[0])]
        bound = _bound([change.gain for change in known])
        return cls(current.model, candidate.model, [change.verdict(bound) for change in known])

    def __str__(self) -> str:
        """A line for each measure; one that is worse beyond noise says so first."""
        return "\n".join(f"{'worse ' if v.worse else '      '}{v}" for v in self.verdicts)

    @property
    def unmeasured(self) -> list[str]:
        """Named measures that the data says nothing of: nothing guards them."""
        wanted = [f"{part} {name}" for part, names in NAMED.items() for name in names]
        found = {verdict.measure for verdict in self.verdicts}
        return [name for name in wanted if name not in found]

    def refusal(self, *, allow_unmeasured: bool = False) -> str | None:
        """Why the candidate must not replace the current model, if so."""
        reasons = []
        if worse := [str(verdict) for verdict in self.verdicts if verdict.worse]:
            reasons.append(
                f"{self.candidate} is worse than {self.current} beyond noise on {len(worse)} of "
                f"{len(self.verdicts)} measures: {'; '.join(worse)}"
            )
        if self.unmeasured and not allow_unmeasured:
            reasons.append(
                f"nothing guards {', '.join(self.unmeasured)}: add the sets that --data lacks, "
                "or pass --allow-unmeasured"
            )
        return "; ".join(reasons) or None


def _bound(gains: Sequence[Values]) -> float:
    """How many standard errors the unluckiest of all measures falls by mere chance."""
    chance: list[NDArray[np.float64]] = []
    for gain in gains:
        drawn, error = gain[1:], float(np.nanstd(gain[1:]))
        if error:
            chance.append(np.nan_to_num((drawn - np.nanmean(drawn)) / error))
    if not chance:
        return 0.0
    return float(np.quantile(np.min(chance, axis=0), 1 - CONFIDENCE))
