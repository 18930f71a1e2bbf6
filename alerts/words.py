"""Every word a responder reads, in Russian and in English.

A test holds the two sets to the same keys; a new label or reason without its words fails it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mentions.model import Intent, Reason, Sentiment, Topic, Urgency

Language = Literal["ru", "en"]

URGENCY_MARK: Mapping[Urgency, str] = {
    Urgency.CRITICAL: "🔴",
    Urgency.HIGH: "🟠",
    Urgency.NORMAL: "🟡",
    Urgency.LOW: "⚪",
}


@dataclass(frozen=True, slots=True)
class Words:
    """One language. ``label`` names the facts of a post, ``deadline`` how fast each urgency is."""

    urgency: Mapping[Urgency, str]
    deadline: Mapping[Urgency, str]
    sentiment: Mapping[Sentiment, str]
    intent: Mapping[Intent, str]
    topic: Mapping[Topic, str]
    reason: Mapping[Reason, str]
    label: Mapping[str, str]


RUSSIAN = Words(
    urgency={
        Urgency.CRITICAL: "Критично",
        Urgency.HIGH: "Срочно",
        Urgency.NORMAL: "Обычное",
        Urgency.LOW: "Ответ не нужен",
    },
    deadline={
        Urgency.CRITICAL: "ответить за 5 минут",
        Urgency.HIGH: "ответить за 15 минут",
        Urgency.NORMAL: "ответить в течение нескольких часов",
        Urgency.LOW: "отвечать не нужно",
    },
    sentiment={
        Sentiment.NEGATIVE: "негатив",
        Sentiment.NEUTRAL: "нейтрально",
        Sentiment.POSITIVE: "позитив",
    },
    intent={
        Intent.COMPLAINT: "жалоба",
        Intent.LEAVING: "уходит",
        Intent.QUESTION: "вопрос",
        Intent.SUGGESTION: "предложение",
        Intent.PRAISE: "похвала",
        Intent.INFO: "сообщение",
    },
    topic={
        Topic.DELIVERY: "доставка",
        Topic.PRODUCT: "товар и услуга",
        Topic.BILLING: "цены и списания",
        Topic.STAFF: "сотрудники",
        Topic.TECH: "сайт и приложение",
        Topic.REFUND: "возврат денег",
        Topic.SAFETY: "безопасность",
        Topic.FRAUD: "мошенничество",
        Topic.OTHER: "другое",
    },
    reason={
        Reason.URGENT: "автору нужна помощь, и время дорого",
        Reason.NEGATIVE: "негатив, который может подождать",
        Reason.NOT_NEGATIVE: "не негатив",
        Reason.NEEDS_NO_ANSWER: "ответ не нужен",
        Reason.TOO_OLD: "публикация слишком старая",
        Reason.BACKFILL: "загружено из архива",
        Reason.UNSURE: "модель сомневается, нужен взгляд человека",
        Reason.CANNOT_JUDGE: "модель не может это оценить, нужен взгляд человека",
    },
    label={
        "sentiment": "Тональность",
        "intent": "Что делает автор",
        "topic": "Тема",
        "source": "Источник",
        "rating": "Оценка",
        "reach": "Охват",
        "author": "Автор",
        "unnamed": "имя не указано",
        "hidden": "скрыт",
        "published": "Опубликовано",
        "found": "найдено",
        "changed": "изменено автором",
        "no_date": "Дата не указана",
        "open": "Открыть публикацию",
        "no_link": "Адрес публикации не удалось превратить в ссылку, её идентификатор:",
        "why": "Почему здесь",
        "moved": "Что решило о срочности",
        "model": "Модель",
        "judging": "текст изменился и оценивается заново",
        "no_longer_urgent": "после правки срочность снята",
    },
)

ENGLISH = Words(
    urgency={
        Urgency.CRITICAL: "Critical",
        Urgency.HIGH: "Urgent",
        Urgency.NORMAL: "Normal",
        Urgency.LOW: "Needs no answer",
    },
    deadline={
        Urgency.CRITICAL: "answer within 5 minutes",
        Urgency.HIGH: "answer within 15 minutes",
        Urgency.NORMAL: "answer within a few hours",
        Urgency.LOW: "no answer needed",
    },
    sentiment={
        Sentiment.NEGATIVE: "negative",
        Sentiment.NEUTRAL: "neutral",
        Sentiment.POSITIVE: "positive",
    },
    intent={
        Intent.COMPLAINT: "complaint",
        Intent.LEAVING: "leaving",
        Intent.QUESTION: "question",
        Intent.SUGGESTION: "suggestion",
        Intent.PRAISE: "praise",
        Intent.INFO: "information",
    },
    topic={
        Topic.DELIVERY: "delivery",
        Topic.PRODUCT: "product and service",
        Topic.BILLING: "prices and charges",
        Topic.STAFF: "staff",
        Topic.TECH: "site and app",
        Topic.REFUND: "refund",
        Topic.SAFETY: "safety",
        Topic.FRAUD: "fraud",
        Topic.OTHER: "other",
    },
    reason={
        Reason.URGENT: "the writer needs help and time counts",
        Reason.NEGATIVE: "negative, but it can wait",
        Reason.NOT_NEGATIVE: "not negative",
        Reason.NEEDS_NO_ANSWER: "needs no answer",
        Reason.TOO_OLD: "the post is too old",
        Reason.BACKFILL: "loaded from an archive",
        Reason.UNSURE: "the model is in doubt, a person must look",
        Reason.CANNOT_JUDGE: "the model cannot judge this, a person must look",
    },
    label={
        "sentiment": "Sentiment",
        "intent": "What the writer does",
        "topic": "Topic",
        "source": "Source",
        "rating": "Rating",
        "reach": "Reach",
        "author": "Author",
        "unnamed": "no name given",
        "hidden": "hidden",
        "published": "Published",
        "found": "found",
        "changed": "changed by its author",
        "no_date": "No date given",
        "open": "Open the post",
        "no_link": "The post's address cannot be made a link; its id:",
        "why": "Why here",
        "moved": "What decided the urgency",
        "model": "Model",
        "judging": "the text has changed and is being judged again",
        "no_longer_urgent": "no longer urgent after the change",
    },
)


def words(language: Language) -> Words:
    return RUSSIAN if language == "ru" else ENGLISH
