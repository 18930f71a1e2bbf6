"""Everything a deployment may change: ``watch.toml`` for choices, the environment for secrets."""

from __future__ import annotations

import re
import tomllib
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from croniter import croniter
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    SecretStr,
    StringConstraints,
    ValidationError,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from mentions.config_lines import Problem, problems_in, syntax_problem
from mentions.durations import Duration
from mentions.errors import ConfigError
from mentions.model import Urgency
from mentions.text import normalise

DAY = timedelta(days=1)


class Section(BaseModel):
    """Closed: a key that nobody knows is a misspelt one."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _schedule(value: str) -> str:
    if not croniter.is_valid(value):
        raise ValueError('not a cron schedule; every five minutes is "*/5 * * * *"')
    return value


_SAYS_A_WORD = re.compile(r"(?:[@#]_*|(?![@#]).*)[^\W_]", re.DOTALL)


def _matchable(value: str) -> str:
    if not _SAYS_A_WORD.match(normalise(value)):
        raise ValueError(
            "can be found in no post: it needs a letter or digit, right after @ or # if it has one"
        )
    return value


Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Words = Annotated[Name, AfterValidator(_matchable)]
Channel = Annotated[str, StringConstraints(pattern=r"^(#[^\s#]{1,80}|[CG][A-Z0-9]{6,})$")]
Schedule = Annotated[str, AfterValidator(_schedule)]


class Brand(Section):
    """What a brand is called, and where its responders sit."""

    name: Words
    aliases: tuple[Words, ...] = ()
    exclude: tuple[Words, ...] = ()
    channel: Channel


class Source(Section):
    """Where to listen; ``params`` are the spider's own, and checked by it."""

    spider: Key
    schedule: Schedule
    params: dict[str, Any] = {}
    max_silence: Duration = DAY
    max_rejected: float = Field(default=0.05, ge=0, le=1)
    allow_private: bool = False  # only then may it reach loopback and private addresses


class Retention(Section):
    """How long each index keeps a document."""

    mentions: Duration = 730 * DAY
    alerts: Duration = 730 * DAY
    alert_events: Duration = 730 * DAY
    runs: Duration = 90 * DAY
    seen: Duration = 30 * DAY
    rejects: Duration = 14 * DAY


class Privacy(StrEnum):
    """What of a stranger's post may leave for the chat."""

    FULL = "full"
    MASKED = "masked"
    LINK = "link"


def _ages(value: Any) -> Any:
    """One age for all, or a table by urgency whose gaps keep the default."""
    default: dict[str, Any] = {str(level): "24h" for level in Urgency}
    if isinstance(value, dict):
        return default | {str(key): age for key, age in value.items()}
    return dict.fromkeys(default, value)


class Alerts(Section):
    """How old a post may be and still alert, and what the alert looks like."""

    max_age: Annotated[dict[Urgency, Duration], BeforeValidator(_ages)] = Field(
        default="24h", validate_default=True
    )
    language: Literal["ru", "en"] = "ru"
    privacy: Privacy = Privacy.FULL


class Judge(Section):
    """Another model than the one that ships, as ``name@revision`` on the Hugging Face hub."""

    model: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[0-9a-f]{40}$")] | None = None


class StoreShape(Section):
    """Fixed when an index is created."""

    shards: int = Field(default=1, ge=1, le=64)
    replicas: int = Field(default=0, ge=0, le=4)


class Watch(Section):
    """The content of ``watch.toml``."""

    brands: dict[Key, Brand] = {}
    sources: dict[Key, Source] = {}
    retention: Retention = Retention()
    alerts: Alerts = Alerts()
    judge: Judge = Judge()
    store: StoreShape = StoreShape()


TABLES: dict[str, type[BaseModel]] = {
    "": Watch,
    "brands": Brand,
    "sources": Source,
    "retention": Retention,
    "alerts": Alerts,
    "judge": Judge,
    "store": StoreShape,
}


