"""The shipped model as hand-written DuckDB SQL."""

import sys
from pathlib import Path
from string import Template

import duckdb
import numpy as np

from bench.crowd import KINDS, NOW_S, code_of_kind
from bench.engines import codes
from bench.engines.codes import where
from bench.result import Result, save

DEEDS = """
deeds AS MATERIALIZED (
  SELECT person, at_s, kind, path, form, asset, seconds
  FROM read_parquet('$folder/activities/*.parquet')
  WHERE at_s > $now - 90 * 86400 AND kind NOT IN ($email_bounce, $trial_started)
    AND path NOT IN ($ignored_paths) AND mark NOT IN ($ignored_marks)
),
"""

# Of each day the newest counts, of the assets too; days with page views say who came back.
DAYS = """
daily AS MATERIALIZED (
  SELECT person, at_s // 86400 AS day,
    max(at_s) FILTER (kind = $page_view AND seconds >= 10 AND path IN ($pricing)) AS pricing,
    max(at_s) FILTER (kind = $page_view AND seconds >= 30 AND path IN ($proof)) AS proof,
    max(at_s) FILTER (kind = $page_view AND seconds >= 20 AND path IN ($product)) AS product,
    max(at_s) FILTER (kind <> $page_view AND asset NOT IN ($decide)) AS early,
    min(at_s) FILTER (kind = $page_view) AS first_view,
    max(at_s) FILTER (kind = $page_view) AS last_view
  FROM deeds WHERE kind IN ($page_view, $download, $form_submit, $campaign_response)
  GROUP BY ALL
),
by_day AS (
  SELECT person,
    10 * sum(faded(pricing, 14)) AS pricing, 10 * sum(faded(pricing, 14)) FILTER (is_recent(pricing)) AS pricing_7,
    5 * sum(faded(proof, 14)) AS proof, 5 * sum(faded(proof, 14)) FILTER (is_recent(proof)) AS proof_7,
    3 * sum(faded(product, 14)) AS product, 3 * sum(faded(product, 14)) FILTER (is_recent(product)) AS product_7,
    6 * sum(faded(early, 30)) AS early, 6 * sum(faded(early, 30)) FILTER (is_recent(early)) AS early_7
  FROM daily GROUP BY person
),
by_asset AS (
  SELECT person, 12 * sum(faded(newest, 30)) AS decide, 12 * sum(faded(newest, 30)) FILTER (is_recent(newest)) AS decide_7
  FROM (SELECT person, asset, max(at_s) AS newest FROM deeds WHERE kind = $download AND asset IN ($decide) GROUP BY ALL)
  GROUP BY person
),
"""

# An activity on the third distinct day completes if the end of the day before the last is near enough. Where a day begins within the time
# and ends after it, its activities are looked at one by one.
THIRD_DAYS = """
viewed AS MATERIALIZED (
  SELECT person, first_view AS first_at, last_view AS last_at, lag(last_view, 2) OVER (PARTITION BY person ORDER BY day) AS third_at
  FROM daily WHERE last_view IS NOT NULL
),
returns AS (
  SELECT person, max(at_s) AS newest, max(at_s) FILTER (third_at > $now - 7 * 86400) AS newest_7
  FROM (
    SELECT person, last_at AS at_s, third_at FROM viewed WHERE last_at <= third_at + 14 * 86400
    UNION ALL
    SELECT v.person, d.at_s, NULL FROM viewed v JOIN deeds d ON d.person = v.person AND d.kind = $page_view
      AND d.at_s BETWEEN v.first_at AND v.third_at + 14 * 86400
    WHERE v.first_at <= v.third_at + 14 * 86400 AND v.last_at > v.third_at + 14 * 86400
  ) GROUP BY person
),
used AS MATERIALIZED (
  SELECT person, first_at, last_at, lag(last_at, 2) OVER (PARTITION BY person ORDER BY day) AS third_at
  FROM (
    SELECT person, at_s // 86400 AS day, min(at_s) AS first_at, max(at_s) AS last_at
    FROM deeds WHERE kind = $product_use AND at_s > $now - 28 * 86400 GROUP BY ALL
  )
),
pql AS (
  SELECT person, max(at_s) AS pql
  FROM (
    SELECT person, last_at AS at_s FROM used WHERE last_at <= third_at + 14 * 86400
    UNION ALL
    SELECT u.person, d.at_s FROM used u JOIN deeds d ON d.person = u.person AND d.kind = $product_use
      AND d.at_s BETWEEN u.first_at AND u.third_at + 14 * 86400
    WHERE u.first_at <= u.third_at + 14 * 86400 AND u.last_at > u.third_at + 14 * 86400
  ) WHERE at_s > $now - 14 * 86400 GROUP BY person
),
"""

