"""How results look on a terminal."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from connector.flows.explain import Explanation, Reason
from connector.flows.pull import Pulled
from connector.ports.crm import Finding, InstallStep
from connector.ports.people import PersonLine
from connector.ports.plans import PlannedChange, PlannedTask
from connector.ports.runs import Parked, Run

TEMPERATURE_STYLES = {"hot": "bold red", "warm": "yellow", "cold": "blue"}
WORDS_OF_A_COUNT = 2
"""Counts of more words begin with the connection's name."""
FINDINGS_TOLD = 3
"""Findings of one remedy that are spelled out."""
SEVERITY_STYLES = {"error": "bold red", "warning": "yellow", "note": "dim"}


def pulled_table(pulled: Sequence[Pulled]) -> Table:
    """A line a source that gave rows."""
    table = _table("Connection", "Source", "Kind", ">Read", ">Changed", ">People")
    for one in (p for p in pulled if p.rows):
        table.add_row(one.connection, one.source, one.kind, f"{one.rows:,}", f"{one.fresh:,}", f"{one.people:,}")
    return table


def hot_list(people: Sequence[PersonLine], *, why: Mapping[int, str]) -> Table:
    """How hot, then who and where, then why. Readable at any width."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for number, line in enumerate(people, start=1):
        score = line.score
        if score is None:
            continue
        heat = f"{score.temperature:<4} {score.grade} {score.total:>3}"
        who = Text(line.name, style="bold")
        who.append(f"  {line.company}" if line.company else "", style="not bold")
        where = "  ".join(part for part in (line.email, line.stage) if part)
        lines = [who, *([Text(where, style="dim")] if where else []), Text(why.get(line.person, ""))]
        table.add_row(str(number), Text(heat, style=TEMPERATURE_STYLES.get(score.temperature, "")), Group(*lines))
    return table


def changes_list(changes: Iterable[PlannedChange]) -> Group:
    """Each record, then its fields from → to. Readable at any width."""
    lines: list[RenderableType] = []
    for change in changes:
        head = Text(f"{change.key.connection} {change.key.source} {change.key.id}  ")
        head.append(change.person_name, style="bold")
        if change.state.value != "pending":
            head.append(f"  {change.state.value.replace('_', ' ')}{f': {change.note}' if change.note else ''}", style="dim")
        lines.append(head)
        fields = Table.grid(padding=(0, 2, 0, 0))
        fields.add_column(no_wrap=True)
        fields.add_column(overflow="fold")
        for one in change.fields:
            fields.add_row(one.field, f"{_value(one.before)} → {_value(one.after)}")
        lines.append(Padding(fields, (0, 0, 0, 2)))
    return Group(*lines)


def tasks_list(tasks: Iterable[PlannedTask]) -> Group:
    """Each task with what it says and when it is due."""
    lines: list[RenderableType] = []
    for planned in tasks:
        task = planned.task
        head = Text(f"{task.contact.connection} task  ")
        head.append(task.subject, style="bold")
        if planned.state.value != "pending":
            head.append(f"  {planned.state.value.replace('_', ' ')}{f': {planned.note}' if planned.note else ''}", style="dim")
        lines.append(head)
        owner = f"owner {task.owner}" if task.owner else "owner left to the CRM"
        lines.append(
            Text(f"  {task.type.value}, {task.priority.value}, due {task.due_at:%Y-%m-%d %H:%M} UTC, {owner}, because {planned.trigger}")
        )
    return Group(*lines)


def calls_line(calls: Mapping[str, int]) -> str:
    """API calls as one line, such as `12 calls: acme fields 10, acme tasks 2`."""
    total = sum(calls.values())
    parts = ", ".join(f"{name} {count}" for name, count in sorted(calls.items()) if count)
    return f"{total:,} call{'s' if total != 1 else ''}" + (f": {parts}" if parts else "")


def tally_table(tally: Mapping[str, int]) -> Table:
    table = _table("Connection", "What", "State", ">Rows")
    for key, count in sorted(tally.items()):
        connection, what, state = key.rsplit(" ", 2)
        table.add_row(connection, what, state.replace("_", " "), f"{count:,}")
    return table


def runs_table(runs: Sequence[Run]) -> Table:
    table = _table(">Run", "What", "Began (UTC)", ">Took", "How it ended")
    for run in runs:
        took = f"{(run.ended_at - run.started_at).total_seconds():.1f} s" if run.ended_at else ""
        ended = ": ".join(part for part in (run.state, run.message or _summed(run.counts)) if part)
        table.add_row(str(run.id), run.verb, f"{run.started_at:%Y-%m-%d %H:%M}", took, escape(ended))
    return table


def _summed(counts: Mapping[str, int]) -> str:
    """Counts over all connections and sources, such as `read 3,391, new 214`; --json has each."""
    total: Counter[str] = Counter()
    for name, count in counts.items():
        words = name.split(" ")
        total[words[-1] if words[-1] in ("read", "new") else " ".join(words[1:]) if len(words) > WORDS_OF_A_COUNT else name] += count
    return ", ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in total.items() if count)


def parked_list(parked: Sequence[Parked]) -> Group:
    """Each waiting row with what the CRM said, what that means, who can mend it and when it is tried again. Readable at any width."""
    lines: list[RenderableType] = []
    for row in parked:
        head = Text(f"{row.key.connection} {row.key.source} {row.key.id}  ", style="bold")
        head.append("task" if row.what != "fields" else "fields", style="not bold")
        lines.append(head)
        lines.append(Text(f"  {row.refusal.code}: {row.refusal.message}"))
        lines.append(Text(f"  {row.refusal.cause} Who can mend it: {row.refusal.mended_by}."))
        lines.append(
            Text(f"  Tried {row.tries} time{'s' if row.tries != 1 else ''}, again at {row.next_try_at:%Y-%m-%d %H:%M} UTC.", style="dim")
        )
    return Group(*lines)


def findings_list(findings: Sequence[Finding]) -> Table:
    """What is so, then what to do and who can do it; many that one deed mends stand together. Readable at any width."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    together: dict[tuple[str, str, str], list[str]] = {}
    for finding in findings:
        alone = "" if finding.hint else finding.message
        together.setdefault((finding.severity.value, finding.hint or alone, finding.mended_by), []).append(finding.message)
    for (severity, hint, mended_by), messages in together.items():
        lines = [Text(message) for message in messages[:FINDINGS_TOLD]]
        if len(messages) > FINDINGS_TOLD:
            lines.append(Text(f"… and {len(messages) - FINDINGS_TOLD} more like these; --json has each.", style="dim"))
        if hint not in messages:
            lines.append(Text(f"→ {hint}{f' ({mended_by})' if mended_by else ''}", style="bold"))
        table.add_row(Text(severity, style=SEVERITY_STYLES[severity]), Group(*lines))
    return table


