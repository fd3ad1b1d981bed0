"""The shipped model as hand-written Polars, on its streaming engine."""

import sys
from pathlib import Path

import numpy as np
import polars as pl

from bench.crowd import NOW_S, code_of_kind
from bench.engines import codes
from bench.engines.codes import where
from bench.result import Result, save

DAY = 86_400
WEEK_AGO = NOW_S - 7 * DAY
at_s, kind, asset, last_at = (pl.col(name) for name in ("at_s", "kind", "asset", "last_at"))


def faded(at: pl.Expr, half_life_days: int) -> pl.Expr:
    return (-((NOW_S - at) // 3600) / (24.0 * half_life_days) * float(np.log(2))).exp()


def is_kind(*names: str) -> pl.Expr:
    wanted = [code_of_kind(name) for name in names]
    return kind == wanted[0] if len(wanted) == 1 else kind.is_in(wanted)


def both(name: str, value: pl.Expr, at: pl.Expr) -> list[pl.Expr]:
    """The sum of all, and of the last seven days."""
    return [value.sum().alias(name), value.filter(at > WEEK_AGO).sum().alias(name + "_7")]


def counted(folder: Path) -> pl.LazyFrame:
    """What is young enough and not ignored."""
    return (
        pl.scan_parquet(folder / "activities" / "*.parquet")
        .filter(
            at_s > NOW_S - 90 * DAY,
            ~is_kind("email_bounce", "trial_started"),
            ~pl.col("path").is_in(where("path", codes.IGNORED_PATHS)),
            ~pl.col("mark").is_in(where("mark", codes.IGNORED_MARKS)),
        )
        .select("person", "at_s", "kind", "path", "form", "asset", "seconds")
    )


def by_day(deeds: pl.LazyFrame) -> pl.LazyFrame:
    """For each person and day the newest of what earns once a day, and the first and last page view."""
    views, path, seconds = is_kind("page_view"), pl.col("path"), pl.col("seconds")

    def read(pattern: str, least_s: int) -> pl.Expr:
        return at_s.filter(views & (seconds >= least_s) & path.is_in(where("path", pattern))).max()

    return (
        deeds.filter(is_kind("page_view", "download", "form_submit", "campaign_response"))
        .with_columns(day=at_s // DAY)
        .group_by("person", "day")
        .agg(
            read(codes.PRICING, 10).alias("pricing"),
            read(codes.PROOF, 30).alias("proof"),
            read(codes.PRODUCT, 20).alias("product"),
            at_s.filter(~views & ~asset.is_in(where("asset", codes.DECIDE))).max().alias("early"),
            at_s.filter(views).min().alias("first_at"),
            at_s.filter(views).max().alias("last_at"),
        )
    )


def on_third_day(days: pl.LazyFrame, deeds: pl.LazyFrame) -> pl.LazyFrame:
    """Person, time and end of the day before the last, of activities that complete three days within fourteen."""
    with_third = days.sort("person", "day").with_columns(third_at=last_at.shift(2).over("person")).filter(pl.col("third_at").is_not_null())
    until = pl.col("third_at") + 14 * DAY
    whole = with_third.filter(last_at <= until).select("person", "third_at", at_s=last_at)
    part = (
        with_third.filter(pl.col("first_at") <= until, last_at > until)
        .join(deeds.select("person", "at_s"), on="person")
        .filter(pl.col("first_at") <= at_s, until >= at_s)
        .select("person", "third_at", "at_s")
    )
    return pl.concat([whole, part])


def by_deed(deeds: pl.LazyFrame) -> pl.LazyFrame:
    """Everything that needs one look at each activity."""
    decides, form = asset.is_in(where("asset", codes.DECIDE)), pl.col("form")
    earns = ~is_kind("unsubscribe", "product_use", "inquiry") & (~is_kind("form_submit", "campaign_response") | ~decides)
    recent = at_s > WEEK_AGO
    talks = is_kind("email_reply", "call_connected", "meeting_held")
    left_over = (
        pl.when(is_kind("email_click", "email_open"))
        .then(faded(at_s, 14))
        .when(is_kind("event_attended") | talks)
        .then(faded(at_s, 30))
        .otherwise(None)
    )
    looked = deeds.with_columns(left_over=left_over, earns=earns, recent=recent, talks=talks)
    points, lately = pl.col("left_over"), pl.col("recent")
    return looked.group_by("person").agg(
        *both("attended", 12 * points.filter(is_kind("event_attended")), at_s.filter(is_kind("event_attended"))),
        *both("click", 3 * points.filter(is_kind("email_click")), at_s.filter(is_kind("email_click"))),
        *both("open", points.filter(is_kind("email_open")), at_s.filter(is_kind("email_open"))),
        *both("two_way", 20 * points.filter(pl.col("talks")), at_s.filter(pl.col("talks"))),
        is_kind("unsubscribe").any().alias("has_left"),
        (is_kind("unsubscribe") & lately).any().alias("has_left_7"),
        (is_kind("form_submit", "inquiry") & form.is_in(where("form", codes.PITCH))).any().alias("pitched"),
        at_s.filter(is_kind("inquiry") & lately).max().alias("inquiry"),
        at_s.filter(is_kind("form_submit") & form.is_in(where("form", codes.BROCHURE)) & lately).max().alias("brochure"),
        at_s.filter(pl.col("earns") & ~lately).max().alias("before_7"),
        at_s.filter(pl.col("earns") & lately).min().alias("first_7"),
        at_s.filter(pl.col("earns") & lately).max().alias("last_7"),
    )


def sums(folder: Path) -> pl.LazyFrame:
    """One row for each person with what each rule gave, of all activities and of the last seven days."""
    deeds = counted(folder)
    days = by_day(deeds)
    daily = days.group_by("person").agg(
        *(
            one
            for name, points, half_life in (("pricing", 10, 14), ("proof", 5, 14), ("product", 3, 14), ("early", 6, 30))
            for one in both(name, points * faded(pl.col(name), half_life), pl.col(name))
        )
    )
    assets = (
        deeds.filter(is_kind("download"), asset.is_in(where("asset", codes.DECIDE)))
        .group_by("person", "asset")
        .agg(at_s.max())
        .group_by("person")
        .agg(*both("decide", 12 * faded(at_s, 30), at_s))
    )
    returns = (
        on_third_day(days.filter(last_at.is_not_null()).select("person", "day", "first_at", "last_at"), deeds.filter(is_kind("page_view")))
        .group_by("person")
        .agg(back=at_s.max(), back_7=at_s.filter(pl.col("third_at") > WEEK_AGO).max())
    )
    uses = deeds.filter(is_kind("product_use"), at_s > NOW_S - 28 * DAY)
    used_days = uses.with_columns(day=at_s // DAY).group_by("person", "day").agg(first_at=at_s.min(), last_at=at_s.max())
    pql = on_third_day(used_days, uses).filter(at_s > NOW_S - 14 * DAY).group_by("person").agg(pql=at_s.max())
    people = pl.scan_parquet(folder / "people" / "*.parquet")
    for part in (daily, assets, by_deed(deeds), returns, pql):
        people = people.join(part, on="person", how="left")
    return people


def least(value: pl.Expr | str, limit: int) -> pl.Expr:
    return (pl.col(value) if isinstance(value, str) else value).clip(upper_bound=limit)


def cut(value: pl.Expr | str, limit: int) -> pl.Expr:
    """What a limit takes away."""
    return (limit - (pl.col(value) if isinstance(value, str) else value)).clip(upper_bound=0)


def when(condition: pl.Expr, points: int) -> pl.Expr:
    return condition.cast(pl.Int32) * points


def scored(folder: Path) -> pl.LazyFrame:
    """Grades, exclusions, hand-offs and lines."""
    size = pl.col("employees")
    earned = ("pricing", "proof", "product", "early", "decide", "attended", "click", "open", "two_way")
    raw = sums(folder).with_columns(
        *(pl.col(name + end).fill_null(0) for name in earned for end in ("", "_7")),
        (10 * faded(pl.col("back"), 14)).fill_null(0).alias("returns"),
        (10 * faded(pl.col("back_7"), 14)).fill_null(0).alias("returns_7"),
        when(pl.col("has_left").fill_null(False), -10).alias("left"),
        when(pl.col("has_left_7").fill_null(False), -10).alias("left_7"),
        ((pl.col("industry") < 0) & (size < 0) & (pl.col("title") < 0)).alias("unknown"),
        when(pl.col("industry").is_in(codes.INDUSTRIES), 20).alias("industry"),
        when(size.is_between(50, 1000), 20).alias("size_core"),
        when(size.is_between(20, 49) | size.is_between(1001, 5000), 10).alias("size_edge"),
        when(pl.col("region").is_in(codes.REGIONS), 10).alias("region"),
        when(pl.col("seniority").is_in(codes.DECIDERS), 25).alias("decider"),
        when(pl.col("seniority").is_in(codes.MANAGER), 15).alias("manager"),
        when(pl.col("department").is_in(codes.DEPARTMENTS), 15).alias("department"),
        when(pl.col("need") >= 0, 10).alias("need"),
        when((pl.col("free_mail") == 1) & (pl.col("company_name") < 0), -15).alias("free_mail"),
        pl.when(pl.col("do_not_trade") == 1)
        .then(2)
        .when(pl.col("is_student") == 1)
        .then(3)
        .when(pl.col("unreachable") == 1)
        .then(4)
        .when(pl.col("pitched").fill_null(False))
        .then(5)
        .otherwise(-1)
        .alias("excluded"),
    )
    grouped = raw.with_columns(
        (pl.col("industry") + pl.col("size_core") + pl.col("size_edge") + pl.col("region")).alias("company_sum"),
        (pl.col("decider") + pl.col("manager") + pl.col("department")).alias("person_sum"),
        *(group.alias(name + end) for end in ("", "_7") for name, group in groups(end).items()),
    ).with_columns(
        (least("company_sum", 50) + least("person_sum", 40) + pl.col("need") + pl.col("free_mail")).alias("fit_sum"),
        *(side(end).alias("engagement_sum" + end) for end in ("", "_7")),
    )
    shown = grouped.with_columns(
        pl.col("fit_sum").clip(0, 100).alias("fit_points"),
        (pl.col("engagement_sum").clip(0, 100) + 0.5).floor().alias("engagement_points"),
        (pl.col("engagement_sum_7").clip(0, 100) + 0.5).floor().alias("points_7"),
    )
    quiet = (pl.col("first_7") - pl.col("before_7") >= 60 * DAY).fill_null(True)
    surge = pl.when(pl.col("last_7").is_not_null() & quiet & (pl.col("points_7") >= 20)).then(pl.col("last_7")).otherwise(-1)
    return shown.select(
        "person",
        grade().alias("grade"),
        "excluded",
        *(pl.col(name).fill_null(-1) for name in ("inquiry", "brochure", "pql")),
        surge.alias("surge"),
        *lines(),
    )


def groups(end: str) -> dict[str, pl.Expr]:
    return {
        "web_sum": least("pricing" + end, 20) + least("proof" + end, 15) + least("product" + end, 9) + least("returns" + end, 10),
        "content_sum": least("decide" + end, 24) + least("early" + end, 12),
        "event_sum": least("attended" + end, 24),
        "mail_sum": least("click" + end, 9) + least("open" + end, 3),
        "talk_sum": least("two_way" + end, 40),
    }


def side(end: str) -> pl.Expr:
    limits = (("web", 50), ("content", 30), ("event", 24), ("mail", 12), ("talk", 40))
    held = [least(f"{group}_sum{end}", limit) for group, limit in limits]
    return sum(held[1:], held[0]) + pl.col("left" + end)


def grade() -> pl.Expr:
    fit, engagement = pl.col("fit_points"), pl.col("engagement_points")
    letter = pl.when("unknown").then(4).when(fit >= 65).then(0).when(fit >= 45).then(1).when(fit >= 25).then(2).otherwise(3)
    number = pl.when(engagement >= 45).then(0).when(engagement >= 25).then(1).when(engagement >= 8).then(2).otherwise(3)
    return pl.when(pl.col("excluded") >= 0).then(-1).otherwise(4 * letter + number)


def lines() -> list[pl.Expr]:
    clamps = {
        "company>": cut("company_sum", 50),
        "person>": cut("person_sum", 40),
        "need>": pl.lit(0),
        "minus<": pl.lit(0),
        "fit>": cut("fit_sum", 100),
        "fit<": (-pl.col("fit_sum")).clip(lower_bound=0),
        "minus2<": pl.lit(0),
        "engagement>": cut("engagement_sum", 100),
        "engagement<": (-pl.col("engagement_sum")).clip(lower_bound=0),
        "total>": cut(pl.col("fit_points") + pl.col("engagement_points"), 100),
        **{
            group + ">": cut(group + "_sum", limit)
            for group, limit in (("web", 50), ("content", 30), ("event", 24), ("mail", 12), ("talk", 40))
        },
    }
    limits = {
        "pricing": 20,
        "proof": 15,
        "product": 9,
        "returns": 10,
        "decide": 24,
        "early": 12,
        "attended": 24,
        "click": 9,
        "open": 3,
        "two_way": 40,
    }
    clamps |= {rule + ">": cut(rule, limit) for rule, limit in limits.items()}
    return [clamps.get(name, pl.col(name)).alias(name) for name in codes.LINES]


def score(folder: Path, keep: Path | None) -> None:
    """Collects the result; keeps it only to compare."""
    if keep is None:
        scored(folder).collect(engine="streaming")
        return
    frame = scored(folder).sort("person").collect(engine="streaming")
    silent = frame["excluded"].to_numpy() >= 0
    fired = frame.select("inquiry", "brochure", "pql", "surge").to_numpy().astype(np.int64)
    points = frame.select(codes.LINES).to_numpy().astype(np.float64)
    fired[silent], points[silent] = -1, 0
    result = Result(
        grade=frame["grade"].to_numpy().astype(np.int8),
        excluded=frame["excluded"].to_numpy().astype(np.int8),
        fired=fired,
        points=points,
        shown=np.zeros((len(silent), 0), dtype=np.int16),
    )
    save(result, keep / "all.npz")


if __name__ == "__main__":
    score(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
