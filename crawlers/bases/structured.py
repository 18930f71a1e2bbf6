"""Finding schema.org objects in a page, and giving JSON-LD and microdata one form.

The form is JSON-LD's: a dict with ``@type`` and, where the page says it, ``@id``. Objects from
microdata keep the element that they stand on under ``NODE``, for what the standard extraction
loses: the lines of a text, and dates that sites put where the standard does not look.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from lxml.etree import tostring  # type: ignore[import-untyped]

from crawlers.page import Page, PageError
from crawlers.text import from_either, plain

NODE = "_node"
_DEEP = 40  # levels of nesting; real pages have fewer than ten
_SCRIPTS = '//script[@type="application/ld+json"]'
_MARKED = './/*[contains(concat(" ", @itemprop, " "), concat(" ", $name, " "))]'
_NAMESPACES = ("http://schema.org/", "https://schema.org/", "schema:")

Thing = dict[str, Any]


def find_things(page: Page, wanted: str) -> list[Thing]:
    """All objects of a schema.org type, from whichever notation shows more of them.

    A page that has both says the same twice, often not for all. Raises ``PageError`` if there is
    none and a JSON-LD script does not parse.
    """
    notations, broken = _notations(page)
    found = max(([t for t in things if is_a(t, wanted)] for things in notations), key=len)
    if broken and not found:
        raise PageError("JSON-LD that does not parse")
    return found


def is_a(thing: Mapping[str, Any], wanted: str) -> bool:
    """Whether an object has a type or a kind of it: a ``CriticReview`` is a ``Review``."""
    types = thing.get("@type")
    names = types if isinstance(types, list) else [types]
    return any(isinstance(name, str) and _bare(name).endswith(wanted) for name in names)


def words(thing: Thing, *names: str) -> str | None:
    """The text under the first of the names that has one, with its lines."""
    for name in names:
        parts = _texts_of(thing, name)
        if text := "\n".join(part for part in parts if part):
            return text
    return None


def value(thing: Thing, *names: str) -> Any:
    """The value under the first of the names that has one."""
    for name in names:
        found = thing.get(name)
        if isinstance(found, list):
            found = found[0] if found else None
        found = _literal(found)
        if name in thing and found in (None, "") and (elements := _elements(thing, name)):
            found = elements[0].get("content") or elements[0].get("datetime")
            found = found or " ".join(elements[0].itertext()).strip()
        if found not in (None, ""):
            return found
    return None


@lru_cache(maxsize=2)  # reviews and lists are looked for apart
def _notations(page: Page) -> tuple[tuple[list[Thing], list[Thing]], int]:
    blocks, broken = _json_blocks(page.tree)
    things = list(_things(blocks))
    known = {str(thing["@id"]): thing for thing in things if len(thing) > 1 and "@id" in thing}
    from_json = [_resolved(thing, known) for thing in things]
    return (from_json, list(_things(_microdata(page.tree, page.url)))), broken


def _json_blocks(tree: Any) -> tuple[list[Any], int]:
    from extruct.jsonld import JsonLdExtractor  # type: ignore[import-untyped]

    extractor, blocks, broken = JsonLdExtractor(), [], 0
    for script in tree.xpath(_SCRIPTS):
        try:  # one by one: a broken script elsewhere on the page is none of our business
            blocks += extractor.extract_items(script)
        except (ValueError, RecursionError):
            broken += 1
    return blocks, broken


def _microdata(tree: Any, base_url: str) -> list[Thing]:
    from extruct.w3cmicrodata import MicrodataExtractor  # type: ignore[import-untyped]

    extractor = MicrodataExtractor(add_html_node=True)
    return [_as_json(item) for item in extractor.extract_items(tree, base_url)]


def _as_json(item: Any, depth: int = 0) -> Any:
    if isinstance(item, list):
        return [_as_json(part, depth) for part in item]
    if not isinstance(item, dict) or depth > _DEEP:
        return item
    thing = {name: _as_json(part, depth + 1) for name, part in item.get("properties", {}).items()}
    return thing | {"@type": item.get("type"), "@id": item.get("id"), NODE: item.get("htmlNode")}


def _things(data: Any, depth: int = 0) -> Iterator[Thing]:
    """Every object, also those within ``@graph``, within lists and within other objects."""
    if depth > _DEEP:
        return
    if isinstance(data, list):
        for part in data:
            yield from _things(part, depth + 1)
    elif isinstance(data, dict):
        yield data
        for name, part in data.items():
            if name != NODE:
                yield from _things(part, depth + 1)


def _resolved(thing: Thing, known: Mapping[str, Thing]) -> Thing:
    """The object with mere references (``{"@id": …}``) replaced by what they refer to."""
    return {name: _followed(part, known) for name, part in thing.items()}


def _followed(part: Any, known: Mapping[str, Thing]) -> Any:
    if isinstance(part, dict) and set(part) == {"@id"}:
        return known.get(str(part["@id"]), part)
    return part


def _bare(name: str) -> str:
    for prefix in _NAMESPACES:
        name = name.removeprefix(prefix)
    return name


def _texts_of(thing: Thing, name: str) -> list[str]:
    if elements := _elements(thing, name):
        return [from_either(e.get("content") or "") or plain(_markup(e)) for e in elements]
    found = thing.get(name)
    parts = [_literal(part) for part in (found if isinstance(found, list) else [found])]
    return [from_either(part) for part in parts if isinstance(part, str)]


def _markup(element: Any) -> str:
    return str(tostring(element, encoding="unicode", with_tail=False))


def _literal(part: Any) -> Any:
    """JSON-LD may write a text as ``{"@value": …, "@language": …}``."""
    return part["@value"] if isinstance(part, dict) and "@value" in part else part


def _elements(thing: Thing, name: str) -> list[Any]:
    """The elements of a microdata object that hold a property and are no objects themselves."""
    node = thing.get(NODE)
    if node is None:
        return []
    return [
        e
        for e in node.xpath(_MARKED, name=name)
        if e.get("itemscope") is None and _scope(e) is node
    ]


def _scope(element: Any) -> Any:
    return next((up for up in element.iterancestors() if up.get("itemscope") is not None), None)
