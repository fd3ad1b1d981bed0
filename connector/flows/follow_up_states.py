"""Learns which of our open tasks a rep has completed or thrown away, so that the person may be followed up again.

Station: after the pull of a connection, before its plan. The field mappings leave out the rows that carry a Hotlead Key, so a pull by
itself says nothing of them.
"""

from collections.abc import Sequence
from functools import partial

from connector.ports.crm import Crm, TaskStatus
from connector.ports.store import Store, Tx

TASKS_AT_ONCE = 500


def close_ended_follow_ups(*, store: Store, crm: Crm) -> int:
    """How many follow-ups of the connection turned out to have ended; they are closed in the store.

    Without open ones nothing is asked. Raises CrmError when the CRM does not answer; what was learned before that stands.
    """
    closed, after = 0, ""
    while True:
        with store.read() as tx:
            keys = tx.follow_ups.open_in(crm.connection, after=after, limit=TASKS_AT_ONCE)
        if not keys:
            return closed
        ended = [state.key for state in crm.task_states(keys) if state.status is not TaskStatus.OPEN]
        if ended:
            store.write(partial(_close, keys=ended))
        closed, after = closed + len(ended), keys[-1]


def _close(tx: Tx, *, keys: Sequence[str]) -> None:
    tx.follow_ups.close(keys)
