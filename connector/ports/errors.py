"""What can go wrong at a port, as classes whose `action` says what policy code does about it.

A message answers: what happened, what the machine does next, what a person can do. It names connection, source and field, never a secret
and never a person's own data.
"""

from datetime import datetime
from enum import StrEnum


class Action(StrEnum):
    RETRY = "retry"
    """Transient: the adapter has already retried within bounds; trying the whole step again later is right."""
    WAIT = "wait"
    """Not before `until`."""
    RECONNECT = "reconnect"
    """Credentials or scopes: a person must connect again."""
    FIX_MAPPING = "fix_mapping"
    """A field or value of the mapping does not suit this CRM; an admin mends the mapping or the CRM's permissions."""
    SKIP_RECORD = "skip_record"
    """This record only (deleted, converted, refused by a validation rule); the rest goes on."""
    STOP = "stop"
    """Nothing more can be done with this connection until somebody acts."""


class HotleadError(Exception):
    """The base of every error the product raises on purpose. `str()` is the message for a person; `hint` says what to do."""

    action: Action = Action.STOP

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class CrmError(HotleadError):
    """A call to a CRM failed as a whole. `code` is the CRM's own error code, or the name of the transport failure."""

    def __init__(self, message: str, *, connection: str, code: str = "", hint: str = "", until: datetime | None = None) -> None:
        super().__init__(message, hint=hint)
        self.connection = connection
        self.code = code
        self.until = until


class CrmUnreachable(CrmError):
    """No answer, or only 5xx, after bounded retries. Whether a write took effect is unknown: look before writing again."""

    action = Action.RETRY


class CrmLimit(CrmError):
    """A quota or a rate limit; `until` says when to come back."""

    action = Action.WAIT


class CrmAuth(CrmError):
    """Wrong or revoked credentials, missing scope, disabled user."""

    action = Action.RECONNECT


class CrmField(CrmError):
    """A field or value the CRM does not know or does not allow; `field` names it where the CRM said so."""

    action = Action.FIX_MAPPING

    def __init__(self, message: str, *, connection: str, code: str = "", hint: str = "", field: str = "") -> None:
        super().__init__(message, connection=connection, code=code, hint=hint)
        self.field = field


class CrmRefused(CrmError):
    """The CRM understood and said no, for good."""

    action = Action.STOP


class CursorExpired(CrmError):
    """The CRM no longer knows a paging position; the adapter starts again from its key, so this rarely leaves it."""

    action = Action.RETRY


class StoreError(HotleadError):
    """The store cannot do its work."""


class StoreBusy(StoreError):
    """Another process writes to this data directory."""

    action = Action.WAIT


class StoreVersion(StoreError):
    """The database was made by another version of hotlead."""


class StoreFull(StoreError):
    """The disk under the data directory is full or read-only; nothing was half-written."""

    action = Action.RETRY


class StoreUnreachable(StoreError):
    """The database does not answer, or could not take more, within the time given to it."""

    action = Action.RETRY

    def __init__(self, message: str, *, hint: str = "", in_doubt: bool = False, is_rolled_back: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.in_doubt = in_doubt
        """Whether the unit may have been stored nevertheless: look before doing it again, or do it so that twice is once."""
        self.is_rolled_back = is_rolled_back
        """The database said itself that nothing was stored."""


class SecretsError(StoreError):
    """The key that opens stored credentials is missing, wrong, or readable by others."""


class DocumentError(HotleadError):
    """A mapping, model or ladder has problems; `problems` are shown with file, line and column by the caller."""

    action = Action.FIX_MAPPING


class UsageError(HotleadError):
    """What was asked for cannot be done as asked: an unknown name, a missing set-up step."""
