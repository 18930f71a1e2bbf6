"""Every error in the configuration at once: what ``molva check`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from crawlers import catalogue, params_problems
from mentions.config_lines import Problem, line_of
from mentions.settings import Environment, Watch, read_environment, read_watch
from mentions.text import normalise


def problems() -> list[Problem]:
    """All problems of environment and ``watch.toml``, spiders' parameters among them."""
    environment, found = read_environment()
    environment = environment or Environment.model_construct()
    watch, more = read_watch(environment.watch)
    found += [*_missing(environment), *more]
    if watch is None:
        return found
    text = environment.watch.read_text(encoding="utf-8")
    where = str(environment.watch)
    nothing = [("brands", watch.brands), ("sources", watch.sources)]
    found += [
        Problem(where, None, f"no [{table}.…] at all", "see the example in the README")
        for table, entries in nothing
        if not entries
    ]
    found += [Problem(where, line_of(text, path), what, cure) for path, what, cure in _rules(watch)]
    return found + list(_spider_problems(watch, where, text))


def _missing(environment: Environment) -> Iterator[Problem]:
    needed = {
        "MOLVA_ELASTICSEARCH_URL": (environment.elasticsearch_url, "the address of your store"),
        "MOLVA_SECRET": (environment.secret, "32 random bytes in hex; it keys author pseudonyms"),
        "MOLVA_SLACK_TOKEN": (environment.slack_token, "the bot token of your Slack app, xoxb-…"),
    }
    for name, (value, meaning) in needed.items():
        if value is None:
            yield Problem(
                "environment", None, f"{name} is not set", f"{meaning}; or set it in .env"
            )
    authority = environment.elasticsearch_ca
    if authority and not authority.is_file():
        yield Problem("environment", None, f"MOLVA_ELASTICSEARCH_CA: no file {authority}")


Rule = tuple[tuple[str, ...], str, str]  # the key it is about, what is wrong, the cure


def _rules(watch: Watch) -> Iterator[Rule]:
    """What no single value shows: a name that two brands claim, an exclusion of the brand."""
    names = {
        brand: {normalise(name): name for name in (settings.name, *settings.aliases)}
        for brand, settings in watch.brands.items()
    }
    for one, other in combinations(sorted(names), 2):
        for shared in sorted(names[one].keys() & names[other].keys()):
            what = f"brands.{other}: {names[other][shared]!r} is a name of brands.{one} too"
            yield ("brands", other), what, "a post can only be told apart by its names"
    for brand, settings in watch.brands.items():
        for phrase in settings.exclude:
            if normalise(phrase) in names[brand]:
                what = f"brands.{brand}.exclude: {phrase!r} is the brand's own name"
                yield ("brands", brand, "exclude"), what, "exclude a longer phrase"


def _spider_problems(watch: Watch, where: str, text: str) -> Iterator[Problem]:
    spiders = catalogue()
    for name, source in watch.sources.items():
        if source.spider not in spiders:
            known = f"known: {', '.join(sorted(spiders))}"
            line = line_of(text, ("sources", name, "spider"))
            yield Problem(where, line, f"sources.{name}: no spider {source.spider!r}", known)
            continue
        for problem in params_problems(source):
            key = ("sources", name, "params", problem.partition(":")[0])
            yield Problem(where, line_of(text, key), f"sources.{name}.params.{problem}")
