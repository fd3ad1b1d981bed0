"""What HubSpot does when a record is written: checks values, keeps unique ones unique, fills what follows from them.

Station: HubSpot sandbox, rules over the store. The API views and the sandbox's control both write through here, with
different actors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adapters.hubspot.sandbox.binned import keep_links
from adapters.hubspot.sandbox.errors import PropertyProblem, fault, invalid_properties, invalid_request
from adapters.hubspot.sandbox.kinds import BY_NAME, ENGAGEMENTS, Kind
from adapters.hubspot.sandbox.lifecycle import next_stage, stage_of_deal
from adapters.hubspot.sandbox.link_types import BY_ID, LinkType
from adapters.hubspot.sandbox.linking import Linking, types_by_id
from adapters.hubspot.sandbox.pipelines import PIPELINE_ID, STAGE_BY_ID
from adapters.hubspot.sandbox.portal import Actor, Portal
from adapters.hubspot.sandbox.reading import mapping, mappings, record_id, record_number, type_ids
from adapters.hubspot.sandbox.stamps import from_ms, iso, parse_instant, to_ms
from adapters.hubspot.sandbox.store import Past, Row
from adapters.hubspot.sandbox.values import checked
from adapters.hubspot.sandbox.webhook_changes import CALCULATED

Values = dict[str, "str | None"]

_REQUIRED = {"deals": ("dealname",), "tasks": ("hs_timestamp",), "calls": ("hs_timestamp",), "emails": ("hs_timestamp",),
             "meetings": ("hs_timestamp",), "notes": ("hs_timestamp",)}  # fmt: skip
_AT_LEAST_ONE = {"contacts": ("email", "firstname", "lastname"), "companies": ("name", "domain")}
WORKFLOW = Actor(source_type="AUTOMATION_PLATFORM", source_id="enrollmentId:1")
"""Who writes when a workflow of the portal does."""
_CONTACTING = frozenset({"calls", "emails", "meetings"})


class Records:
    """Creates, changes and archives records by HubSpot's rules."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._store = portal.store
        self.linking = Linking(portal)

    def find(self, kind: Kind, key: str, id_property: str = "") -> Row | None:
        """The record by id, or by the unique property `id_property` names; archived ones too. Raises ApiFault (400)."""
        if not id_property or id_property == "hs_object_id":
            number = record_number(key)
            return None if number is None else self._store.load(kind, number)
        if id_property not in self._portal.catalogue.unique_names(kind.name):
            raise invalid_request(f"{id_property} is not a unique property of {kind.name}, so it cannot be an idProperty.")
        holder = self._store.find(kind, id_property, key.strip())
        return None if holder is None else self._store.load(kind, holder)

    def create(self, kind: Kind, given: Mapping[str, Any], actor: Actor, links: Sequence[tuple[Kind, int, Sequence[LinkType]]] = ()) -> Row:
        """The new record. Raises ApiFault for values, missing properties, a taken unique value or unknown associates."""
        values = self._checked(kind, given)
        kept: Values = {name: value for name, value in values.items() if value is not None}
        _default_values(kind, kept)
        _require(kind, kept)
        self._refuse_taken(kind, kept, own_id=None)
        now = self._portal.now_ms()
        created = parse_instant(kept.pop("createdate") or "") if kept.get("createdate") else now
        row = Row(id=self._store.next_id(kind), created_ms=created, modified_ms=now, visible_ms=self._visible(now))
        with self._store.notes.by(actor.author):
            self._apply(kind, row, kept, actor, now)
        if actor.is_api:
            self._portal.control.wrote(kind.name, str(row.id), kept.keys())
        for other, other_id, types in links:
            if self._store.load(other, other_id) is None:
                raise invalid_request(f"{other.label} with id {other_id} does not exist, so it cannot be associated.")
            self.linking.associate(kind, row.id, other, other_id, types)
        # Associating may have filled properties of the new record.
        row = self._store.load(kind, row.id) or row
        self._after(kind, row, is_new=True)
        return self._followed_up(kind, row, kept)

    def update(self, kind: Kind, row: Row, given: Mapping[str, Any], actor: Actor) -> Row:
        """The record with `given` applied; "" clears. A value that is already there changes nothing, stamps included."""
        values = self._checked(kind, given)
        self._refuse_taken(kind, values, own_id=row.id)
        now = self._portal.now_ms()
        if "createdate" in values:
            row.created_ms = parse_instant(values.pop("createdate") or iso(now))
        if "lifecyclestage" in values:
            values["lifecyclestage"] = self._allowed_stage(kind, row, values["lifecyclestage"])
        changed = {name: value for name, value in values.items() if row.props.get(name) != value}
        if actor.is_api:
            self._portal.control.wrote(kind.name, str(row.id), given.keys())
        if changed:
            row.modified_ms, row.visible_ms = now, self._visible(now)
            with self._store.notes.by(actor.author):
                self._apply(kind, row, changed, actor, now)
            self._after(kind, row, is_new=False)
            row = self._followed_up(kind, row, changed)
        return row

    def archive(self, kind: Kind, row: Row) -> None:
        """Puts a record into the bin: its unique values are free again, its associations gone. Repeating does nothing."""
        if row.archived_ms:
            return
        keep_links(self._store, kind, row.id)
        self.linking.cut(kind, row.id)
        row = self._store.load(kind, row.id) or row
        row.archived_ms = self._portal.now_ms()
        self._store.put(kind, row)
        self._store.release_all(kind, row.id)

    def parse_links(self, kind: Kind, given: Any) -> list[tuple[Kind, int, Sequence[LinkType]]]:
        """The `associations` of a create body. Raises ApiFault (400) for unknown types or a broken shape.

        Which object type is meant follows from the association type id, as in HubSpot.
        """
        links: list[tuple[Kind, int, Sequence[LinkType]]] = []
        for one in mappings(given, "associations"):
            target = record_id(mapping(one.get("to"), "to").get("id"))
            for type_id in type_ids(one.get("types")):
                other = _other_side(kind, type_id)
                links.append((other, target, types_by_id(kind, other, [type_id])))
        return links

    def _checked(self, kind: Kind, given: Mapping[str, Any]) -> Values:
        values, problems = checked(given, lambda name: self._portal.catalogue.get(kind.name, name), self._portal.external_options)
        if problems:
            raise invalid_properties(problems)
        return values

    def _refuse_taken(self, kind: Kind, values: Mapping[str, str | None], own_id: int | None) -> None:
        for name in self._portal.catalogue.unique_names(kind.name):
            value = values.get(name)
            holder = self._store.find(kind, name, value) if value else None
            if holder is None or holder == own_id:
                continue
            if (kind.name, name) == ("contacts", "email"):
                raise fault(409, f"Contact already exists. Existing ID: {holder}", "CONFLICT")
            message = f"{value} is already the value of {name} on {kind.label} {holder}; the property takes unique values."
            raise invalid_properties([PropertyProblem(name=name, code="CONFLICTING_UNIQUE_VALUE", message=message)])

    def _allowed_stage(self, kind: Kind, row: Row, wanted: str | None) -> str | None:
        found = self._portal.catalogue.get(kind.name, "lifecyclestage")
        order = [option.value for option in sorted(found.options, key=lambda one: one.order)] if found else []
        return next_stage(row.props.get("lifecyclestage"), wanted, order)

    def _apply(self, kind: Kind, row: Row, changed: Mapping[str, str | None], actor: Actor, now: int) -> None:
        values = {**changed, **_following(kind, row, changed, now)}
        for name in self._portal.catalogue.unique_names(kind.name):
            if name in values:
                if name in row.props:
                    self._store.release(kind, name, row.props[name])
                if values[name]:
                    self._store.claim(kind, name, str(values[name]), row.id)
        for name, value in values.items():
            if value is None:
                row.props.pop(name, None)
            else:
                row.props[name] = value
        self._store.put(kind, row)
        past = [
            Past(
                name=name, at_ms=now, value=value or "", source_type=actor.source_type, source_id=actor.source_id,
                user_id=actor.user_id,
            )
            for name, value in changed.items()
        ]  # fmt: skip
        self._store.remember(kind, row.id, past)

    def _after(self, kind: Kind, row: Row, *, is_new: bool) -> None:
        if kind.name == "deals":
            self.follow_deal(row)
        if is_new and kind.name in ENGAGEMENTS and kind.name != "tasks":
            self._note_contacting(kind, row)

    def _followed_up(self, kind: Kind, row: Row, changed: Mapping[str, str | None]) -> Row:
        """The record after the portal's own workflows have set what they set when one of these properties changes."""
        wanted = self._portal.workflows.following(kind.name, changed)
        if not any(row.props.get(name, "") != str(value) for name, value in wanted.items()):
            return row
        with self._portal.workflows.firing():
            return self.update(kind, row, wanted, WORKFLOW)

    def follow_deal(self, deal: Row) -> None:
        """Brings the contacts and companies of a deal forward to the stage the deal means for them."""
        stage = STAGE_BY_ID.get(deal.props.get("dealstage", ""))
        wanted = stage_of_deal(bool(stage and stage.is_won), bool(stage and stage.is_lost))
        if wanted is None:
            return
        system = Actor(source_type="DEALS", source_id="deal-lifecycle-stage")
        for kind in (BY_NAME["contacts"], BY_NAME["companies"]):
            for other_id in self.linking.others(BY_NAME["deals"], deal.id, kind):
                other = self._store.load(kind, other_id)
                if other is not None:
                    self.update(kind, other, {"lifecyclestage": wanted}, system)

    def _note_contacting(self, kind: Kind, row: Row) -> None:
        contacts = BY_NAME["contacts"]
        at = row.props.get("hs_timestamp", iso(row.created_ms))
        for contact_id in self.linking.others(kind, row.id, contacts):
            contact = self._store.load(contacts, contact_id)
            if contact is None or at > iso(self._portal.now_ms()):
                continue
            props = contact.props
            props["notes_last_updated"] = max(at, props.get("notes_last_updated", ""))
            props["num_notes"] = str(int(props.get("num_notes", "0")) + 1)
            if kind.name in _CONTACTING:
                props["notes_last_contacted"] = max(at, props.get("notes_last_contacted", ""))
                props["num_contacted_notes"] = str(int(props.get("num_contacted_notes", "0")) + 1)
            contact.modified_ms = self._portal.now_ms()
            contact.visible_ms = self._visible(contact.modified_ms)
            with self._store.notes.by(CALCULATED):
                self._store.put(contacts, contact)

    def _visible(self, stamp_ms: int) -> int:
        return to_ms(self._portal.control.visible_at(from_ms(stamp_ms)))


