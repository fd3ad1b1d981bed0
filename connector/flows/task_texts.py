"""What a follow-up says in the CRM, and the key that makes it one."""

from hashlib import sha256
from zoneinfo import ZoneInfo

from connector.core.follow_ups import WantedTask
from connector.core.ladder import in_language
from connector.core.people import Person
from connector.flows.explain import lines_of, reasons
from connector.flows.published import Published
from connector.flows.wanted import one_line
from connector.ports.crm import NewTask, Priority, TaskType
from connector.ports.people import ScoreRow
from connector.ports.plans import PlannedTask

SUBJECT_LENGTH = 255
"""Characters a task subject may have. Source: Salesforce Task.Subject; HubSpot takes more."""
REASONS_LENGTH = 2000
_SAID = {
    "score": {
        "en": "Score {} (fit {}, engagement {}), grade {}.",
        "ja": "スコア {}（属性 {}、行動 {}）、グレード {}。",
    },
    "redirected": {"en": "To you because: {}.", "ja": "担当になった理由: {}。"},
    "due": {
        "en": "Due {} ({}). Made by Hotlead ({}).",
        "ja": "期限 {} ({})。Hotlead が作成 ({})。",
    },
}
"""The lines of a follow-up's text, by language."""


def planned_task(person: Person, *, wanted: WantedTask, row: ScoreRow, documents: Published, account: str, seq: int) -> PlannedTask:
    """The follow-up in words, with the reasons in it."""
    language = documents.ladder.language
    return PlannedTask(
        seq=seq,
        task=NewTask(
            key=task_key(account=account, wanted=wanted),
            contact=wanted.contact,
            subject=_subject(in_language(wanted.rule.label, language), person=person, redirected=wanted.redirected),
            body=_body(row=row, wanted=wanted, documents=documents),
            due_at=wanted.due_at,
            due_on=wanted.due_on,
            type=TaskType(wanted.rule.type),
            priority=Priority(wanted.rule.priority),
            owner=wanted.owner,
        ),
        person=person.id,
        person_name=person.name,
        rule=wanted.rule.id,
        trigger=wanted.trigger,
    )


def task_key(*, account: str, wanted: WantedTask) -> str:
    """The Hotlead Key: the same follow-up for the same cause on the same row has the same one.

    The cause of a hand-off is its activity. That of turning hot or warm is the moment we saw it, which the stored plan keeps: carrying
    the plan out again gives the same key, planning again would not.
    """
    cause = "|".join((account, wanted.contact.source, wanted.contact.id, wanted.rule.id, wanted.trigger, wanted.at.isoformat()))
    return f"hotlead-{sha256(cause.encode()).hexdigest()[:32]}"


def _subject(label: str, *, person: Person, redirected: str) -> str:
    """What a rep reads first, such as `Call now: Jane Doe (open deal)`."""
    return f"{label}: {person.name}{f' ({redirected})' if redirected else ''}"[:SUBJECT_LENGTH]


def _body(*, row: ScoreRow, wanted: WantedTask, documents: Published) -> str:
    language, zone = documents.ladder.language, documents.ladder.calendar.zone
    said = one_line(reasons(lines_of(row.lines), model=documents.model, language=language), language=language, length=REASONS_LENGTH)
    due = wanted.due_at.astimezone(ZoneInfo(zone))
    lines = (
        _SAID["score"][language].format(row.total, row.fit, row.engagement, row.grade),
        said or "",
        _SAID["redirected"][language].format(wanted.redirected) if wanted.redirected else "",
        _SAID["due"][language].format(f"{due:%Y-%m-%d %H:%M}", zone, f"{wanted.trigger}, {row.model} v{row.model_version}"),
    )
    return "\n".join(line for line in lines if line)
