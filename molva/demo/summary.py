"""The demo's result in numbers that must add up, or the demo has failed."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from molva.demo.census import Census


class Decided(BaseModel):
    """How many mentions each action got."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alert: int = 0
    digest: int = 0
    silent: int = 0
    review: int = 0

    @property
    def total(self) -> int:
        return self.alert + self.digest + self.silent + self.review


class Summary(BaseModel):
    """What went in at the one end and came out at the other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fetched: int
    rejected: int
    unmatched: int
    matched: int
    stored: int
    scored: int
    decided: Decided
    posted: int

    @classmethod
    def of(cls, census: Census) -> Summary:
        crawled = census.crawled
        return cls(
            # A crawl counts what it could read and what it could not side by side.
            fetched=crawled.get("fetched", 0) + crawled.get("rejected", 0),
            rejected=crawled.get("rejected", 0),
            unmatched=crawled.get("unmatched", 0),
            matched=crawled.get("matched", 0),
            stored=census.stored,
            scored=census.scored,
            decided=Decided.model_validate(dict(census.decided)),
            posted=census.posted,
        )

    def complaints(self) -> list[str]:
        """Which sums are wrong; empty when no post got lost or doubled on its way."""
        sums = [
            (
                "fetched = rejected + unmatched + matched",
                self.fetched,
                self.rejected + self.unmatched + self.matched,
            ),
            ("scored = stored", self.scored, self.stored),
            ("decided = scored", self.decided.total, self.scored),
            ("posted = decided.alert", self.posted, self.decided.alert),
        ]
        wrong = [f"{rule}, but {one} is not {other}" for rule, one, other in sums if one != other]
        if not self.posted:
            wrong.append("nothing was posted")
        return wrong

    def lines(self) -> list[str]:
        """The table that the demo prints."""
        decided = self.decided
        rows = [
            ("fetched", self.fetched, "posts read from the local sites"),
            ("  rejected", self.rejected, "could not be read: set aside with a reason"),
            ("  unmatched", self.unmatched, "about no brand: kept as a reason without text"),
            ("  matched", self.matched, "about a brand"),
            ("stored", self.stored, "mentions in the store, repeated posts once"),
            ("scored", self.scored, "judged by the model"),
            ("decided", decided.total, "each with its reason"),
            ("  alert", decided.alert, "a person must see it now"),
            ("  digest", decided.digest, "can wait for the digest"),
            ("  silent", decided.silent, "needs nobody"),
            ("  review", decided.review, "the model cannot judge it: a human's queue"),
            ("posted", self.posted, "messages in the local Slack"),
        ]
        return [f"  {name:<13}{count:>5}  {meaning}" for name, count, meaning in rows]