def steps_table(steps: Sequence[InstallStep]) -> Table:
    table = _table("What", "State", "")
    for step in steps:
        style = {"present": "green", "missing": "yellow"}.get(step.state, "red")
        table.add_row(escape(step.what), Text(step.state, style=style), escape(step.detail))
    return table


def explanation_panel(explanation: Explanation) -> Panel:
    """The whole arithmetic of one score, adding up."""
    score = explanation.score
    body: list[RenderableType] = []
    if explanation.excluded:
        body.append(Text(f"Not scored: {explanation.excluded}", style="yellow"))
    else:
        body.append(_arithmetic(explanation.reasons, score_fit=score.fit, score_engagement=score.engagement, total=score.total))
    body.extend(_circumstances(explanation))
    person = explanation.person
    title = f"{escape(person.name)}  ·  {score.grade or 'no grade'}  ·  {score.total} points  ·  {score.temperature}"
    return Panel(
        Group(*body),
        title=title,
        subtitle=f"{score.model} v{score.model_version}, as of {score.as_of:%Y-%m-%d %H:%M} UTC",
        title_align="left",
        subtitle_align="left",
    )


def _arithmetic(reasons: Sequence[Reason], *, score_fit: int, score_engagement: int, total: int) -> Table:
    table = _table("Reason", ">Points", ">Exact", ">Times", "Latest (UTC)")
    for side, sum_of in (("fit", score_fit), ("engagement", score_engagement)):
        for reason in (r for r in reasons if r.side == side):
            _reason_row(table, reason)
        exact = sum(r.micropoints for r in reasons if r.side == side)
        table.add_row(Text(side.capitalize(), style="bold"), Text(str(sum_of), style="bold"), _exact(exact), "", "", end_section=True)
    for reason in (r for r in reasons if not r.side):
        _reason_row(table, reason)
    table.add_row(Text("Score", style="bold"), Text(str(total), style="bold"), "", "", "")
    return table


def _reason_row(table: Table, reason: Reason) -> None:
    style = "dim" if reason.clamp else ""
    table.add_row(
        Text(reason.text, style=style),
        Text(f"{reason.points:+d}", style=style),
        Text(_exact(reason.micropoints), style="dim"),
        str(reason.count) if reason.count else "",
        f"{reason.latest_at:%Y-%m-%d %H:%M}" if reason.latest_at else "",
    )


def _exact(micropoints: int) -> str:
    """Points with the three decimals that matter to a reader."""
    return f"{micropoints / 1_000_000:.3f}"


def _circumstances(explanation: Explanation) -> list[RenderableType]:
    lines: list[RenderableType] = [Text(f"{explanation.activities} activities within the model's window.", style="dim")]
    lines.extend(Text(f"Hand-off: {label}, {at:%Y-%m-%d %H:%M} UTC") for label, at in explanation.fired)
    if explanation.state is not None:
        state = explanation.state
        lines.append(Text(f"Stage {state.stage} since {state.stage_since:%Y-%m-%d %H:%M} UTC. {state.next_action}"))
    lines.extend(Text(f"Moved {m.before} → {m.after} on {m.at:%Y-%m-%d %H:%M} UTC: {m.why} ({m.by})") for m in explanation.moves)
    lines.extend(Text(f"Open task: {t.task.subject}, due {t.task.due_at:%Y-%m-%d %H:%M} UTC") for t in explanation.open_tasks)
    for member in explanation.person.members:
        key = member.contact.key
        lines.append(Text(f"{key.connection} {key.source} {key.id}: {member.why}", style="dim"))
    return lines


def _value(value: object) -> str:
    if value is None or value == "":
        return "[dim]nothing[/]"
    text = str(value)
    return escape(text if len(text) <= 80 else f"{text[:77]}…")


def _table(*heads: str) -> Table:
    """A table whose heads say by a leading `>` that the column holds numbers."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in heads:
        right = head.startswith(">")
        table.add_column(head.removeprefix(">"), justify="right" if right else "left", overflow="fold")
    return table
