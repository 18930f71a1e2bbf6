"""The few words of the page itself, in the two languages that responders read."""

from __future__ import annotations

from datetime import date
from typing import Literal

Language = Literal["en", "ru"]

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "subtitle": "local Slack, for development",
        "channels": "Channels",
        "none": "No channel yet: one appears with its first message.",
        "empty": "Nothing was posted here yet.",
        "edited": "(edited)",
        "deleted": "This message was deleted.",
        "app": "APP",
        "archived": "archived",
        "read_only": "This page only shows; buttons do nothing here.",
        "pages": "This message pages",
        "older": "older messages are not shown",
        "footer": "Time zone",
        "code": "en",
        "reload": "Reload every 5 s",
        "other_code": "ru",
        "other": "По-русски",
    },
    "ru": {
        "subtitle": "локальный Slack для разработки",
        "channels": "Каналы",
        "none": "Каналов пока нет: канал появляется с первым сообщением.",
        "empty": "Сюда ещё ничего не писали.",
        "edited": "(изменено)",
        "deleted": "Сообщение удалено.",
        "app": "ПРИЛОЖЕНИЕ",
        "archived": "в архиве",
        "read_only": "Страница только показывает: кнопки здесь не работают.",
        "pages": "Это сообщение вызывает",
        "older": "более ранних сообщений не показано",
        "footer": "Часовой пояс",
        "code": "ru",
        "reload": "Обновлять каждые 5 с",
        "other_code": "en",
        "other": "In English",
    },
}
FORMS: dict[Language, dict[str, tuple[str, str, str]]] = {
    "en": {
        "message": ("message", "messages", "messages"),
        "reply": ("reply", "replies", "replies"),
    },
    "ru": {
        "message": ("сообщение", "сообщения", "сообщений"),
        "reply": ("ответ", "ответа", "ответов"),
    },
}
MONTHS: dict[Language, str] = {
    "en": "January February March April May June July August September October November December",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}


def count_word(language: Language, word: str, number: int) -> str:
    """A number with its noun: 1 reply, 2 replies; 1 ответ, 2 ответа, 5 ответов."""
    one, few, many = FORMS[language][word]
    if language == "en":
        return f"{number} {one if number == 1 else many}"
    tens, ones = number % 100, number % 10
    if ones == 1 and tens != 11:
        return f"{number} {one}"
    return f"{number} {few if 2 <= ones <= 4 and not 12 <= tens <= 14 else many}"


def day_word(language: Language, day: date) -> str:
    """A date as people write it."""
    month = MONTHS[language].split()[day.month - 1]
    return f"{month} {day.day}, {day.year}" if language == "en" else f"{day.day} {month} {day.year}"