EACH = """
by_deed AS (
  SELECT person,
    12 * sum(left_over) FILTER (kind = $event_attended) AS attended,
    12 * sum(left_over) FILTER (kind = $event_attended AND recent) AS attended_7,
    3 * sum(left_over) FILTER (kind = $email_click) AS click,
    3 * sum(left_over) FILTER (kind = $email_click AND recent) AS click_7,
    sum(left_over) FILTER (kind = $email_open) AS open,
    sum(left_over) FILTER (kind = $email_open AND recent) AS open_7,
    20 * sum(left_over) FILTER (talks) AS two_way,
    20 * sum(left_over) FILTER (talks AND recent) AS two_way_7,
    bool_or(kind = $unsubscribe) AS has_left,
    bool_or(kind = $unsubscribe AND recent) AS has_left_7,
    bool_or(kind IN ($form_submit, $inquiry) AND form IN ($pitch)) AS pitched,
    max(at_s) FILTER (kind = $inquiry AND recent) AS inquiry,
    max(at_s) FILTER (kind = $form_submit AND form IN ($brochure) AND recent) AS brochure,
    max(at_s) FILTER (earns AND NOT recent) AS before_7,
    min(at_s) FILTER (earns AND recent) AS first_7,
    max(at_s) FILTER (earns AND recent) AS last_7
  FROM (
    SELECT person, at_s, kind, form, is_recent(at_s) AS recent,
      kind IN ($email_reply, $call_connected, $meeting_held) AS talks,
      kind NOT IN ($unsubscribe, $product_use, $inquiry)
        AND (kind NOT IN ($form_submit, $campaign_response) OR asset NOT IN ($decide)) AS earns,
      CASE WHEN kind IN ($email_click, $email_open) THEN faded(at_s, 14)
        WHEN kind IN ($event_attended, $email_reply, $call_connected, $meeting_held) THEN faded(at_s, 30) END AS left_over
    FROM deeds
  ) GROUP BY person
),
"""

RAW = """
raw AS (
  SELECT p.person,
    20 * (industry IN ($industries))::INT AS industry,
    20 * (employees BETWEEN 50 AND 1000)::INT AS size_core,
    10 * (employees BETWEEN 20 AND 49 OR employees BETWEEN 1001 AND 5000)::INT AS size_edge,
    10 * (region IN ($regions))::INT AS region,
    25 * (seniority IN ($deciders))::INT AS decider,
    15 * (seniority IN ($manager))::INT AS manager,
    15 * (department IN ($departments))::INT AS department,
    10 * (need >= 0)::INT AS need,
    -15 * (free_mail = 1 AND company_name < 0)::INT AS free_mail,
    industry < 0 AND employees < 0 AND title < 0 AS unknown,
    CASE WHEN do_not_trade = 1 THEN 2 WHEN is_student = 1 THEN 3 WHEN unreachable = 1 THEN 4 WHEN coalesce(pitched, false) THEN 5
      ELSE -1 END AS excluded,
    inquiry, brochure, pql, before_7, first_7, last_7,
    $coalesced
    coalesce(10 * faded(returns.newest, 14), 0) AS returns, coalesce(10 * faded(returns.newest_7, 14), 0) AS returns_7,
    -10 * coalesce(has_left, false)::INT AS "left", -10 * coalesce(has_left_7, false)::INT AS left_7
  FROM read_parquet('$folder/people/*.parquet') p
    LEFT JOIN by_day USING (person) LEFT JOIN by_asset USING (person) LEFT JOIN by_deed USING (person)
    LEFT JOIN returns USING (person) LEFT JOIN pql USING (person)
),
"""

