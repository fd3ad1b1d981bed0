"""Rows about people, organisations and deals → contacts, companies, deals.

Station: compiled by `build_fields`.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from connector.core.ladder import StageField
from connector.core.records import Company, Contact, Deal, DealContact, DealState, Money, Record, RecordKey, Value
from connector.ports.crm import Json, RawRecord
from mappings.activity_parts import first_instant, link_fields, links_of, related_rows, related_sources
from mappings.convert.addresses import is_role_mailbox, normal_address
from mappings.convert.money import read_money
from mappings.convert.plain import Read, Unknown, read_yes_no, table_reader
from mappings.convert.registry import Fields, Spec, Surroundings, fields_of, row_reader
from mappings.field_mapping import Misread
from mappings.roll_ups import Counter, Moments


class Values:
    """The mapped values of a row by our names. A value that is unknown or not understood is absent."""

    def __init__(self, specs: Mapping[str, Sequence[Spec]], around: Surroundings) -> None:
        self._readers = tuple((name, row_reader(spec, around), fields_of(spec)) for name, spec in specs.items())
        self.fields = tuple(field for spec in specs.values() for field in fields_of(spec))

    def read(self, fields: Fields, misread: Misread) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, reader, names in self._readers:
            value = reader(fields)
            if isinstance(value, Unknown):
                misread.extend((field, fields[field]) for field in names[:1] if fields.get(field) is not None)
            elif value is not None:
                found[name] = value
        return found


class _Row:
    """What rows of every kind have: an owner, and perhaps a survivor."""

    def __init__(self, spec: Spec, *, connection: str, around: Surroundings) -> None:
        self.values = Values(spec["fields"], around)
        self._owner = spec["owner"]
        survivor = spec.get("survivor")
        self._survivor = links_of((survivor,), connection) if survivor else None
        self.fields = tuple(name for name in (*self.values.fields, self._owner, *link_fields((survivor,))) if name)

    def owner(self, fields: Fields) -> str | None:
        raw = fields.get(self._owner) if self._owner else None
        return str(raw) if raw else None

    def survivor(self, raw: RawRecord) -> RecordKey | None:
        if raw.survivor is not None or self._survivor is None:
            return raw.survivor
        return next(iter(self._survivor(raw.fields)), None)


def _one_link(link: Spec | None, connection: str) -> Callable[[Fields], RecordKey | None]:
    if link is None:
        return lambda _fields: None
    keys = links_of((link,), connection)
    return lambda fields: next(iter(keys(fields)), None)


class ContactRows:
    """A contact from each row of one source, and the activities of its moments and counters."""

    def __init__(
        self, spec: Spec, *, connection: str, around: Surroundings, stage: StageField | None, told_elsewhere: Callable[[Spec], bool]
    ) -> None:
        self._row = _Row(spec, connection=connection, around=around)
        self._emails, self._desks = spec["emails"], around.role_mailboxes
        self._company = _one_link(spec["company"], connection)
        self._created = first_instant((spec["created_at"],) if spec["created_at"] else (), around)
        self._stage = stage
        moments = [moment for moment in spec["moments"] if not told_elsewhere(moment)]
        counters = [counter for counter in spec["counters"] if not told_elsewhere(counter)]
        self._moments = Moments(moments, around)
        self._counters = [Counter(counter, around) for counter in counters]
        self.roll_ups = frozenset(roll_up["id"] for roll_up in (*moments, *counters))
        self.related = related_sources((spec["company"], spec["survivor"]))
        self.fields = tuple(
            name
            for name in (
                *self._row.fields,
                *self._emails,
                *link_fields((spec["company"],)),
                spec["created_at"],
                stage.field if stage else None,
                *self._moments.fields,
                *(field for counter in self._counters for field in counter.fields),
            )
            if name
        )

    def __call__(self, raw: RawRecord, before: Mapping[str, Json] | None, seen_at: datetime, misread: Misread) -> Sequence[Record]:
        fields = raw.fields
        created = self._created(fields, misread)
        contact = Contact(
            key=raw.key,
            emails=self._joining(fields),
            company=self._company(fields),
            owner=self._row.owner(fields),
            values=self._values(fields, created, misread),
            created_at=created,
            modified_at=raw.modified_at,
            deleted=raw.deleted,
            survivor=self._row.survivor(raw),
        )
        if raw.deleted:
            return (contact,)
        records: list[Record] = [contact, *self._moments.of(raw.key, fields, seen_at, misread).values()]
        for counter in self._counters:
            records += counter.of(raw.key, fields, before, modified_at=raw.modified_at, seen_at=seen_at, misread=misread)
        return records

    def _values(self, fields: Fields, created: datetime | None, misread: Misread) -> dict[str, Value]:
        values = self._row.values.read(fields, misread)
        if created is not None:
            values["created"] = created
        said = fields.get(self._stage.field) if self._stage else None
        if self._stage and isinstance(said, str) and said in self._stage.read:
            values["crm_stage"] = self._stage.read[said]
        return values

    def _joining(self, fields: Fields) -> tuple[str, ...]:
        """Addresses that identify a human, normalised, the main one first."""
        if len(self._emails) == 1:
            address = normal_address(fields.get(self._emails[0]))
            return (address,) if address and not is_role_mailbox(address, self._desks) else ()
        found: dict[str, None] = {}
        for name in self._emails:
            raw = fields.get(name)
            for part in raw.split(";") if isinstance(raw, str) else ():
                address = normal_address(part)
                if address and not is_role_mailbox(address, self._desks):
                    found[address] = None
        return tuple(found)


class CompanyRows:
    """A company from each row of one source."""

    def __init__(self, spec: Spec, *, connection: str, around: Surroundings) -> None:
        self._row = _Row(spec, connection=connection, around=around)
        self.related = related_sources((spec["survivor"],))
        self.fields = self._row.fields

    def __call__(self, raw: RawRecord, _before: Mapping[str, Json] | None, _seen_at: datetime, misread: Misread) -> Sequence[Record]:
        return (
            Company(
                key=raw.key,
                owner=self._row.owner(raw.fields),
                values=self._row.values.read(raw.fields, misread),
                modified_at=raw.modified_at,
                deleted=raw.deleted,
                survivor=self._row.survivor(raw),
            ),
        )


class DealRows:
    """A deal from each row of one source."""

    def __init__(self, spec: Spec, *, connection: str, around: Surroundings) -> None:
        self._row = _Row(spec, connection=connection, around=around)
        self._name, self._amount, self._currency = spec["name"], spec["amount"], spec["currency"]
        self._currencies = around.currencies
        self._state = _state_of(spec["state"])
        self._company = _one_link(spec["company"], connection)
        self._by_relation = tuple(link["related"] for link in spec["contacts"] if link["related"])
        self._by_field = links_of([link for link in spec["contacts"] if link["from"]], connection)
        self._created = first_instant((spec["created_at"],) if spec["created_at"] else (), around)
        self._closed = first_instant((spec["closed_at"],) if spec["closed_at"] else (), around)
        self._connection = connection
        links = (spec["company"], *spec["contacts"])
        self.related = related_sources(links)
        state = spec["state"]
        names = (
            *self._row.fields,
            *link_fields(links),
            *(spec[key] for key in ("name", "amount", "currency", "created_at", "closed_at")),
            *(state[key] for key in ("won", "closed", "from")),
        )
        self.fields = tuple(name for name in names if name)

    def __call__(self, raw: RawRecord, before: Mapping[str, Json] | None, _seen_at: datetime, misread: Misread) -> Sequence[Record]:
        fields = before or {} if raw.deleted and not any(raw.fields.values()) else raw.fields
        state = self._state(fields, misread)
        amount = (
            read_money(fields.get(self._amount), fields.get(self._currency or ""), currencies=self._currencies) if self._amount else None
        )
        return (
            Deal(
                key=raw.key,
                name=str(fields.get(self._name) or "") if self._name else "",
                state=state,
                company=self._company(fields),
                contacts=self._people(fields),
                owner=self._row.owner(fields),
                amount=amount if isinstance(amount, Money) else None,
                created_at=self._created(fields, misread),
                closed_at=self._closed(fields, misread) if state is not DealState.OPEN else None,
                values=self._row.values.read(fields, misread),
                modified_at=raw.modified_at,
                deleted=raw.deleted,
            ),
        )

    def _people(self, fields: Fields) -> tuple[DealContact, ...]:
        related = [
            DealContact(contact=RecordKey(self._connection, source, row["id"]), role=row["role"])
            for source in self._by_relation
            for row in related_rows(fields.get(f"@{source}"))
        ]
        return (*related, *(DealContact(contact=key) for key in self._by_field(fields)))


def _state_of(spec: Spec) -> Callable[[Fields, Misread], DealState]:
    if spec["from"]:
        name, table = spec["from"], table_reader(spec["values"])

        def by_table(fields: Fields, misread: Misread) -> DealState:
            found: Read = table(fields.get(name))
            if isinstance(found, str):
                return DealState(found)
            if found is not None:
                misread.append((name, fields.get(name)))
            return DealState.OPEN

        return by_table
    won, closed = spec["won"], spec["closed"]

    def by_boxes(fields: Fields, _misread: Misread) -> DealState:
        if read_yes_no(fields.get(won)) is True:
            return DealState.WON
        return DealState.LOST if read_yes_no(fields.get(closed)) is True else DealState.OPEN

    return by_boxes
