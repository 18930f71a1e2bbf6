"""The facts every stage shares: what was said, what we think of it, what we did about it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from mentions import identity
from mentions.text import clean, clean_line

MAX_TEXT = 200_000  # characters; the longest real review seen has 20,000
MAX_URL = 2_048
MAX_WHY = 5  # words
MAX_WORD = 40  # characters
MAX_LONG = 2**63 - 1  # what the index holds
MAX_ID = 512  # bytes of a keyword in the index stay far below its limit of 32,766


class Kind(StrEnum):
    """What sort of place it was said in."""

    REVIEW = "review"
    FORUM = "forum"
    SOCIAL = "social"
    NEWS = "news"


class DateFlag(StrEnum):
    """Why a post has no date of its own."""

    MISSING = "missing"
    UNREADABLE = "unreadable"
    IMPLAUSIBLE = "implausible"


class Origin(StrEnum):
    """Backfill is read for the record: it never alerts."""

    LIVE = "live"
    BACKFILL = "backfill"


class Sentiment(StrEnum):
    """Towards the brand, not in general."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Urgency(StrEnum):
    """How soon a human must react, mildest first."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    CRITICAL = "critical"


class Intent(StrEnum):
    """What the writer is doing: it decides who should deal with the post."""

    COMPLAINT = "complaint"
    LEAVING = "leaving"
    QUESTION = "question"
    SUGGESTION = "suggestion"
    PRAISE = "praise"
    INFO = "info"


class Topic(StrEnum):
    """The main one."""

    DELIVERY = "delivery"
    PRODUCT = "product"
    BILLING = "billing"
    STAFF = "staff"
    TECH = "tech"
    REFUND = "refund"
    SAFETY = "safety"
    FRAUD = "fraud"
    OTHER = "other"


class Action(StrEnum):
    """What becomes of a mention; ``review`` is a human's queue, for what cannot be judged."""

    ALERT = "alert"
    DIGEST = "digest"
    SILENT = "silent"
    REVIEW = "review"


class Reason(StrEnum):
    """Why a decision is what it is; the words for people are in ``alerts.words``."""

    URGENT = "urgent"
    NEGATIVE = "negative"
    NOT_NEGATIVE = "not_negative"
    NEEDS_NO_ANSWER = "needs_no_answer"
    TOO_OLD = "too_old"
    BACKFILL = "backfill"
    UNSURE = "unsure"
    CANNOT_JUDGE = "cannot_judge"


class DeliveryState(StrEnum):
    """``posting`` is written before the network call: who finds it there cannot know its end."""

    NEW = "new"
    POSTING = "posting"
    SENT = "sent"
    UNKNOWN = "unknown"
    DEAD = "dead"


GONE = "the mention was erased"  # why an alert is dead about which nothing can be done


class WorkState(StrEnum):
    """How far the case has come."""

    OPEN = "open"
    CLAIMED = "claimed"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    MUTED = "muted"
    FALSE_POSITIVE = "false_positive"


def _clean_or_none(value: Any) -> Any:
    return (clean_line(value)[:MAX_ID] or None) if isinstance(value, str) else value


def _clean_text(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")) or any(c.isspace() for c in value):
        raise ValueError("not an http(s) address")
    return value


Id = Annotated[str, BeforeValidator(_clean_text), StringConstraints(min_length=1, max_length=512)]
Line = Annotated[str | None, BeforeValidator(_clean_or_none)]
Text = Annotated[
    str, BeforeValidator(_clean_text), StringConstraints(min_length=1, max_length=MAX_TEXT)
]
Url = Annotated[
    str,
    BeforeValidator(_clean_text),
    StringConstraints(max_length=MAX_URL),
    AfterValidator(_web_address),
]
Share = Annotated[float, Field(ge=0, le=1)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=MAX_WORD)]


