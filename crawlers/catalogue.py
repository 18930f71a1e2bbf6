"""Which spiders there are and what they take, without starting Scrapy."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from pydantic import ValidationError

from crawlers.base import PostSpider
from crawlers.params import POLITE_DELAY, SourceParams
from mentions.errors import ConfigError
from mentions.settings import Source

_FOLDER = Path(__file__).parent / "spiders"


def catalogue() -> dict[str, type[SourceParams]]:
    """The model of ``params`` for each spider, by name."""
    return {name: spider_class(name).Params for name in spider_names()}


def spider_names() -> list[str]:
    return sorted(path.stem for path in _FOLDER.glob("[a-z]*.py"))


def spider_class(name: str) -> type[PostSpider]:
    """The spider of that name, or a ``ConfigError`` that lists the known ones."""
    if name not in spider_names():
        raise ConfigError(f"no spider {name!r}; known: {', '.join(spider_names())}")
    module = import_module(f"crawlers.spiders.{name}")
    found: list[type[PostSpider]] = [
        thing for thing in vars(module).values() if _is_spider_of(thing, module.__name__)
    ]
    if len(found) != 1:
        raise ConfigError(f"{module.__file__} must define one spider; it defines {len(found)}")
    return found[0]


def make_spider(source_id: str, source: Source) -> PostSpider:
    """The spider of a source. A ``ConfigError`` names everything that is wrong at once."""
    kind = spider_class(source.spider)
    problems = params_problems(source)
    if problems:
        listed = "\n".join(f"sources.{source_id}.params.{problem}" for problem in problems)
        raise ConfigError(listed)
    return kind(source_id, kind.Params.model_validate(source.params))


def params_problems(source: Source) -> list[str]:
    """What is wrong with a source's ``params``: "name: what (cure)", without the values."""
    model = spider_class(source.spider).Params
    try:
        params = model.model_validate(source.params)
    except ValidationError as error:
        return [
            _problem(model, [str(part) for part in fault["loc"]], fault["type"], fault["msg"])
            for fault in error.errors(include_input=False, include_url=False)
        ]
    if params.delay < POLITE_DELAY and not source.allow_private:
        cure = "only sources of your own, with allow_private = true, may be asked faster"
        return [f"delay: less than {POLITE_DELAY:g} second ({cure})"]
    return []


def _problem(model: type[SourceParams], path: list[str], kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f"{path[0]}: unknown key (known here: {', '.join(known_params(model))})"
    if kind == "missing":
        return f'{path[0]}: is missing (add {path[0]} = "https://…")'
    where = ".".join(path).removesuffix(".0")  # of one address, that it is the first says little
    return f"{where}: {message.removeprefix('Value error, ')}"


def known_params(model: type[SourceParams]) -> list[str]:
    """What may stand under ``params``; the one address goes by a shorter name."""
    return ["url" if name == "urls" else name for name in model.model_fields]


def _is_spider_of(thing: object, module: str) -> bool:
    return isinstance(thing, type) and issubclass(thing, PostSpider) and thing.__module__ == module