def _listed(value: Any) -> Any:
    """Addresses with commas between them, as one variable can hold them."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


class Environment(BaseSettings):
    """Secrets and addresses, from ``MOLVA_…`` variables or a ``.env`` file."""

    model_config = SettingsConfigDict(
        env_prefix="MOLVA_", env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    watch: Path = Path("watch.toml")
    namespace: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,60}$")] = "molva"
    elasticsearch_url: HttpUrl | None = None
    elasticsearch_more_urls: Annotated[tuple[HttpUrl, ...], NoDecode, BeforeValidator(_listed)] = ()
    elasticsearch_api_key: SecretStr | None = None
    elasticsearch_admin_api_key: SecretStr | None = None
    elasticsearch_ca: Path | None = None
    slack_token: SecretStr | None = None
    slack_api_url: HttpUrl | None = None
    secret: SecretStr | None = None
    metrics: str | None = None  # host:port where `molva respond` serves them


KNOWN_KEYS = {table: tuple(model.model_fields) for table, model in TABLES.items()}


class Settings(Section):
    """Both halves together; nothing in here is read again while a process runs."""

    environment: Environment
    watch: Watch

    @property
    def brands(self) -> dict[str, Brand]:
        return self.watch.brands

    @property
    def sources(self) -> dict[str, Source]:
        return self.watch.sources

    @property
    def retention(self) -> Retention:
        return self.watch.retention

    @property
    def alerts(self) -> Alerts:
        return self.watch.alerts

    @property
    def namespace(self) -> str:
        return self.environment.namespace

    @property
    def model(self) -> str | None:
        return self.watch.judge.model

    @property
    def slack_token(self) -> SecretStr | None:
        return self.environment.slack_token

    @property
    def slack_api_url(self) -> str | None:
        address = self.environment.slack_api_url
        return None if address is None else str(address)

    @property
    def secret(self) -> str:
        """The key of author pseudonyms. Losing it unlinks authors from their history."""
        if self.environment.secret is None:
            raise ConfigError(
                "MOLVA_SECRET is not set: it keys the pseudonyms of authors; make one with "
                '`python3 -c "import secrets; print(secrets.token_hex(32))"` and keep it'
            )
        return self.environment.secret.get_secret_value()

    def source(self, name: str) -> Source:
        """The named source, or a ``ConfigError`` that lists the known ones."""
        if name not in self.sources:
            known = ", ".join(sorted(self.sources)) or "none"
            raise ConfigError(f"no source {name!r} in {self.environment.watch}; known: {known}")
        return self.sources[name]


def load_settings() -> Settings:
    """Read both halves; a ``ConfigError`` carries every problem found, each with line and cure."""
    environment, problems = read_environment()
    watch, more = read_watch(environment.watch if environment else Path("watch.toml"))
    if environment is None or watch is None or problems or more:
        raise ConfigError("\n".join(str(problem) for problem in [*problems, *more]))
    return Settings(environment=environment, watch=watch)


def read_environment() -> tuple[Environment | None, list[Problem]]:
    try:
        return Environment(), []
    except ValidationError as error:
        return None, [
            Problem("environment", None, f"MOLVA_{str(fault['loc'][0]).upper()}: {fault['msg']}")
            for fault in error.errors(include_input=False, include_url=False)
        ]


def read_watch(path: Path) -> tuple[Watch | None, list[Problem]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        cure = "write one as in the README, or name it in MOLVA_WATCH"
        return None, [Problem(str(path), None, "there is no such file", cure)]
    except (OSError, UnicodeDecodeError) as error:
        return None, [Problem(str(path), None, f"cannot be read: {error}", "save it as UTF-8")]
    try:
        return Watch.model_validate(tomllib.loads(text)), []
    except tomllib.TOMLDecodeError as error:
        return None, [syntax_problem(str(path), error)]
    except ValidationError as error:
        return None, problems_in(str(path), text, error, KNOWN_KEYS)
