"""The shipped model as a hand-written NumPy script, with every word, point and limit in the code: the price of YAML is what it saves."""

import sys
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.crowd import NOW_S, WORDS, Crowd, code_of_kind
from bench.engines import codes
from bench.engines.shards import USED, Arrays, in_two_processes, read_columns
from bench.result import MICRO, Result

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HOUR, DAY = 3600, 86_400
WINDOW_S = 90 * DAY
LINE = {name: place for place, name in enumerate(codes.LINES)}
SIDE = slice(LINE["pricing"], LINE["total>"])


@cache
def fading(half_life_days: int) -> npt.NDArray[np.float64]:
    """Whole micropoints by age in hours."""
    ages = np.arange(90 * 24)
    return np.floor(MICRO * np.exp2(-ages / (half_life_days * 24)) + 0.5)


@cache
def words(detail: str, pattern: str) -> Flags:
    """Which words of a list the pattern is found in."""
    return np.isin(np.arange(len(WORDS[detail])), codes.where(detail, pattern))


def last_of(*keys: Ints) -> Flags:
    """The last of each run of equal keys."""
    last = np.ones(len(keys[0]), dtype=np.bool_)
    last[:-1] = keys[0][1:] != keys[0][:-1]
    for key in keys[1:]:
        last[:-1] |= key[1:] != key[:-1]
    return last


