"""The training files and how each is read. A file that is not there is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mentions.errors import ConfigError
from nlp.labels import FIELDS
from nlp.train.examples import Example, text_key
from nlp.train.lines import Row, rows
from nlp.train.posts import PART, edited, posts, whole

TONE = ("negative", "neutral", "positive")
# General sentiment, of no brand in particular: trained beside the judge's fields, never shipped.
HEADS: Mapping[str, tuple[str, ...]] = {**FIELDS, "tone": TONE}

# The names by which the brand-tweet set's ids go in its texts.
TWEET_BRANDS: Mapping[str, tuple[str, ...]] = {
    "sberbank": ("Сбербанк", "Sberbank", "sberbank"),
    "mts": ("МТС", "MTS", "mts"),
    "beeline": ("Билайн", "Beeline", "beeline"),
    "vtb": ("ВТБ", "VTB", "ВТБ 24"),
    "megafon": ("Мегафон", "Megafon", "МегаФон"),
    "alfabank": ("Альфа-Банк", "Alfabank", "Альфа банк"),
    "rshb": ("Россельхозбанк", "РСХБ", "rshb"),
    "bankmoskvy": ("Банк Москвы", "bankmoskvy"),
    "rostelecom": ("Ростелеком", "Rostelecom"),
    "gazprom": ("Газпромбанк", "Газпром", "gazprombank"),
    "raiffeisen": ("Райффайзенбанк", "Raiffeisen", "Райффайзен"),
    "tele2": ("Теле2", "Tele2"),
    "uralsib": ("Уралсиб", "uralsib"),
    "skylink": ("Скайлинк", "Skylink"),
    "komstar": ("Комстар", "Comstar"),
}
REVIEWED = {"ot-": ("Сбербанк", "Sberbank"), "gz-": ("Газпромбанк", "Gazprombank")}
FINAL_SHARE = 0.6  # of a soft label; the rest belongs to the annotators' own votes
EDITS = "edits.jsonl"
MORE = Path(__file__).with_name("more")  # labels and invented posts that the project adds

Complete = Callable[[Row], Row]


@dataclass(frozen=True, slots=True)
class DataSet:
    """One file: how it is read, how much its rows count, and in how many epochs each is seen."""

    file: str
    read: Callable[[Row], Iterator[Example]]
    weight: float = 1.0
    passes: float = 1.0  # share of the epochs in which a row is seen; once at least
    share: float = 1.0  # of its rows that are trained on
    neutral_share: float = 1.0  # of the rows that are only neutral
    nameless: float = 0.25  # share of the times that a row is shown without its brand


def one_hot(label: str, labels: Sequence[str]) -> tuple[float, ...]:
    if label not in labels:
        raise ValueError(f"label {label!r} is none of {', '.join(labels)}")
    return tuple(float(label == each) for each in labels)


def soft(row: Row, field: str) -> tuple[float, ...]:
    """The settled label and the votes that led to it: where readers differed, be less sure.

    Where they differed and nobody settled it, their votes alone.
    """
    labels = FIELDS[field]
    votes = [row[who][field] for who in ("first", "second") if field in row.get(who, ())]
    if not votes:
        return one_hot(row[field], labels)
    shares = zip(*(one_hot(vote, labels) for vote in votes), strict=True)
    voted = tuple(sum(share) / len(votes) for share in shares)
    if field not in row:
        return voted
    settled = one_hot(row[field], labels)
    return tuple(
        FINAL_SHARE * sure + (1 - FINAL_SHARE) * share
        for sure, share in zip(settled, voted, strict=True)
    )


def triage_real(row: Row) -> Iterator[Example]:
    yield Example(
        id=row["id"],
        part="real",
        text=row["text"],
        targets={field: soft(row, field) for field in FIELDS},
        language="en" if row["id"].startswith("te-") else "ru",
        names=REVIEWED.get(row["id"][:3], ()),
        # A part stands where its post stands, and where copies of that post do.
        keys=(
            text_key(row["text"]),
            f"id:{whole(row['id'])}",
            text_key(row.get("whole", row["text"])),
        ),
    )


def triage_invented(row: Row) -> Iterator[Example]:
    brand = row["brand"]  # empty: the text is shown from the side of whomever it speaks of
    keys = [text_key(row["text"]), *([f"brand:{brand.casefold()}"] if brand else [])]
    if row.get("group") is not None:
        batch = row["id"].rpartition("-")[0]  # groups are numbered anew in each batch
        keys.append(f"group:{batch}-{row['group']}")
    yield Example(
        id=row["id"],
        part="invented",
        text=row["text"],
        targets={field: soft(row, field) for field in FIELDS},
        language=row["lang"],
        names=(brand,) if brand else (),
        keys=tuple(keys),
    )


def brand_tweets(row: Row) -> Iterator[Example]:
    """One example per brand; "mixed" has no place among three labels and is left out."""
    for brand, label in row["brands"].items():
        if label == "mixed":
            continue
        yield Example(
            id=f"{row['id']}/{brand}",
            part=f"tweets-{row['domain']}",
            text=row["text"],
            targets={"sentiment": one_hot(label, FIELDS["sentiment"])},
            names=TWEET_BRANDS.get(brand, (brand,)),
            keys=(text_key(row["text"]), f"id:{row['id']}"),
        )


def tone(language: str) -> Callable[[Row], Iterator[Example]]:
    def read(row: Row) -> Iterator[Example]:
        if row["label"] in TONE:
            yield Example(
                id=row["id"],
                part=f"tone-{language}",
                text=row["text"],
                targets={"tone": one_hot(row["label"], TONE)},
                language=language,
                keys=(text_key(row["text"]), f"id:{row['id']}"),
            )

    return read


SETS: tuple[DataSet, ...] = (
    DataSet("triage_train.jsonl", triage_real),
    DataSet("triage_invented.jsonl", triage_invented, passes=0.5),
    # Its labels follow another guide (a good fact is positive): with the brand's name always given
    # the network can tell that it is asked by that guide.
    DataSet(
        "brand_tweets_ru.jsonl",
        brand_tweets,
        weight=0.7,
        passes=0.5,
        neutral_share=0.6,
        nameless=0.0,
    ),
    DataSet("tweets_en.jsonl", tone("en"), weight=0.4, passes=0.0, share=0.35),
    DataSet("tweets_ru.jsonl", tone("ru"), weight=0.4, passes=0.0, share=0.25),
)
# Only trained on: what the judge is measured on does not change with them.
MORE_SETS: tuple[DataSet, ...] = (
    DataSet("real.jsonl", triage_real, passes=0.5),
    DataSet("parts.jsonl", triage_real, share=0.5),  # another half with another seed
    DataSet(EDITS, triage_real),
    DataSet("invented.jsonl", triage_invented, passes=0.5),
    DataSet("borders.jsonl", triage_invented),
    # Never without the name: a text about two brands has one label for each.
    DataSet("pairs.jsonl", triage_invented, nameless=0.0),
)


def held_parts(row: Row) -> Iterator[Example]:
    """Apart from whole posts: they have labels of our own readers."""
    for example in triage_real(row):
        yield replace(example, part="real-parts")


HELD_PARTS = DataSet("held.jsonl", held_parts)


def read_set(file: Path, wanted: DataSet, complete: Complete = dict) -> list[Example]:
    """``complete`` adds to a row what its file leaves out; a row that it cannot is passed over."""

    def read(row: Row) -> Iterable[Example]:
        completed = complete(row)
        return wanted.read(completed) if completed else ()

    return list(rows(file, read)) if file.is_file() else []


def read_all(data: Path) -> dict[str, list[Example]]:
    """Every known file of a directory; a directory with none of them is a mistake."""
    found = {wanted.file: read_set(data / wanted.file, wanted) for wanted in SETS}
    if not any(found.values()):
        raise ConfigError(f"{data} holds none of {', '.join(wanted.file for wanted in SETS)}")
    return found


def read_more(more: Path, data: Path) -> dict[str, list[Example]]:
    """The project's own labels. Those of real posts find their texts in ``data``, or are left."""
    complete = texts_of(data)
    return {wanted.file: read_set(more / wanted.file, wanted, complete) for wanted in MORE_SETS}


def read_held(more: Path, data: Path) -> list[Example]:
    """Labelled parts of real posts that are measured on, if their posts are."""
    return read_set(more / HELD_PARTS.file, HELD_PARTS, texts_of(data))


def texts_of(data: Path) -> Complete:
    """Gives the label of a real post its text; one whose post is not there is left."""
    texts = posts(data)

    def complete(row: Row) -> Row:
        if "text" in row:
            return row
        text, edit = texts.get(row["id"]), row.get("edit")
        if edit and (before := texts.get(row["id"].rpartition(PART)[0])):
            text = edited(before, edit)
        return {**row, "text": text, "whole": texts[whole(row["id"])]} if text else {}

    return complete