GROUPS = """
groups AS (
  SELECT *,
    industry + size_core + size_edge + region AS company_sum,
    decider + manager + department AS person_sum,
    least(pricing, 20) + least(proof, 15) + least(product, 9) + least(returns, 10) AS web_sum,
    least(decide, 24) + least(early, 12) AS content_sum,
    least(attended, 24) AS event_sum,
    least(click, 9) + least(open, 3) AS mail_sum,
    least(two_way, 40) AS talk_sum,
    least(least(pricing_7, 20) + least(proof_7, 15) + least(product_7, 9) + least(returns_7, 10), 50)
      + least(least(decide_7, 24) + least(early_7, 12), 30) + least(attended_7, 24) + least(click_7, 9) + least(open_7, 3)
      + least(two_way_7, 40) + left_7 AS side_7
  FROM raw
),
sides AS (
  SELECT *,
    least(company_sum, 50) + least(person_sum, 40) + need + free_mail AS fit_sum,
    least(web_sum, 50) + least(content_sum, 30) + least(event_sum, 24) + least(mail_sum, 12) + least(talk_sum, 40)
      + "left" AS engagement_sum
  FROM groups
),
scored AS (
  SELECT *,
    least(greatest(fit_sum, 0), 100) AS fit,
    floor(least(greatest(engagement_sum, 0), 100) + 0.5) AS engagement,
    last_7 IS NOT NULL AND coalesce(first_7 - before_7 >= 60 * 86400, true)
      AND floor(least(greatest(side_7, 0), 100) + 0.5) >= 20 AS surging
  FROM sides
)
SELECT
  CASE WHEN excluded >= 0 THEN -1 ELSE
    4 * CASE WHEN unknown THEN 4 WHEN fit >= 65 THEN 0 WHEN fit >= 45 THEN 1 WHEN fit >= 25 THEN 2 ELSE 3 END
    + CASE WHEN engagement >= 45 THEN 0 WHEN engagement >= 25 THEN 1 WHEN engagement >= 8 THEN 2 ELSE 3 END END AS grade,
  excluded,
  coalesce(inquiry, -1) AS inquiry, coalesce(brochure, -1) AS brochure, coalesce(pql, -1) AS pql,
  CASE WHEN surging THEN last_7 ELSE -1 END AS surge,
  industry AS "industry", size_core AS "size_core", size_edge AS "size_edge", region AS "region",
  least(50 - company_sum, 0) AS "company>",
  decider AS "decider", manager AS "manager", department AS "department", least(40 - person_sum, 0) AS "person>",
  need AS "need", 0 AS "need>", free_mail AS "free_mail", 0 AS "minus<", least(100 - fit_sum, 0) AS "fit>", greatest(-fit_sum, 0) AS "fit<",
  pricing AS "pricing", least(20 - pricing, 0) AS "pricing>", proof AS "proof", least(15 - proof, 0) AS "proof>",
  product AS "product", least(9 - product, 0) AS "product>", returns AS "returns", least(10 - returns, 0) AS "returns>",
  least(50 - web_sum, 0) AS "web>",
  decide AS "decide", least(24 - decide, 0) AS "decide>", early AS "early", least(12 - early, 0) AS "early>",
  least(30 - content_sum, 0) AS "content>",
  attended AS "attended", least(24 - attended, 0) AS "attended>", least(24 - event_sum, 0) AS "event>",
  click AS "click", least(9 - click, 0) AS "click>", open AS "open", least(3 - open, 0) AS "open>", least(12 - mail_sum, 0) AS "mail>",
  two_way AS "two_way", least(40 - two_way, 0) AS "two_way>", least(40 - talk_sum, 0) AS "talk>",
  "left" AS "left", 0 AS "minus2<",
  least(100 - engagement_sum, 0) AS "engagement>", greatest(-engagement_sum, 0) AS "engagement<",
  least(100 - fit - engagement, 0) AS "total>"
FROM scored $order
"""


def sql(folder: str, *, ordered: bool) -> str:
    """The whole statement."""
    both = ("pricing", "proof", "product", "early", "decide", "attended", "click", "open", "two_way")
    coalesced = "\n    ".join(f"coalesce({name}{end}, 0) AS {name}{end}," for name in both for end in ("", "_7"))
    words = {
        "pricing": where("path", codes.PRICING),
        "proof": where("path", codes.PROOF),
        "product": where("path", codes.PRODUCT),
        "decide": where("asset", codes.DECIDE),
        "pitch": where("form", codes.PITCH),
        "brochure": where("form", codes.BROCHURE),
        "ignored_paths": where("path", codes.IGNORED_PATHS),
        "ignored_marks": where("mark", codes.IGNORED_MARKS),
        "industries": codes.INDUSTRIES,
        "regions": codes.REGIONS,
        "deciders": codes.DECIDERS,
        "manager": codes.MANAGER,
        "departments": codes.DEPARTMENTS,
    }
    return Template("WITH " + DEEDS + DAYS + THIRD_DAYS + EACH + RAW + GROUPS).substitute(
        {kind: code_of_kind(kind) for kind, _ in KINDS},
        **{name: ", ".join(map(str, some)) for name, some in words.items()},
        folder=folder,
        now=NOW_S,
        coalesced=coalesced,
        order="ORDER BY person" if ordered else "",
    )


def score(folder: Path, keep: Path | None) -> None:
    """Streams the result; keeps it only to compare."""
    connection = duckdb.connect(config={"threads": 2})
    connection.execute(
        f"CREATE MACRO faded(at_s, half_life_days) AS pow(2.0, -(({NOW_S} - at_s) // 3600) / (24.0 * half_life_days));"
        f"CREATE MACRO is_recent(at_s) AS at_s > {NOW_S} - 7 * 86400;"
    )
    reader = connection.sql(sql(str(folder), ordered=keep is not None)).to_arrow_reader(100_000)
    if keep is None:
        for _ in reader:
            pass
        return
    table = reader.read_all()
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    save(kept(columns), keep / "all.npz")


def kept(columns: dict[str, np.ndarray]) -> Result:
    """The columns as a result; who is excluded has nothing."""
    silent = columns["excluded"] >= 0
    fired = np.stack([columns[name] for name in ("inquiry", "brochure", "pql", "surge")], axis=1).astype(np.int64)
    points = np.stack([columns[name].astype(np.float64) for name in codes.LINES], axis=1)
    fired[silent], points[silent] = -1, 0
    return Result(
        grade=columns["grade"].astype(np.int8),
        excluded=columns["excluded"].astype(np.int8),
        fired=fired,
        points=points,
        shown=np.zeros((len(silent), 0), dtype=np.int16),
    )


if __name__ == "__main__":
    score(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
