"""The sites of the demo: what they publish, how they look, and what is watched on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from molva.dev.site.options import SiteKind, SiteOptions
from molva.dev.site.server import Dates, Site

HERE = Path(__file__).parent
EXPECTED = HERE / "expected.jsonl"  # what a careful reader makes of each post
NEWEST = "now-5m"  # the newest post of each site, so that the demo finds a lively town


@dataclass(frozen=True, slots=True)
class DemoSite:
    """``name`` is that of its source in ``watch.toml``, of its posts and of its faults."""

    name: str
    kind: SiteKind
    options: SiteOptions

    @property
    def posts(self) -> Path:
        return HERE / "posts" / f"{self.name}.jsonl"

    @property
    def faults(self) -> Path:
        return HERE / "faults" / f"{self.name}.toml"

    def words(self, port: int, *, newest: str = NEWEST) -> list[str]:
        """What follows ``molva`` on the command line to run it."""
        words = ["dev", "site", "--posts", str(self.posts), "--as", self.kind]
        words += ["--port", str(port), "--faults", str(self.faults), "--rebase-dates", newest]
        for name, value in self.options.model_dump(mode="json", exclude_unset=True).items():
            words.append(f"--{name.replace('_', '-')}")
            words += [] if value is True else [str(value)]
        return words

    def open(self, port: int = 0, *, newest: str = NEWEST) -> Site:
        """The same inside this process."""
        dates = Dates(newest=newest)
        return Site(
            self.posts,
            self.kind,
            port=port,
            dates=dates,
            faults=self.faults,
            options=self.options,
        )


GOOD = (
    DemoSite(
        "city_news",
        SiteKind.FEED,
        SiteOptions(title="Зареченские вести", encoding="windows-1251"),
    ),
    DemoSite("city_forum", SiteKind.DISCOURSE, SiteOptions(title="Форум Зареченска")),
    DemoSite("review_book", SiteKind.SCHEMA_ORG, SiteOptions(title="Зареченск: отзывы")),
)
IN_TROUBLE = (
    DemoSite("yard_blog", SiteKind.FEED, SiteOptions(title="Двор на Речной")),
    DemoSite("review_wall", SiteKind.SCHEMA_ORG, SiteOptions(title="Стена отзывов")),
)
SITES = GOOD + IN_TROUBLE


def demo_watch(ports: Mapping[str, int]) -> str:
    """The demo's ``watch.toml`` for sites that listen on these ports, by name of source."""
    template = Template((HERE / "watch.toml").read_text(encoding="utf-8"))
    return template.substitute(
        {site.name: f"http://127.0.0.1:{ports[site.name]}" for site in SITES}
    )
