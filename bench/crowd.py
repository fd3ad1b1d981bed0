"""A believable crowd as Parquet: people and what they did in 400 days, in 64 shards of people.

Columns hold small integers, as the store keeps them: dictionary indices, -1 (people) or 0 (activities) where nothing is known.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

SHARDS = 64
NOW_S = 1_793_000_000 // 3600 * 3600
DAYS = 400
PER_PERSON = 20

KINDS: tuple[tuple[str, float], ...] = (
    ("page_view", 0.46),
    ("email_open", 0.19),
    ("email_click", 0.08),
    ("product_use", 0.08),
    ("download", 0.04),
    ("form_submit", 0.03),
    ("campaign_response", 0.03),
    ("call_connected", 0.015),
    ("meeting_held", 0.01),
    ("email_reply", 0.015),
    ("event_attended", 0.02),
    ("email_bounce", 0.02),
    ("unsubscribe", 0.003),
    ("trial_started", 0.004),
    ("inquiry", 0.003),
)
_SECTIONS = (
    "pricing",
    "plans",
    "compare",
    "case-studies",
    "product",
    "features",
    "solutions",
    "blog",
    "docs",
    "news",
    "careers",
    "support",
    "privacy",
)
PATHS = (
    "",
    *(f"/{lang}/{section}/{page}" for section in _SECTIONS for lang, page in (("en", 1), ("en", 2), ("ja", 1), ("ja", 2), ("de", 1))),
)
FORMS = ("", "newsletter", "contact", "webinar", "event", "brochure request", "資料請求", "survey", "vendor_pitch", "trial")
ASSETS = (
    "",
    "trends report",
    "checklist",
    "roi calculator",
    "buyers-guide",
    "security paper",
    "getting started",
    "implementation plan",
    "video",
)
MARKS = ("", "open_by_mail_proxy", "click_within_3s_of_delivery", "list_import", "campaign_member_without_response", "seen_twice")
CAMPAIGNS = ("", *(f"campaign {n}" for n in range(30)))
FEATURES = ("", *(f"feature {n}" for n in range(20)))

INDUSTRIES = (
    "manufacturing",
    "machinery",
    "electronics",
    "technology",
    "logistics",
    "finance",
    "retail",
    "health",
    "media",
    "education",
    "energy",
    "food",
)
REGIONS = ("JP", "US", "SG", "DE", "FR", "GB", "IN", "BR")
SENIORITIES = ("executive", "director", "manager", "staff", "intern")
DEPARTMENTS = ("it", "operations", "production", "sales", "marketing", "finance", "hr")
MOST_EMPLOYEES = 20_000
NAMES = tuple(f"Company {n}" for n in range(5_000))
DOMAINS = tuple(f"company{n}.example" for n in range(5_000))
TITLES = tuple(f"Title {n}" for n in range(400))
NEEDS = ("save time", "grow", "replace a tool", "report")

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Where the files are."""

    folder: Path

    def people(self, shard: int) -> Path:
        return self.folder / "people" / f"{shard:02}.parquet"

    def activities(self, shard: int) -> Path:
        return self.folder / "activities" / f"{shard:02}.parquet"


def crowd_of(folder: Path, *, people: int) -> Crowd:
    """The crowd of this size in the folder; made there if it is not yet."""
    crowd = Crowd(folder=folder / f"crowd-{people}")
    done = crowd.folder / "complete"
    if not done.exists():
        for part in ("people", "activities"):
            (crowd.folder / part).mkdir(parents=True, exist_ok=True)
        for shard, ids in _shards(people):
            rng = np.random.default_rng([20_261_121, shard])
            _write(crowd.people(shard), _people(ids, rng))
            _write(crowd.activities(shard), _activities(ids, rng))
        done.touch()
    return crowd


def _shards(people: int) -> Iterator[tuple[int, Ints]]:
    edges = np.linspace(0, people, SHARDS + 1).astype(np.int32)
    for shard in range(SHARDS):
        yield shard, np.arange(edges[shard], edges[shard + 1], dtype=np.int32)


