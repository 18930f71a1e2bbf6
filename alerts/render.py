"""How one alert looks, and the one function through which text leaves for a chat.

Strangers wrote the post, its title, its author's name and its address. Their words stand only in
``rich_text`` and ``plain_text``, which parse nothing: no mention, no link, no formatting. The
fallback ``text``, which Slack does parse, is made of our own words alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from alerts.link import safe_link
from alerts.strangers import escape, first_lines, masked, plain, shorten
from alerts.words import URGENCY_MARK, Language, Words, words
from mentions.model import Action, Alert, Analysis, Decision, Mention, Urgency
from mentions.settings import Privacy

# https://docs.slack.dev/reference/block-kit/blocks: a header takes 150 characters, a field 2,000.
MAX_HEADER = 150
MAX_NAME = 100
MAX_TITLE = 300
MAX_POST = 2_500
MAX_POST_LINES = 20

EVENT_TYPE = "molva_alert"
# The first block's id says the same as the metadata, which a channel may not show to readers.
BLOCK_ID = re.compile(r"molva:(?P<alert_id>[0-9a-f]+):(?P<revision>[0-9]+)")
STARS = 5

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """What is known about an alert at the moment it is shown."""

    alert: Alert
    mention: Mention
    analysis: Analysis | None = None  # None while a changed text waits to be judged
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    """How a team wants its alerts; ``brand`` is the name that people use."""

    brand: str
    language: Language = "ru"
    privacy: Privacy = Privacy.FULL


@dataclass(frozen=True, slots=True)
class Message:
    """One message ready to be sent; ``alert_id`` and ``revision`` find it again in a channel."""

    text: str
    blocks: tuple[Block, ...]
    alert_id: str
    revision: int
    is_early: bool = False  # judged, but its decision, and so its reason, is not stored yet

    def metadata(self, attempt: str) -> dict[str, Any]:
        """Visible to everybody in the workspace, so it says nothing but opaque ids."""
        payload = {"alert_id": self.alert_id, "revision": self.revision, "attempt": attempt}
        return {"event_type": EVENT_TYPE, "event_payload": payload}


def outbound(case: Case, manner: Manner) -> Message:
    """The only way out for a post: limits, escaping and privacy are decided here."""
    say = words(manner.language)
    head = _headline(case, manner, say)
    blocks = [
        _header(head, case.alert),
        _fields(case, say),
        _rich_text(
            [
                *_quotation(case.mention, manner.privacy),
                _byline(case.mention, manner.privacy, say),
                _link_line(case.mention, say),
            ]
        ),
        _context(_reasons(case, manner.privacy, say)),
    ]
    return Message(
        text=escape(head),
        blocks=tuple(blocks),
        alert_id=case.alert.id,
        revision=case.alert.revision,
        is_early=case.analysis is not None and case.decision is None,
    )


def _urgency(case: Case) -> Urgency:
    return case.analysis.urgency if case.analysis else case.alert.urgency


def _headline(case: Case, manner: Manner, say: Words) -> str:
    level = _urgency(case)
    parts = [f"{URGENCY_MARK[level]} {say.urgency[level]}", shorten(manner.brand, MAX_NAME)]
    if case.analysis:
        parts.append(f"{say.intent[case.analysis.intent]}, {say.topic[case.analysis.topic]}")
    return " · ".join(parts)


def _header(head: str, alert: Alert) -> Block:
    block_id = f"molva:{alert.id}:{alert.revision}"
    return {"type": "header", "block_id": block_id, "text": _plain(shorten(head, MAX_HEADER))}


def _fields(case: Case, say: Words) -> Block:
    mention, analysis = case.mention, case.analysis
    facts = {"source": mention.source}
    if analysis:
        facts |= {
            "sentiment": say.sentiment[analysis.sentiment],
            "topic": say.topic[analysis.topic],
            "intent": say.intent[analysis.intent],
        }
    if mention.rating is not None:
        facts["rating"] = stars(mention.rating)
    if mention.reach is not None:
        facts["reach"] = f"{mention.reach:,}".replace(",", " ")
    fields = [_plain(f"{say.label[name]}: {fact}") for name, fact in facts.items()]
    return {"type": "section", "fields": fields}


def _quotation(mention: Mention, privacy: Privacy) -> list[Block]:
    if privacy is Privacy.LINK:
        return []
    title, text = plain(mention.title or ""), plain(mention.text)
    if privacy is Privacy.MASKED:
        title, text = masked(title, mention.author_name), masked(text, mention.author_name)
    parts = []
    if title:
        bold = _text(shorten(title, MAX_TITLE)) | {"style": {"bold": True}}
        parts.append(_line(bold))
    if text:
        quoted = first_lines(shorten(text, MAX_POST), MAX_POST_LINES)
        parts.append({"type": "rich_text_quote", "elements": [_text(quoted)]})
    return parts


def _byline(mention: Mention, privacy: Privacy, say: Words) -> Block:
    if privacy is Privacy.FULL:
        name = shorten(plain(mention.author_name or ""), MAX_NAME) or say.label["unnamed"]
    else:
        name = say.label["hidden"]
    # A name on its own line: right-to-left letters in it turn around nothing of ours.
    parts = [_text(f"{say.label['author']}: "), _text(name), _text("\n")]
    if mention.published_at:
        parts += [_text(f"{say.label['published']} "), _date(mention.published_at)]
    else:
        parts.append(_text(say.label["no_date"]))
    parts += [_text(f" · {say.label['found']} "), _date(mention.first_seen)]
    if mention.changed_at:
        parts += [_text(f" · {say.label['changed']} "), _date(mention.changed_at)]
    return _line(*parts)


def _link_line(mention: Mention, say: Words) -> Block:
    link = safe_link(mention.url)
    if link is None:
        return _line(_text(f"{say.label['no_link']} {mention.post_id}"))
    return _line({"type": "link", "url": link, "text": say.label["open"]})


def _reasons(case: Case, privacy: Privacy, say: Words) -> list[str]:
    level = _urgency(case)
    if case.analysis is None:
        return [f"{say.label['why']}: {say.label['judging']}"]
    if case.decision and case.decision.action is not Action.ALERT:
        why = f"{say.label['no_longer_urgent']}: {say.reason[case.decision.reason]}"
    elif case.decision:
        why = f"{say.reason[case.decision.reason]}, {say.deadline[level]}"
    else:
        why = say.deadline[level]
    lines = [f"{say.label['why']}: {why}", _opinion(case.analysis, say)]
    # Last on a line of their own: right-to-left letters in them turn around nothing of ours.
    moved = _moving_words(case.mention, case.analysis, privacy)
    return [*lines, f"{say.label['moved']}: {', '.join(moved)}"] if moved else lines


def _moving_words(mention: Mention, analysis: Analysis, privacy: Privacy) -> list[str]:
    """Words of the post: they leave only where the post itself may, and without its author's."""
    if privacy is Privacy.LINK:
        return []
    found = [plain(word) for word in analysis.why]
    if privacy is Privacy.MASKED:
        found = [word for word in found if not _names(word, plain(mention.author_name or ""))]
    return [word for word in found if word]


