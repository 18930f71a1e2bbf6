"""What a source may set under ``params`` in ``watch.toml``: closed models, checked beforehand."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from mentions.model import MAX_URL

POLITE_DELAY = 1.0  # seconds between two requests to a site that is not our own


def host_of(url: str) -> str:
    """The host as identities know it: ASCII, lower case, no ``www.``, no port that goes unsaid."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    if not host.isascii():
        host = host.encode("idna").decode()
    usual = {"http": 80, "https": 443}[parts.scheme]
    return host if parts.port in (None, usual) else f"{host}:{parts.port}"


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not host_of(value):
        raise ValueError('not a web address; it begins with "https://" or "http://"')
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address may carry no user name or password: it would be stored")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (LookupError, ValueError, OSError) as error:
        raise ValueError('not a time zone; one is "Europe/Moscow"') from error
    return value


def _several(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _at_least_one(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value:
        raise ValueError("names no address")
    return value


WebAddress = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=MAX_URL), AfterValidator(_web_address)
]
TimeZone = Annotated[str, AfterValidator(_time_zone)]


class SourceParams(BaseModel):
    """What every source takes; a spider adds its own by subclassing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: Annotated[
        tuple[WebAddress, ...], BeforeValidator(_several), AfterValidator(_at_least_one)
    ] = Field(
        validation_alias=AliasChoices("url", "urls"),
        description="Where to read: one address, or a list of them.",
    )
    timezone: TimeZone = Field(
        default="Europe/Moscow", description="Of dates that the site prints without an offset."
    )
    first_days: float | None = Field(
        default=None,
        gt=0,
        le=36_500,
        description="How many days back the first crawl reads; else as far as the site shows.",
    )
    max_pages: int = Field(
        default=1_000,
        ge=1,
        le=100_000,
        description="How many list pages the first crawl reads at most.",
    )
    delay: float = Field(
        default=POLITE_DELAY,
        ge=0,
        le=3_600,
        description="Seconds between requests; less than 1 only with allow_private.",
    )
    contact: str | None = Field(
        default=None,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Address or e-mail of whoever runs this crawl; sites see it in the User-Agent.",
    )
