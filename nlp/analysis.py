"""From a judgement to the stored Analysis: what the model says, and whether to believe it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from mentions.model import Analysis, Intent, Mention, Sentiment, Topic, Urgency
from nlp.judge import JudgeInput, Judgement
from nlp.labels import FIELDS
from nlp.language import detect

UNREADABLE = "unreadable"
PLACES = 4  # of a stored probability


def text_of(mention: Mention) -> str:
    """What a reader would judge: the title, unless the text begins with it, and the text."""
    title = mention.title
    if not title or mention.text.startswith(title):
        return mention.text
    return f"{title}\n{mention.text}"


def input_of(mention: Mention, names: Mapping[str, str]) -> JudgeInput:
    """``names``: what each brand id is called; a brand no longer watched goes by its id."""
    return JudgeInput(text_of(mention), names.get(mention.brand, mention.brand))


def analysis_of(text: str, judgement: Judgement, *, model: str, scored_at: datetime) -> Analysis:
    language = detect(text)
    return Analysis(
        sentiment=Sentiment(judgement["sentiment"]),
        urgency=Urgency(judgement["urgency"]),
        intent=Intent(judgement["intent"]),
        topic=Topic(judgement["topic"]),
        probabilities={
            field: {label: round(share, PLACES) for label, share in shares.items()}
            for field, shares in judgement.probabilities.items()
        },
        why=judgement.why,
        model=model,
        language=language.code,
        trusted=language.doubt is None,
        doubt=language.doubt,
        scored_at=scored_at,
    )


def unreadable(text: str, *, model: str, scored_at: datetime) -> Analysis:
    """For a text that breaks the model: no opinion, and a person has to look."""
    even = {
        field: {label: round(1 / len(labels), PLACES) for label in labels}
        for field, labels in FIELDS.items()
    }
    return Analysis(
        sentiment=Sentiment.NEUTRAL,
        urgency=Urgency.NORMAL,
        intent=Intent.INFO,
        topic=Topic.OTHER,
        probabilities=even,
        model=model,
        language=detect(text).code,
        trusted=False,
        doubt=UNREADABLE,
        scored_at=scored_at,
    )