def on_third_day(row: Ints, at: Ints, within_s: int) -> Flags:
    """Activities on the third distinct day within the time: the end of the day before the last must be near enough."""
    if not len(row):
        return np.zeros(0, dtype=np.bool_)
    last = last_of(row, at // DAY)
    ends = np.flatnonzero(last)
    day: Ints = np.cumsum(last) - last
    two_back = ends[np.maximum(day - 2, 0)]
    near: Flags = (day >= 2) & (row[two_back] == row) & (at - at[two_back] <= within_s)
    return near


class Deeds:
    """The counted activities of one shard, by kind."""

    def __init__(self, deeds: Arrays, first: int) -> None:
        keep = deeds["at_s"] > NOW_S - WINDOW_S
        keep &= ~words("path", codes.IGNORED_PATHS)[deeds["path"]]
        keep &= ~words("mark", codes.IGNORED_MARKS)[deeds["mark"]]
        chosen = np.flatnonzero(keep)
        self.columns = deeds
        self.first = first
        self.chosen = chosen
        self.kind = deeds["kind"][chosen]

    def of(self, *kinds: str) -> tuple[Ints, Ints, Ints]:
        """Index, row and time."""
        codes = [code_of_kind(kind) for kind in kinds]
        index = self.chosen[self.kind == codes[0] if len(codes) == 1 else np.isin(self.kind, codes)]
        return index, self.columns["person"][index].astype(np.int64) - self.first, self.columns["at_s"][index]


def earned(rows: Ints, at: Ints, points: int, half_life_days: int, people: int) -> Ints:
    age = np.maximum((NOW_S - at) // HOUR, 0)
    return points * np.bincount(rows, weights=fading(half_life_days)[age], minlength=people).astype(np.int64)


def newest(rows: Ints, at: Ints, people: int) -> Ints:
    times = np.full(people, -1, dtype=np.int64)
    times[rows] = at
    return times


def fit(people: Arrays, lines: Ints) -> Ints:
    """Whole points of fit; its lines are filled."""
    size, seniority = people["employees"], people["seniority"]
    lines[LINE["industry"]] = 20 * np.isin(people["industry"], codes.INDUSTRIES)
    lines[LINE["size_core"]] = 20 * ((size >= 50) & (size <= 1000))
    lines[LINE["size_edge"]] = 10 * (((size >= 20) & (size <= 49)) | ((size >= 1001) & (size <= 5000)))
    lines[LINE["region"]] = 10 * np.isin(people["region"], codes.REGIONS)
    company = lines[LINE["industry"] : LINE["company>"]].sum(axis=0)
    lines[LINE["company>"]] = np.minimum(50 - company, 0)
    lines[LINE["decider"]] = 25 * np.isin(seniority, codes.DECIDERS)
    lines[LINE["manager"]] = 15 * np.isin(seniority, codes.MANAGER)
    lines[LINE["department"]] = 15 * np.isin(people["department"], codes.DEPARTMENTS)
    person = lines[LINE["decider"] : LINE["person>"]].sum(axis=0)
    lines[LINE["person>"]] = np.minimum(40 - person, 0)
    lines[LINE["need"]] = 10 * (people["need"] >= 0)
    lines[LINE["free_mail"]] = -15 * ((people["free_mail"] == 1) & (people["company_name"] < 0))
    side = lines[: LINE["fit>"]].sum(axis=0)
    lines[LINE["fit>"]] = np.minimum(100 - side, 0)
    lines[LINE["fit<"]] = np.maximum(-side, 0)
    held: Ints = np.clip(side, 0, 100)
    return held


def engagement(deeds: Deeds, count: int, lines: Ints | None, only: "Recent | None" = None) -> Ints:
    """Micropoints of engagement, of all activities or of the recent ones of some people; the lines are filled if they are given."""
    held: dict[str, Ints] = {}

    def hold(name: str, points: Ints, limit: int) -> Ints:
        bounded = np.minimum(points, limit * MICRO)
        if lines is not None:
            if name in LINE:
                lines[LINE[name]] = points
            lines[LINE[name + ">"]] = bounded - points
        return bounded

    def of(*kinds: str) -> tuple[Ints, Ints, Ints]:
        index, row, at = deeds.of(*kinds)
        return (index, row, at) if only is None else only.cut(index, row, at)

    columns = deeds.columns
    index, row, at = of("page_view")
    path, seconds = columns["path"][index], columns["seconds"][index]
    for name, pattern, points, limit, least_s in (
        ("pricing", codes.PRICING, 10, 20, 10),
        ("proof", codes.PROOF, 5, 15, 30),
        ("product", codes.PRODUCT, 3, 9, 20),
    ):
        read = np.flatnonzero(words("path", pattern)[path] & (seconds >= least_s))
        rows, times = row[read], at[read]
        daily = last_of(rows, times // DAY)
        held[name] = hold(name, earned(rows[daily], times[daily], points, 14, count), limit)
    back = on_third_day(row, at, 14 * DAY)
    rows, times = row[back], at[back]
    once = last_of(rows)
    held["returns"] = hold("returns", earned(rows[once], times[once], 10, 14, count), 10)
    web = hold("web", held["pricing"] + held["proof"] + held["product"] + held["returns"], 50)

    index, row, at = of("download", "form_submit", "campaign_response")
    decides = words("asset", codes.DECIDE)[columns["asset"][index]]
    papers = np.flatnonzero(decides & (columns["kind"][index] == code_of_kind("download")))
    unit = row[papers] * len(WORDS["asset"]) + columns["asset"][index[papers]]
    order = np.argsort(unit, kind="stable")
    papers = papers[order[last_of(unit[order])]]
    decide = hold("decide", earned(row[papers], at[papers], 12, 30, count), 24)
    rows, times = row[~decides], at[~decides]
    daily = last_of(rows, times // DAY)
    content = hold("content", decide + hold("early", earned(rows[daily], times[daily], 6, 30, count), 12), 30)

    total = web + content
    for group, limit, rules in (
        ("event", 24, (("attended", ("event_attended",), 12, 24, 30),)),
        ("mail", 12, (("click", ("email_click",), 3, 9, 14), ("open", ("email_open",), 1, 3, 14))),
        ("talk", 40, (("two_way", ("email_reply", "call_connected", "meeting_held"), 20, 40, 30),)),
    ):
        value = np.zeros(count, dtype=np.int64)
        for name, kinds, points, most, half_life in rules:
            index, row, at = of(*kinds)
            value += hold(name, earned(row, at, points, half_life, count), most)
        total += hold(group, value, limit)

    index, row, at = of("unsubscribe")
    left = np.zeros(count, dtype=np.int64)
    left[row] = -10 * MICRO
    total += left
    bounded: Ints = np.clip(total, 0, 100 * MICRO)
    if lines is not None:
        lines[LINE["left"]] = left
        lines[LINE["engagement>"]] = np.minimum(100 * MICRO - total, 0)
        lines[LINE["engagement<"]] = np.maximum(-total, 0)
    return bounded


class Recent:
    """The last seven days of some people."""

    def __init__(self, chosen: Flags) -> None:
        self.chosen = chosen

    def cut(self, index: Ints, row: Ints, at: Ints) -> tuple[Ints, Ints, Ints]:
        keep = np.flatnonzero((at > NOW_S - 7 * DAY) & self.chosen[row])
        return index[keep], row[keep], at[keep]


EARNING = (
    "page_view", "download", "form_submit", "campaign_response", "event_attended", "email_click", "email_open", "email_reply",
    "call_connected", "meeting_held",
)  # fmt: skip


def surges(deeds: Deeds, count: int) -> Ints:
    """When who was quiet for 60 days earned 20 points within 7 days: the newest activity, or -1."""
    index, row, at = deeds.of(*EARNING)
    kind, asset = deeds.columns["kind"][index], deeds.columns["asset"][index]
    counts = np.flatnonzero((at > NOW_S - 67 * DAY) & ((kind == code_of_kind("download")) | ~words("asset", codes.DECIDE)[asset]))
    row, at = row[counts], at[counts]
    recent = at > NOW_S - 7 * DAY
    starts = np.ones(len(row), dtype=np.bool_)
    starts[1:] = row[1:] != row[:-1]
    first = recent.copy()
    first[1:] &= starts[1:] | ~recent[:-1]
    quiet = starts.copy()
    quiet[1:] |= at[1:] - at[:-1] >= 60 * DAY
    woken = np.zeros(count, dtype=np.bool_)
    woken[row[first & quiet]] = True
    points = engagement(deeds, count, None, Recent(woken))
    woken &= (points + MICRO // 2) // MICRO >= 20
    lately = recent & woken[row]
    return newest(row[lately], at[lately], count)


def rounded_lines(lines: Ints, side: Ints) -> Ints:
    """Largest remainder."""
    whole: Ints = lines // MICRO
    missing = side - whole.sum(axis=0)
    people = np.flatnonzero(missing)
    rest = np.ascontiguousarray((lines[:, people] - whole[:, people] * MICRO).T)
    missing = missing[people]
    while people.size:
        best = rest.argmax(axis=1)
        whole[best, people] += 1
        rest[np.arange(people.size), best] = -1
        missing -= 1
        more = missing > 0
        people, missing, rest = people[more], missing[more], rest[more]
    return whole


def score_shard(files: Crowd, shard: int) -> Result:
    people = read_columns(str(files.people(shard)), None)
    count = len(people["person"])
    deeds = Deeds(read_columns(str(files.activities(shard)), list(USED)), int(people["person"][0]))
    lines = np.zeros((len(LINE), count), dtype=np.int64)
    fit_points = fit(people, lines)
    exact = engagement(deeds, count, lines)
    points = (exact + MICRO // 2) // MICRO

    index, row, at = deeds.of("inquiry")
    asked = newest(row, at, count)
    asked[asked <= NOW_S - 7 * DAY] = -1
    pitched = np.zeros(count, dtype=np.bool_)
    pitched[row[words("form", codes.PITCH)[deeds.columns["form"][index]]]] = True
    index, row, at = deeds.of("form_submit")
    form = deeds.columns["form"][index]
    pitched[row[words("form", codes.PITCH)[form]]] = True
    brochure = words("form", codes.BROCHURE)[form] & (at > NOW_S - 7 * DAY)
    sent = newest(row[brochure], at[brochure], count)
    index, row, at = deeds.of("product_use")
    lately = at > NOW_S - 28 * DAY
    row, at = row[lately], at[lately]
    used = on_third_day(row, at, 14 * DAY) & (at > NOW_S - 14 * DAY)
    fired = np.stack([asked, sent, newest(row[used], at[used], count), surges(deeds, count)])

    excluded = np.full(count, -1, dtype=np.int8)
    for place, out in ((5, pitched), (4, people["unreachable"] == 1), (3, people["is_student"] == 1), (2, people["do_not_trade"] == 1)):
        excluded[out] = place
    silent = excluded >= 0
    lines[:, silent], fit_points[silent], points[silent], fired[:, silent] = 0, 0, 0, -1

    unknown = (people["industry"] < 0) & (people["employees"] < 0) & (people["title"] < 0)
    fit_band = np.where(unknown, 4, np.select([fit_points >= 65, fit_points >= 45, fit_points >= 25], [0, 1, 2], 3))
    grade = 4 * fit_band + np.select([points >= 45, points >= 25, points >= 8], [0, 1, 2], 3)
    grade[silent] = -1
    lines[LINE["total>"]] = np.minimum(100 - fit_points - points, 0)

    shown = lines.copy()
    shown[SIDE] = rounded_lines(lines[SIDE], points)
    exact_lines = lines.astype(np.float64)
    exact_lines[SIDE] /= MICRO
    return Result(grade=grade.astype(np.int8), excluded=excluded, fired=fired.T, points=exact_lines.T, shown=shown.T.astype(np.int16))


if __name__ == "__main__":
    in_two_processes(score_shard, Crowd(folder=Path(sys.argv[1])), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
