"""A base encoder of a few thousand weights and a few dozen invented posts to train it on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import Unigram
from tokenizers.normalizers import NFKC
from tokenizers.pre_tokenizers import Metaspace

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
KINDS: tuple[dict[str, str], ...] = (
    {
        "lang": "ru",
        "text": "{brand} украли деньги с карты, помогите",
        "sentiment": "negative",
        "urgency": "critical",
        "topic": "fraud",
        "intent": "complaint",
    },
    {
        "lang": "ru",
        "text": "спасибо {brand}, всё отлично",
        "sentiment": "positive",
        "urgency": "low",
        "topic": "other",
        "intent": "praise",
    },
    {
        "lang": "en",
        "text": "my parcel from {brand} is late, where is it",
        "sentiment": "negative",
        "urgency": "high",
        "topic": "delivery",
        "intent": "complaint",
    },
    {
        "lang": "en",
        "text": "{brand} opens a new office downtown",
        "sentiment": "neutral",
        "urgency": "low",
        "topic": "other",
        "intent": "info",
    },
)


def make_tokenizer() -> Tokenizer:
    letters = "abcdefghijklmnopqrstuvwxyzабвгдеёжзийклмнопрстуфхцчшщъыьэюя0123456789.,!?▁"
    words = {f"▁{word}" for kind in KINDS for word in kind["text"].split()}
    scores = [(token, 0.0) for token in SPECIAL]
    scores += [(word, -2.0) for word in sorted(words)]
    scores += [(letter, -5.0) for letter in letters]
    tokenizer = Tokenizer(Unigram(scores, unk_id=3, byte_fallback=False))
    tokenizer.normalizer = NFKC()
    tokenizer.pre_tokenizer = Metaspace()
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def make_base(directory: Path, **changed: Any) -> Path:
    """A BERT with random weights, saved as transformers saves one."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = make_tokenizer()
    torch.manual_seed(7)
    shape = {
        "vocab_size": tokenizer.get_vocab_size(),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 256,
        "pad_token_id": 1,
    }
    BertModel(BertConfig(**(shape | changed))).save_pretrained(directory)
    PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        unk_token="<unk>",
    ).save_pretrained(directory)
    return directory


def spelled(number: int) -> str:
    """A number in letters: figures do not tell two texts apart when data is split."""
    return "".join(chr(ord("а") + int(digit)) for digit in str(number))


def make_data(directory: Path, rows: int = 160) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "triage_invented.jsonl").open("w", encoding="utf-8") as file:
        for at in range(rows):
            brand = f"Марка-{spelled(at)}"
            row = {"id": f"inv-1-{at:04}", "brand": brand, **KINDS[at % len(KINDS)]}
            row["text"] = row["text"].format(brand=brand)
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    with (directory / "brand_tweets_ru.jsonl").open("w", encoding="utf-8") as file:
        for at in range(rows // 4):
            text = f"у телекома {spelled(at)} всё плохо"
            tweet: dict[str, Any] = {
                "id": str(at),
                "text": text,
                "domain": "telecoms",
                "brands": {"mts": "negative"},
            }
            file.write(json.dumps(tweet, ensure_ascii=False) + "\n")
    return directory


def make_more(directory: Path) -> Path:
    """Labels for two posts of ``make_data``, for one that is not there, and an invented post."""
    directory.mkdir(parents=True, exist_ok=True)
    labels = {"sentiment": "negative", "urgency": "normal", "topic": "tech", "intent": "complaint"}
    real = [{"id": id_, **labels} for id_ in ("1", "2", "gone")]
    invented = [{"id": "more-1", "lang": "ru", "brand": "Новая", "text": "опять сбой", **labels}]
    for name, rows in (("real", real), ("invented", invented)):
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (directory / f"{name}.jsonl").write_text(lines, encoding="utf-8")
    return directory


def quiet(facts: object) -> None:
    """Nobody watches."""
