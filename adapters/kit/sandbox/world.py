"""The believable company behind both sandbox CRMs: build a `World`, then stream its people and deals.

Station: sandbox ground. Two sandboxes in two processes that build a `World` with the same seed, size and `now` see the
same people. `truth.py` states who buys and why; the record shapes are those of `seeds.py`, given on from here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime

from adapters.kit.sandbox.employers import draw_blocks, draw_companies, draw_owners
from adapters.kit.sandbox.neighbours import Setting, draw_block
from adapters.kit.sandbox.seeds import (
    SeedActivity,
    SeedCampaign,
    SeedCompany,
    SeedDeal,
    SeedOwner,
    SeedPerson,
)
from adapters.kit.sandbox.site import campaign_calendar

__all__ = ["SeedActivity", "SeedCampaign", "SeedCompany", "SeedDeal", "SeedOwner", "SeedPerson", "World"]


class World:
    """A world of `people` people as it stands at `now`. Same arguments, same world, in any process."""

    owners: tuple[SeedOwner, ...]
    companies: tuple[SeedCompany, ...]
    campaigns: tuple[SeedCampaign, ...]

    def __init__(self, *, people: int, seed: int, now: datetime, activities_per_person: float = 5.0) -> None:
        # Cut to the hour: two sandboxes started one after the other still see the same world.
        moment = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        calendar = campaign_calendar(moment)
        self._blocks = draw_blocks(people=people, seed=seed)
        self._starts = [block.start for block in self._blocks]
        self._deals: dict[int, tuple[SeedDeal, ...]] = {}
        self.size = people
        self.now = moment
        self.owners = draw_owners(people=people, seed=seed)
        count = sum(block.company is not None for block in self._blocks)
        self.companies = tuple(draw_companies(count=count, owners=len(self.owners), seed=seed, now=moment))
        self.campaigns = calendar.campaigns
        self._setting = Setting(
            seed=seed,
            now=moment,
            owners=len(self.owners),
            activities_per_person=activities_per_person,
            calendar=calendar,
        )

    def people(self, start: int = 0, stop: int | None = None) -> Iterator[SeedPerson]:
        """The people with index in [start, stop), in index order, generated as they are asked for."""
        end = self.size if stop is None else min(stop, self.size)
        at = max(bisect_right(self._starts, start) - 1, 0)
        while at < len(self._blocks) and self._starts[at] < end:
            for person in self._draw(at):
                if start <= person.index < end:
                    yield person
            at += 1

    def deals(self) -> Iterator[SeedDeal]:
        """All deals, in index order. Cheap once `people()` has been run through; else it draws the people anew."""
        for at, block in enumerate(self._blocks):
            if block.company is None:
                continue
            if at not in self._deals:
                self._draw(at)
            yield from self._deals[at]

    def _draw(self, at: int) -> list[SeedPerson]:
        block = self._blocks[at]
        company = self.companies[block.company] if block.company is not None else None
        people, deals = draw_block(block, company, setting=self._setting)
        self._deals[at] = tuple(deals)
        return people
