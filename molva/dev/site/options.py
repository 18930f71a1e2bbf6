"""How a local site of a kind behaves on its good days."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class SiteKind(StrEnum):
    """What the command line calls ``--as``."""

    FEED = "feed"
    SCHEMA_ORG = "schema_org"
    DISCOURSE = "discourse"


class Markup(StrEnum):
    """How review pages say what they hold; ``alternate`` changes from page to page."""

    JSONLD = "jsonld"
    MICRODATA = "microdata"
    ALTERNATE = "alternate"


class Listing(StrEnum):
    """Whether a list page of reviews holds them whole, or only links to them."""

    FULL = "full"
    TEASER = "teaser"


class Scale(StrEnum):
    """What ratings are printed on; ``bare`` is 1 to 5 without saying so."""

    FIVE = "1-5"
    TEN = "0-10"
    BARE = "bare"


class Before(StrEnum):
    """What ``before=ID`` means to a Discourse: today's, or that of the years until 2024.

    The old one answers with the window of 50 *ids* up to and including ID, so that deleted posts
    make a page short, or empty with older pages still to come.
    """

    POSTS = "posts"
    WINDOW = "window"


class SiteOptions(BaseModel):
    """``page_size`` None is what such sites usually have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str | None = None
    about: str | None = None
    page_size: int | None = Field(default=None, ge=1)
    encoding: str = "utf-8"
    broken_html: bool = False
    markup: Markup = Markup.ALTERNATE
    listing: Listing = Listing.FULL
    scale: Scale = Scale.FIVE
    before: Before = Before.POSTS
    max_per_minute: int | None = Field(default=None, ge=1)
