"""What people read for a value of a picklist of ours.

Station: used by both adapters when they make their fields, so that a rep reads the same words in either CRM.
"""

from collections.abc import Mapping

SPECIAL_LABELS: Mapping[str, str] = {"mql": "MQL", "sal": "SAL", "sql": "SQL", "sgl": "SGL", "pql": "PQL"}


def value_label(value: str) -> str:
    """`no_budget` as `No budget`, `mql` as `MQL`; a grade stays as it is."""
    return SPECIAL_LABELS.get(value) or (value[:1].upper() + value[1:].replace("_", " "))