def _write(path: Path, columns: dict[str, npt.NDArray[np.integer]]) -> None:
    pq.write_table(pa.table(columns), path, row_group_size=1_000_000)


def _people(ids: Ints, rng: np.random.Generator) -> dict[str, npt.NDArray[np.integer]]:
    def codes(words: int, *, known: float, skew: float = 1.0) -> Ints:
        some = (words * rng.random(len(ids)) ** skew).astype(np.int32)
        return np.where(rng.random(len(ids)) < known, some, -1).astype(np.int32)

    def flags(share: float) -> Ints:
        """0 no, 1 yes, -1 unknown."""
        yes = (rng.random(len(ids)) < share).astype(np.int32)
        return np.where(rng.random(len(ids)) < 0.9, yes, -1).astype(np.int32)

    employees = np.clip(rng.lognormal(4.5, 1.7, len(ids)), 1, MOST_EMPLOYEES).astype(np.int32)
    company = codes(len(NAMES), known=0.85)
    return {
        "person": ids,
        "industry": codes(len(INDUSTRIES), known=0.7),
        "employees": np.where(rng.random(len(ids)) < 0.65, employees, -1).astype(np.int32),
        "region": codes(len(REGIONS), known=0.8, skew=1.6),
        "seniority": codes(len(SENIORITIES), known=0.6),
        "department": codes(len(DEPARTMENTS), known=0.6),
        "need": codes(len(NEEDS), known=0.15),
        "title": codes(len(TITLES), known=0.75, skew=2.0),
        "free_mail": flags(0.2),
        "company_name": company,
        "email_domain": codes(len(DOMAINS), known=0.95),
        "company_domain": company,
        "do_not_trade": flags(0.004),
        "is_student": flags(0.01),
        "unreachable": flags(0.03),
    }


def _activities(ids: Ints, rng: np.random.Generator) -> dict[str, npt.NDArray[np.integer]]:
    sigma = 1.2
    counts = rng.poisson(rng.lognormal(np.log(PER_PERSON) - sigma**2 / 2, sigma, len(ids)))
    person = np.repeat(ids, counts)
    total = len(person)
    at = NOW_S - (DAYS * 86_400 * rng.random(total) ** 2).astype(np.int64)
    order = np.lexsort((at, person))
    person, at = person[order], at[order]
    share = np.array([weight for _, weight in KINDS])
    kind = 1 + rng.choice(len(KINDS), size=total, p=share / share.sum()).astype(np.int32)

    def detail(words: int, *kinds: str, known: float = 1.0, skew: float = 1.0) -> Ints:
        """Index 1 and up for these kinds, 0 elsewhere."""
        wanted = np.isin(kind, [code_of_kind(name) for name in kinds]) & (rng.random(total) < known)
        return np.where(wanted, 1 + ((words - 1) * rng.random(total) ** skew).astype(np.int32), 0).astype(np.int32)

    seconds = np.where(kind == code_of_kind("page_view"), rng.exponential(45, total), 0).astype(np.int32)
    return {
        "person": person,
        "at_s": at,
        "kind": kind,
        "path": detail(len(PATHS), "page_view"),
        "form": detail(len(FORMS), "form_submit", "inquiry", skew=1.5),
        "asset": detail(len(ASSETS), "download"),
        "campaign": detail(len(CAMPAIGNS), "campaign_response", "email_open", "email_click", skew=2.0),
        "feature": detail(len(FEATURES), "product_use", skew=2.0),
        "mark": detail(len(MARKS), "email_open", "email_click", "campaign_response", known=0.2),
        "seconds": seconds,
    }


def code_of_kind(name: str) -> int:
    """The dictionary index of a kind; 0 is the empty text."""
    return 1 + [kind for kind, _ in KINDS].index(name)


WORDS = {
    "kind": ("", *(kind for kind, _ in KINDS)),
    "path": PATHS,
    "form": FORMS,
    "asset": ASSETS,
    "campaign": CAMPAIGNS,
    "feature": FEATURES,
    "mark": MARKS,
}
