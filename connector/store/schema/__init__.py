"""The tables. Read by every concern of the store; `migrations/` makes them, and a test holds both equal.

Instants are whole microseconds UTC; JSON is text written by `store.values`. A row of a CRM is (`source`, `id`): the number of its
connection and kind of row, and the CRM's own id.
"""

from connector.store.schema.activity import activities, activity_ids, lists, words
from connector.store.schema.ground import METADATA
from connector.store.schema.outcome import (
    follow_ups,
    journal,
    ladder_states,
    parked,
    plan_changes,
    plan_ladder,
    plan_tasks,
    plans,
    score_history,
    scores,
    stage_moves,
)
from connector.store.schema.people import addresses, identity_events, members, person_facts, persons
from connector.store.schema.rows import companies, contacts, deal_contacts, deals, history, raw, unknown_values
from connector.store.schema.setting_up import budgets, connections, cursors, documents, made_by, runs, sealing, sources
from connector.store.schema.sites import sites
from connector.store.schema.waiting import (
    erased,
    held_events,
    hints,
    inbox,
    leases,
    ledger,
    marks,
    seen_events,
    visitors,
    workers,
)

__all__ = [
    "METADATA",
    "activities",
    "activity_ids",
    "addresses",
    "budgets",
    "companies",
    "connections",
    "contacts",
    "cursors",
    "deal_contacts",
    "deals",
    "documents",
    "erased",
    "follow_ups",
    "held_events",
    "hints",
    "history",
    "identity_events",
    "inbox",
    "journal",
    "ladder_states",
    "leases",
    "ledger",
    "lists",
    "made_by",
    "marks",
    "members",
    "parked",
    "person_facts",
    "persons",
    "plan_changes",
    "plan_ladder",
    "plan_tasks",
    "plans",
    "raw",
    "runs",
    "score_history",
    "scores",
    "sealing",
    "seen_events",
    "sites",
    "sources",
    "stage_moves",
    "unknown_values",
    "visitors",
    "words",
    "workers",
]
