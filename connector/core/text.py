"""How texts compare in models: without regard to case, width and white space, and by globs.

Station: used by `core.conditions` (facts) and `core.patterns` (details of activities).
"""

import re
from collections.abc import Iterable
from unicodedata import normalize


def fold(text: str) -> str:
    """The text as it is compared: NFKC (full-width letters are letters), case folded, white space trimmed and single."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(normalize("NFKC", normalize("NFKC", text).casefold()).split())


def globs_to_regex(globs: Iterable[str]) -> re.Pattern[str]:
    """What `fullmatch`es the folded texts that any of the globs means: `*` is any run of characters, also none, `?` is one."""
    wild = {"*": ".*", "?": "."}
    one_each = ["".join(wild.get(letter) or re.escape(letter) for letter in fold(glob)) for glob in globs]
    nothing = r"(?!)"
    return re.compile("|".join(one_each) if one_each else nothing, re.DOTALL)
