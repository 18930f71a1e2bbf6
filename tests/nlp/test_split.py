"""No held-back row has a sibling among those trained on."""

from __future__ import annotations

from nlp.train.examples import Example, Side, repost_key, text_key
from nlp.train.plan import Mix
from nlp.train.sets import brand_tweets, soft, triage_invented
from nlp.train.split import groups, side_of, split


def example(id_: str, *keys: str) -> Example:
    return Example(id=id_, part="p", text="t", targets={"sentiment": (1.0, 0.0, 0.0)}, keys=keys)


def test_rows_that_share_a_key_however_indirectly_are_one_group() -> None:
    a, b, c, d = groups([["x"], ["x", "y"], ["y", "z"], ["w"]])
    assert a == b == c != d


def test_a_group_stands_on_one_side() -> None:
    rows = [example(f"{n}-{twin}", f"brand:{n}") for n in range(300) for twin in range(2)]
    sides = split(rows)
    assert min(len(found) for found in sides.values()) > 0
    for found in sides.values():
        assert all(sum(e.id.startswith(f"{r.id[:-2]}-") for e in found) == 2 for r in found)


def test_new_rows_do_not_move_old_ones() -> None:
    old, new = ([(f"brand:{n}",) for n in range(at, at + 200)] for at in (200, 0))
    before = [side_of(group) for group in groups(old)]
    assert [side_of(group) for group in groups([*new, *old])][200:] == before
    assert set(before) == set(Side)


def test_a_repost_is_the_same_text() -> None:
    assert text_key("Банк закрыт! https://t.example/1") == text_key("банк закрыт 24")
    assert repost_key("RT @anna: Банк закрыт!") == repost_key("банк закрыт")


def test_a_post_about_two_brands_stays_together() -> None:
    labels = {"sentiment": "neutral", "urgency": "low", "topic": "other", "intent": "info"}
    row = {"id": "inv-1-1", "lang": "ru", "text": "А лучше, чем Б", **labels}
    one = next(triage_invented({**row, "brand": "А"}))
    two = next(triage_invented({**row, "id": "inv-1-2", "brand": "Б"}))
    assert len(set(groups([one.keys, two.keys]))) == 1


def test_mixed_opinions_have_no_label() -> None:
    row = {"id": "1", "text": "t", "domain": "banks", "brands": {"vtb": "mixed", "mts": "positive"}}
    assert [e.id for e in brand_tweets(row)] == ["1/mts"]


def test_votes_soften_the_label_but_do_not_turn_it() -> None:
    row = {
        "sentiment": "negative",
        "first": {"sentiment": "neutral"},
        "second": {"sentiment": "neutral"},
    }
    assert soft(row, "sentiment") == (0.6, 0.4, 0.0)
    assert soft({"sentiment": "neutral"}, "sentiment") == (0.0, 1.0, 0.0)


def test_a_plan_is_fixed_by_its_seed_and_shows_every_row_each_epoch() -> None:
    rows = {"triage_train.jsonl": [example(str(n), f"k{n}") for n in range(50)]}
    plan = Mix(seed=1, epochs=3, batch_rows=8).plan(rows)
    assert plan == Mix(seed=1, epochs=3, batch_rows=8).plan(rows)
    assert plan != Mix(seed=2, epochs=3, batch_rows=8).plan(rows)
    shown = [row.example.id for batch in plan for row in batch]
    assert sorted(shown) == sorted(list(map(str, range(50))) * 3)


def test_the_smaller_sets_are_spread_over_the_epochs() -> None:
    rows = {
        "tweets_en.jsonl": [
            Example(id=str(n), part="p", text="t", targets={"tone": (1.0, 0.0, 0.0)})
            for n in range(400)
        ]
    }
    shown = [r.example.id for b in Mix(seed=1, epochs=2, batch_rows=8).plan(rows) for r in b]
    assert len(shown) == len(set(shown))
    assert 100 < len(shown) < 180
