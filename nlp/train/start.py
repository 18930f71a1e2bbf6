"""Where a run starts from if not from the bare encoder: the trained weights of earlier runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from torch import Tensor, from_numpy

from mentions.errors import ConfigError
from mentions.whole_file import whole_file
from nlp.train.graph import Weights
from nlp.train.net import Net

TRAINED = "trained.safetensors"


def keep_trained(weights: Weights, directory: Path) -> None:
    """All of a network, with the heads that do not ship."""
    with whole_file(directory / TRAINED) as out:
        out.write(save(dict(weights)))


def start_from(net: Net, directories: Sequence[Path]) -> None:
    """Give the network the mean of several runs' weights.

    Runs from one encoder end near enough to each other for their mean to be as good as the best of
    them, or better (Wortsman et al., "Model soups", 2022).
    """
    runs = [_trained(directory, net) for directory in directories]
    mean = {name: sum(run[name] for run in runs) / len(runs) for name in runs[0]}
    net.load_state_dict(mean)


def _trained(directory: Path, net: Net) -> dict[str, Tensor]:
    file = directory / TRAINED
    try:
        found = {name: from_numpy(value) for name, value in load_file(file).items()}
    except FileNotFoundError as error:
        raise ConfigError(
            f"--from {directory}: no {TRAINED}, which `molva train --keep-float32` leaves"
        ) from error
    except SafetensorError as error:
        raise ConfigError(f"--from {directory}: {TRAINED} is damaged: {error}") from error
    wanted = {name: value.shape for name, value in net.state_dict().items()}
    if {name: value.shape for name, value in found.items()} != wanted:
        raise ConfigError(f"--from {directory}: trained on another --base, or for other labels")
    return found
