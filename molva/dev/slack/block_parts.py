"""The parts that blocks are made of: text objects, buttons, menus, images, and their limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Part = dict[str, Any]


def complain(at: str, problem: str) -> str:
    """One complaint in the words of Slack's ``response_metadata.messages``."""
    return f"{problem} [json-pointer:{at}]"


def shape(value: Part, at: str, allowed: str, required: str) -> Iterator[str]:
    """Unknown and missing fields; both lists are names separated by blanks."""
    for key in value.keys() - set(allowed.split()):
        yield complain(at, f"invalid additional property: {key[:40]}")
    for key in required.split():
        if key not in value:
            yield complain(at, f"missing required field: {key}")


def length(value: object, at: str, most: int, least: int = 1) -> Iterator[str]:
    """A string of a permitted length."""
    if not isinstance(value, str):
        yield complain(at, "must be a string")
    elif len(value) < least:
        yield complain(at, f"must be more than {least - 1} characters")
    elif len(value) > most:
        yield complain(at, f"must be less than {most + 1} characters")


def count(values: object, at: str, most: int) -> Iterator[str]:
    """A list with at least one and at most so many members."""
    if not isinstance(values, list):
        yield complain(at, "must be an array")
    elif not 1 <= len(values) <= most:
        yield complain(at, f"must have 1 to {most} items")


def each_object(values: object, at: str) -> Iterator[tuple[str, Part]]:
    """The members of a list with the place of each; what is no object stands as an empty one."""
    for number, value in enumerate(values if isinstance(values, list) else []):
        yield f"{at}/{number}", value if isinstance(value, dict) else {}


def check_text(value: object, at: str, most: int, *, plain: bool = False) -> Iterator[str]:
    """A text object; ``plain`` where Slack takes no mrkdwn."""
    if not isinstance(value, dict):
        yield complain(at, "must provide an object")
        return
    kind = value.get("type")
    if kind != "plain_text" and (plain or kind != "mrkdwn"):
        wanted = "plain_text" if plain else "plain_text or mrkdwn"
        yield complain(f"{at}/type", f"must be {wanted}")
        return
    switch = "emoji" if kind == "plain_text" else "verbatim"
    yield from shape(value, at, f"type text {switch}", "text")
    yield from length(value.get("text"), f"{at}/text", most)
    if not isinstance(value.get(switch, False), bool):
        yield complain(f"{at}/{switch}", "must be a boolean")


def check_element(value: object, at: str) -> Iterator[str]:
    """A button, menu or image of an actions block or beside a section."""
    if not isinstance(value, dict):
        yield complain(at, "must provide an object")
        return
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in ELEMENTS:
        yield complain(f"{at}/type", f"unsupported type: {kind}")
        return
    if "action_id" in value:
        yield from length(value["action_id"], f"{at}/action_id", 255)
    yield from ELEMENTS[kind](value, at)


def check_image(value: Part, at: str) -> Iterator[str]:
    """An image by its address; the address is only looked at, never fetched."""
    yield from shape(value, at, "type block_id image_url alt_text", "image_url alt_text")
    yield from _link(value.get("image_url"), f"{at}/image_url")
    yield from length(value.get("alt_text"), f"{at}/alt_text", 2000)


def _link(value: object, at: str) -> Iterator[str]:
    yield from length(value, at, 3000)
    if isinstance(value, str) and not value.startswith(("http://", "https://", "mailto:")):
        yield complain(at, "must be a valid URL")


def _check_button(value: Part, at: str) -> Iterator[str]:
    known = "type text action_id url value style confirm accessibility_label"
    yield from shape(value, at, known, "text")
    yield from check_text(value.get("text"), f"{at}/text", 75, plain=True)
    if "url" in value:
        yield from _link(value["url"], f"{at}/url")
    if "value" in value:
        yield from length(value["value"], f"{at}/value", 2000)
    if value.get("style", "primary") not in ("primary", "danger"):
        yield complain(f"{at}/style", "must be primary or danger")
    if "accessibility_label" in value:
        yield from length(value["accessibility_label"], f"{at}/accessibility_label", 75)
    yield from _check_confirm(value, at)


def _check_confirm(value: Part, at: str) -> Iterator[str]:
    if "confirm" not in value:
        return
    confirm = value["confirm"] if isinstance(value["confirm"], dict) else {}
    place = f"{at}/confirm"
    yield from shape(confirm, place, "title text confirm deny style", "title text confirm deny")
    yield from check_text(confirm.get("title"), f"{place}/title", 100, plain=True)
    yield from check_text(confirm.get("text"), f"{place}/text", 300)
    for label in ("confirm", "deny"):
        yield from check_text(confirm.get(label), f"{place}/{label}", 30, plain=True)


def _check_overflow(value: Part, at: str) -> Iterator[str]:
    yield from shape(value, at, "type action_id options confirm", "options")
    yield from _check_options(value, at, 5)
    yield from _check_confirm(value, at)


def _check_select(value: Part, at: str) -> Iterator[str]:
    known = "type action_id options placeholder initial_option confirm focus_on_load"
    yield from shape(value, at, known, "options")
    yield from _check_placeholder(value, at)
    yield from _check_options(value, at, 100)
    yield from _check_confirm(value, at)


def _check_users_select(value: Part, at: str) -> Iterator[str]:
    yield from shape(value, at, "type action_id placeholder initial_user confirm focus_on_load", "")
    yield from _check_placeholder(value, at)
    yield from _check_confirm(value, at)


def _check_placeholder(value: Part, at: str) -> Iterator[str]:
    if "placeholder" in value:
        yield from check_text(value["placeholder"], f"{at}/placeholder", 150, plain=True)


def _check_options(value: Part, at: str, most: int) -> Iterator[str]:
    yield from count(value.get("options"), f"{at}/options", most)
    for place, option in each_object(value.get("options"), f"{at}/options"):
        yield from shape(option, place, "text value description url", "text value")
        yield from check_text(option.get("text"), f"{place}/text", 75, plain=True)
        yield from length(option.get("value"), f"{place}/value", 150)


ELEMENTS: dict[str, Callable[[Part, str], Iterator[str]]] = {
    "button": _check_button,
    "overflow": _check_overflow,
    "static_select": _check_select,
    "users_select": _check_users_select,
    "image": check_image,
}
