"""The reliability plot: how often the judge is right, against how sure it says it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mentions.errors import ConfigError
from mentions.whole_file import whole_file
from nlp.evaluate import Evaluation, answers
from nlp.measures import BINS, calibration_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURE = "the plot needs matplotlib: `make train-setup`, or pip install -r requirements/train.txt"
FIELDS = ("sentiment", "urgency")
FEWEST = 5  # rows in a bin whose share of right answers says anything


def check_plotting() -> None:
    """Known before the rows are judged, not after."""
    try:
        import matplotlib.figure  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError(f"no module {error.name}: {CURE}") from error


def plot(evaluation: Evaluation, file: Path) -> None:
    """One panel for each field, one line for each set, and below it how many rows each bin has."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6.5), layout="constrained")
    above, below = figure.subplots(2, len(FIELDS), height_ratios=(3, 1), sharex=True)
    for place, field in enumerate(FIELDS):
        _panel(above[place], below[place], field, _bins(evaluation, field))
    with whole_file(file) as out:
        figure.savefig(out, format="png", dpi=120, metadata={"Software": None})


def _bins(evaluation: Evaluation, field: str) -> dict[str, NDArray[np.float64]]:
    """Summed bins of each set that has the field."""
    found = {part: answers(evaluation.of_part(part)) for part in evaluation.parts}
    return {part: known[field].bins().sum(0) for part, known in found.items() if field in known}


def _panel(above: Axes, below: Axes, field: str, sets: Mapping[str, NDArray[np.float64]]) -> None:
    above.plot([0, 1], [0, 1], color="grey", linestyle=":", label="as right as sure")
    for part, bins in sets.items():
        many = bins[bins[:, 0] >= FEWEST]
        sure, right = many[:, 1] / many[:, 0], many[:, 2] / many[:, 0]
        above.plot(sure, right, marker="o", label=f"{part}, ECE {calibration_error(bins):.3f}")
        below.stairs(bins[:, 0], np.linspace(0, 1, BINS + 1))
    above.set(title=field, ylabel="share of right answers", xlim=(0, 1), ylim=(0, 1))
    above.legend(loc="lower right")
    below.set(xlabel="how sure the judge is", ylabel="rows", yscale="symlog")