class Fact(BaseModel):
    """Immutable, and strict about the unknown: an unexpected field is an error, not a shrug."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Said(Fact):
    """What the source published: the fields that a post and a mention share."""

    site: Id  # "<spider>:<host or account>", independent of watch.toml
    native_id: Id
    source: Id  # the id in watch.toml through which it was read
    kind: Kind
    url: Url
    text: Text
    title: Line = None
    author_name: Line = None
    rating: Share | None = None
    reach: int | None = Field(default=None, ge=0, le=MAX_LONG)  # how many saw it, as the site says
    published_at: AwareDatetime | None = None
    date_flag: DateFlag | None = None
    edited_at: AwareDatetime | None = None
    reply_to: Line = None  # native id of the post that it answers

    @property
    def post_id(self) -> str:
        return identity.post_id(self.site, self.native_id)

    @property
    def text_hash(self) -> str:
        """Over what a reader judges; views and names may change without a new judgement."""
        rating = None if self.rating is None else f"{self.rating:.4f}"
        return identity.text_hash(self.title, self.text, rating)


class Post(Said):
    """One public post, once per post file line."""

    author_id: Line = None
    fetched_at: AwareDatetime


class MatchedPost(Post):
    """A post and the brands it is about; empty means that it is about none of them."""

    brands: tuple[str, ...] = ()


class Mention(Said):
    """One post about one brand."""

    brand: Id
    author_key: str | None = None
    origin: Origin = Origin.LIVE
    revision: int = Field(default=1, ge=1)
    first_seen: AwareDatetime
    changed_at: AwareDatetime | None = None  # when we saw its text change
    source_read_before: AwareDatetime | None = None  # the source's last good read before that

    @property
    def id(self) -> str:
        return identity.mention_id(self.site, self.native_id, self.brand)

    @property
    def at(self) -> AwareDatetime:
        """The mention's place in time: its own date, or when we first saw it."""
        return self.published_at or self.first_seen

    @classmethod
    def of(
        cls,
        post: Post,
        brand: str,
        *,
        secret: str,
        origin: Origin,
        source_read_before: AwareDatetime | None,
    ) -> Mention:
        fields = post.model_dump(exclude={"author_id", "fetched_at", "brands"})
        key = identity.author_key(secret, post.site, post.author_id) if post.author_id else None
        return cls(
            **fields,
            brand=brand,
            author_key=key,
            origin=origin,
            first_seen=post.fetched_at,
            source_read_before=source_read_before,
        )


class Analysis(Fact):
    """A model's opinion of one mention, and which model held it."""

    sentiment: Sentiment
    urgency: Urgency
    intent: Intent
    topic: Topic
    probabilities: dict[str, dict[str, float]]  # {field: {label: p}}
    # The post's words that moved its urgency most, most first.
    why: tuple[Word, ...] = Field(default=(), max_length=MAX_WHY)
    model: str  # name@revision
    language: str  # "ru", "en", "other" or "none"
    trusted: bool = True
    doubt: str | None = None  # why it is not trusted
    scored_at: AwareDatetime


class Decision(Fact):
    """What became of a mention, and why; also when the answer is silence."""

    action: Action
    reason: Reason
    decided_at: AwareDatetime
    revision: int = Field(ge=1)  # of the mention that was decided on


class Delivery(Fact):
    """Where the message is; ``sent_revision`` tells an update from a first posting."""

    state: DeliveryState = DeliveryState.NEW
    attempt: int = 0
    attempt_id: str | None = None
    started_at: AwareDatetime | None = None
    sent_at: AwareDatetime | None = None
    sent_revision: int = 0
    checked_at: AwareDatetime | None = None  # last complete look at the channel without finding it
    error: str | None = None


class Work(Fact):
    """What responders have done about it."""

    state: WorkState = WorkState.OPEN


class Alert(Fact):
    """The outbox entry and case file of one mention that a person must see."""

    members: tuple[str, ...] = Field(min_length=1)  # mention ids; the first names the alert
    revision: int = Field(default=1, ge=1)
    group: str | None = None  # null until there are stories
    brand: Id
    channel: Id
    urgency: Urgency
    created_at: AwareDatetime
    channel_id: str | None = None  # what the chat calls the channel, once known
    ts: str | None = None
    delivery: Delivery = Delivery()
    work: Work = Work()
    next_action_at: AwareDatetime

    @property
    def id(self) -> str:
        return self.members[0]
