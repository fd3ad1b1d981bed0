"""One line of `hotlead.toml` changed, everything else left as its author wrote it. Text in, text out: `connector.bootstrap` writes it."""

import json
import re
import tomllib

from connector.ports.errors import UsageError
from connector.settings import FILE_NAME


def with_setting(text: str, *, name: str, value: str) -> str:
    """The file's text with this setting, in the place of the one that was there, else as its last line before any table.

    Raises UsageError where the file is written in a way that would change more than this setting.
    """
    line = f"{name} = {json.dumps(value, ensure_ascii=False)}"
    lines = text.splitlines()
    place = next((n for n, old in enumerate(lines) if re.match(rf"\s*(?:{name}|\"{name}\"|'{name}')\s*=", old)), None)
    if place is not None:
        lines[place] = line
    else:
        lines.insert(next((n for n, old in enumerate(lines) if old.lstrip().startswith("[")), len(lines)), line)
    changed = "\n".join(lines) + "\n"
    if _read(changed) != {**_read(text), name: value}:
        raise UsageError(
            f"{FILE_NAME} is written in a way that is not changed by hotlead.", hint=f"Put this line into it yourself: {name} = …"
        )
    return changed


def _read(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}