def _other_side(kind: Kind, type_id: int) -> Kind:
    found = BY_ID.get(type_id)
    if found is None or found.from_kind != kind.name:
        raise invalid_request(f"Invalid association type id {type_id} for {kind.type_id}.")
    return BY_NAME[found.to_kind]


def _default_values(kind: Kind, kept: Values) -> None:
    if kind.name == "deals":
        kept.setdefault("pipeline", PIPELINE_ID)
        kept.setdefault("dealstage", next(iter(STAGE_BY_ID)))
    if kind.name == "tasks":
        kept.setdefault("hs_task_status", "NOT_STARTED")
        kept.setdefault("hs_task_priority", "NONE")
        kept.setdefault("hs_task_type", "TODO")


def _require(kind: Kind, kept: Values) -> None:
    missing = [name for name in _REQUIRED.get(kind.name, ()) if not kept.get(name)]
    choice = _AT_LEAST_ONE.get(kind.name, ())
    if choice and not any(kept.get(name) for name in choice):
        missing = [choice[0]]
    if missing:
        message = f"Error creating {kind.label}. Some required properties were not set."
        detail = {"message": message, "code": "MISSING_REQUIRED_PROPERTY", "context": {"properties": missing}}
        raise invalid_request(message, context={"properties": missing}, errors=[detail])