def _names(word: str, author: str) -> bool:
    """Whether a word is a part of the name, or a part of the name inflected."""
    inflected = any(masked(word, part) != word for part in author.split())
    return inflected or word.casefold() in author.casefold()


def _opinion(analysis: Analysis, say: Words) -> str:
    """The model's own numbers, and which model it was."""
    chosen = [
        ("urgency", analysis.urgency, say.urgency[analysis.urgency].lower()),
        ("sentiment", analysis.sentiment, say.sentiment[analysis.sentiment]),
        ("intent", analysis.intent, say.intent[analysis.intent]),
        ("topic", analysis.topic, say.topic[analysis.topic]),
    ]
    parts = []
    for field, label, word in chosen:
        share = analysis.probabilities.get(field, {}).get(label)
        parts.append(word if share is None else f"{word} {share:.0%}")
    return f"{say.label['model']}: {', '.join(parts)} · {shorten(analysis.model, MAX_NAME)}"


def stars(rating: float) -> str:
    """``rating`` runs from 0, the worst that the site allows, to 1, the best."""
    full = 1 + round(rating * (STARS - 1))
    return "★" * full + "☆" * (STARS - full)


def _plain(text: str) -> Block:
    """``emoji`` off: ``:fire:`` in a stranger's words stays what was typed."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _context(lines: list[str]) -> Block:
    return {"type": "context", "elements": [_plain(line) for line in lines]}


def _rich_text(elements: list[Block]) -> Block:
    return {"type": "rich_text", "elements": elements}


def _line(*elements: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(elements)}


def _text(text: str) -> Block:
    return {"type": "text", "text": text}


def _date(moment: datetime) -> Block:
    """Shown in the reader's own time zone; the fallback is for clients that cannot."""
    return {
        "type": "date",
        "timestamp": int(moment.timestamp()),
        "format": "{date_num} {time}",
        "fallback": moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }
