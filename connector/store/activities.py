"""Activities, clustered by shard and person, with the contact row they came from.

An activity belongs to whom its contact row belongs to. The text id the CRM gave becomes a number through `activity_ids`, which also says
where the activity lies, so that one that is given again is found whatever about it has changed.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, select

from connector.core.people import SHARDS, PersonId
from connector.core.records import Activity, RecordKey
from connector.ports.errors import StoreError
from connector.store.columns import WORD_LISTS
from connector.store.dictionary import activity_list, known_list, word_numbers
from connector.store.instants import from_us, to_us
from connector.store.rows import Columns
from connector.store.schema import activities, activity_ids, members, words
from connector.store.transaction import AnyRow, Transaction, chunks

Pair = tuple[int, str]

_CONTENT = ("person", "at", *WORD_LISTS, "seconds", "contact")
"""Columns in which an activity given again may differ."""

_HERE = (
    (activities.c.shard == bindparam("of_shard"))
    & (activities.c.person == bindparam("of_person"))
    & (activities.c.at == bindparam("of_at"))
    & (activities.c.id == bindparam("of_id"))
)
_TAKE_AWAY = delete(activities).where(_HERE)
_FORGET_ID = delete(activity_ids).where(activity_ids.c.no == bindparam("of_no"))


class SqlActivities:
    """Fulfils `ports.people.ActivityStore`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def put(self, rows: Sequence[tuple[PersonId, Activity]], *, seen_at: datetime) -> tuple[PersonId, ...]:
        """The person named with an activity is who its contact row belonged to when it was looked up; who it belongs to now counts."""
        t = self._t
        last = {(t.source(a.contact.connection, a.source), a.id): a for _, a in rows}
        owners = _owners(t, {t.pair(a.contact) for a in last.values()})
        old = _stored(t, list(last))
        numbers = _words(t, last.values())
        seen = to_us(seen_at)
        added: list[Columns] = []
        ids: list[Columns] = []
        gone: list[AnyRow] = []
        touched: set[PersonId] = set()
        first = t.next_number(activity_ids.c.no, many=len(last) - len(old))
        for pair, activity in last.items():
            before = old.get(pair)
            if activity.deleted:
                if before is not None:
                    gone.append(before)
                continue
            row = _columns(activity, owners.get(t.pair(activity.contact)), numbers)
            if before is not None and all(before._mapping[name] == row[name] for name in _CONTENT):
                continue
            if before is None:
                no, first = first, first + 1
            else:
                no = before.id
                touched.add(before.person)
                gone.append(before)
            row.update(id=no, seen_at=seen)
            ids.append({"no": no, "source": pair[0], "id": pair[1], "contact": row["contact"], "at": row["at"]})
            added.append(row)
            touched.add(row["person"])
        touched.update(row.person for row in gone)
        kept = {row["no"] for row in ids}
        t.run(_TAKE_AWAY, [{"of_shard": r.shard, "of_person": r.person, "of_at": r.at, "of_id": r.id} for r in gone])
        t.run(_FORGET_ID, [{"of_no": r.id} for r in gone if r.id not in kept])
        t.upsert(activity_ids, ids)
        t.insert(activities, added)
        return tuple(sorted(touched))

    def of(self, person: PersonId) -> tuple[Activity, ...]:
        t = self._t
        statement = (
            select(
                activities,
                activity_ids.c.source.label("id_source"),
                activity_ids.c.id.label("id_text"),
                members.c.source.label("contact_source"),
                members.c.id.label("contact_id"),
            )
            .join(activity_ids, activity_ids.c.no == activities.c.id)
            .join(members, members.c.no == activities.c.contact)
            .where(activities.c.shard == person % SHARDS, activities.c.person == person)
            .order_by(activities.c.at, activities.c.id)
        )
        rows = t.rows(statement)
        texts = {name: _texts(t, name, {row._mapping[name] for row in rows}) for name in WORD_LISTS}
        return tuple(_activity(t, row, texts) for row in rows)

    def roll_ups_of(self, contacts: Sequence[RecordKey]) -> tuple[tuple[RecordKey, str], ...]:
        t = self._t
        here = (
            (activities.c.shard == members.c.person % SHARDS)
            & (activities.c.person == members.c.person)
            & (activities.c.contact == members.c.no)
        )
        statement = (
            select(members.c.source, members.c.id, activity_ids.c.id.label("activity"))
            .join(activities, here)
            .join(activity_ids, activity_ids.c.no == activities.c.id)
            .where(activity_ids.c.source == members.c.source)
        )
        rows = (row for some in chunks(contacts) for row in t.rows(statement.where(t.among(members.c.source, members.c.id, some))))
        return tuple((t.key(row.source, row.id), row.activity) for row in rows)

    def count(self) -> int:
        return int(self._t.value(select(func.count()).select_from(activity_ids)))

    def kinds(self) -> Mapping[str, int]:
        t = self._t
        pairs = select(activities.c.shard, activities.c.person, activities.c.kind).distinct().subquery()
        counts = t.tally(select(pairs.c.kind, func.count()).group_by(pairs.c.kind))
        texts = _texts(t, "kind", counts.keys())
        return {texts[kind]: people for kind, people in sorted(counts.items())}