def _following(kind: Kind, row: Row, changed: Mapping[str, str | None], now: int) -> Values:
    """Read-only properties that HubSpot fills from the changed ones."""
    values: Values = {}
    if kind.name == "contacts" and "email" in changed:
        address = changed["email"]
        values["hs_email_domain"] = address.split("@")[1] if address else None
    if kind.name == "contacts" and changed.get("lifecyclestage"):
        dated = f"hs_lifecyclestage_{changed['lifecyclestage']}_date"
        values[dated] = iso(now)
    if "hubspot_owner_id" in changed and kind.name == "contacts":
        values["hubspot_owner_assigneddate"] = iso(now) if changed["hubspot_owner_id"] else None
    if kind.name == "deals" and "dealstage" in changed:
        values |= _deal_state(changed["dealstage"], row, changed, now)
    if kind.name == "deals" and "amount" in changed:
        values["amount_in_home_currency"] = changed["amount"]
    if kind.name == "tasks" and "hs_task_status" in changed:
        done = changed["hs_task_status"] == "COMPLETED"
        values["hs_task_is_completed"] = "1" if done else "0"
        values["hs_task_completion_date"] = iso(now) if done else None
    return values


def _deal_state(stage_id: str | None, row: Row, changed: Mapping[str, str | None], now: int) -> Values:
    stage = STAGE_BY_ID.get(stage_id or "")
    if stage is None:
        return {}
    values: Values = {
        "hs_is_closed": "true" if stage.closed else "false",
        "hs_is_closed_won": "true" if stage.is_won else "false",
        "hs_is_closed_lost": "true" if stage.is_lost else "false",
        "hs_deal_stage_probability": stage.probability,
    }
    if stage.closed and not changed.get("closedate") and "closedate" not in row.props:
        values["closedate"] = iso(now)
    if stage.is_won:
        values["hs_closed_won_date"] = iso(now)
    return values
