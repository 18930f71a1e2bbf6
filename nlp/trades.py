"""Which trade a row is of: a judge may know banks and nothing else, and no average shows it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from nlp.train.examples import Example

BRANDS = Path(__file__).parent / "train" / "trades.json"
TRADES = (
    "banks",  # payments, loans and brokers too
    "insurance",
    "telecoms",
    "shops",
    "parcels",  # and removals
    "food",  # from restaurants, couriers, shops and makers
    "goods",  # their makers
    "airlines",
    "travel",  # trains, ferries, hotels, tours
    "rides",  # taxis, hired cars, scooters, city buses, parking, garages
    "health",
    "public",  # utilities, housing, councils
    "education",
    "apps",  # games and streaming too
    "services",  # gyms, cinemas, tickets, repairs
)
OTHER = "other"
TWEETS = "tweets-"
# Real posts by how their ids begin: reviews of banks, of their apps, and tweets of 2015.
REAL: Mapping[str, str] = {
    "ot": "banks",
    "gz": "banks",
    "fa": "apps",
    "2015b": "banks",
    "2015t": "telecoms",
}


@cache
def brands() -> Mapping[str, str]:
    """Trades of invented brands, chosen by reading their posts; no rule would know them."""
    found: dict[str, str] = json.loads(BRANDS.read_text(encoding="utf-8"))
    return {brand.casefold(): trade for brand, trade in found.items()}


def trades_of(examples: Sequence[Example]) -> list[str]:
    """The trade of each row; a real tweet's is that of the brand tweet with the same id."""
    tweets = {
        example.id.partition("/")[0]: example.part.removeprefix(TWEETS)
        for example in examples
        if example.part.startswith(TWEETS)
    }
    return [_trade(example, tweets) for example in examples]


def _trade(example: Example, tweets: Mapping[str, str]) -> str:
    if example.part.startswith(TWEETS):
        return example.part.removeprefix(TWEETS)
    if example.part == "real":
        return tweets.get(example.id) or REAL.get(example.id.partition("-")[0], OTHER)
    return brands().get(example.names[0].casefold(), OTHER) if example.names else OTHER