def _owners(t: Transaction, contacts: Collection[Pair]) -> dict[Pair, tuple[int, PersonId]]:
    """The number and the person of each contact row."""
    owners: dict[Pair, tuple[int, PersonId]] = {}
    statement = select(members.c.source, members.c.id, members.c.no, members.c.person)
    for some in chunks(contacts):
        for source, id_, no, person in t.rows(statement.where(t.among_pairs(members.c.source, members.c.id, some))):
            owners[source, id_] = (no, person)
    return owners


def _stored(t: Transaction, pairs: Sequence[Pair]) -> dict[Pair, AnyRow]:
    here = (
        (activities.c.shard == members.c.person % SHARDS)
        & (activities.c.person == members.c.person)
        & (activities.c.at == activity_ids.c.at)
        & (activities.c.id == activity_ids.c.no)
    )
    statement = (
        select(activities, activity_ids.c.source.label("id_source"), activity_ids.c.id.label("id_text"))
        .select_from(activity_ids)
        .join(members, members.c.no == activity_ids.c.contact)
        .join(activities, here)
    )
    found: dict[Pair, AnyRow] = {}
    for some in chunks(pairs):
        rows = t.rows(statement.where(t.among_pairs(activity_ids.c.source, activity_ids.c.id, some)))
        found.update({(row.id_source, row.id_text): row for row in rows})
    return found


def _words(t: Transaction, some: Collection[Activity]) -> dict[str, Mapping[str, int]]:
    texts = {activity_list(name): {text for a in some if (text := getattr(a, name))} for name in WORD_LISTS}
    numbers = word_numbers(t, texts)
    return {name: numbers[activity_list(name)] for name in WORD_LISTS}


def _columns(activity: Activity, owner: tuple[int, PersonId] | None, numbers: Mapping[str, Mapping[str, int]]) -> Columns:
    if owner is None:
        raise StoreError(f"An activity of a {activity.contact.source} row was to be stored before that row was attached to a person.")
    contact, person = owner
    row: Columns = {"shard": person % SHARDS, "person": person, "at": to_us(activity.at), "seconds": activity.seconds, "contact": contact}
    for name in WORD_LISTS:
        text = getattr(activity, name)
        row[name] = numbers[name][text] if text else 0
    return row


def _texts(t: Transaction, name: str, ids: Collection[int]) -> dict[int, str]:
    """The text of each word of a column."""
    texts = {0: ""}
    no = known_list(t, activity_list(name))
    for some in chunks(ids):
        texts.update({row.id: row.word for row in t.rows(select(words.c.id, words.c.word).where(words.c.list == no, words.c.id.in_(some)))})
    return texts


def _activity(t: Transaction, row: AnyRow, texts: Mapping[str, Mapping[int, str]]) -> Activity:
    return Activity(
        id=row.id_text,
        contact=t.key(row.contact_source, row.contact_id),
        source=t.key(row.id_source, "").source,
        at=from_us(row.at),
        seconds=row.seconds,
        kind=texts["kind"][row.kind],
        path=texts["path"][row.path],
        form=texts["form"][row.form],
        asset=texts["asset"][row.asset],
        campaign=texts["campaign"][row.campaign],
        feature=texts["feature"][row.feature],
        mark=texts["mark"][row.mark],
    )
