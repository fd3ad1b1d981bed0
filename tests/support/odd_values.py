"""Values that a CRM's JSON can hold and nobody means: at the edge of what dates and numbers can be, too long, or of another kind.

Not pasted text: letters that do not compress, because an index may take a long text that does.
"""

import random
from collections.abc import Mapping

from connector.ports.crm import Json

_DRAWN = random.Random(5)
KANJI = "".join(chr(_DRAWN.randrange(0x4E00, 0x9FA0)) for _ in range(20_000))
DIGITS = "".join(str(_DRAWN.randrange(1, 10)) for _ in range(9_000))
CONTROL = "".join(chr(_DRAWN.randrange(1, 0x1F)) for _ in range(5_000))

ODD: Mapping[str, Json] = {
    **{
        f"the date {text}": text
        for text in (
            "9999-12-31T23:59:59Z",
            "9999-12-31T23:59:59",
            "9999-12-31T23:59:59-12:00",
            "9999-12-31",
            "0001-01-01T00:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "0001-01-01",
            "0000-00-00T00:00:00Z",
            "99999-12-31",
            "2016-12-31T23:59:60Z",
            "2026-11-21T24:00:00",
            "2026-11-21T09:30:00+99:99",
            "２０２６年１１月２１日",
            "253402300799999",
            "-62135596800000",
        )
    },
    "milliseconds of the year 10000": 253402300800000,
    "milliseconds of the year 0": -62135596800001,
    **{f"the number {text[:12]}": text for text in ("1e999", "1e-999999", "-1e17", "nan", "Infinity", "-0", "１２", "٣", "²", "1_000")},
    "a number with many places": "0." + "1" * 20_000,
    "a number with many digits": DIGITS,
    "employees with many digits": f"{DIGITS}-10",
    "a whole number beyond 32 bits": 2**31,
    "a whole number beyond 64 bits": 10**19,
    "a whole number beyond all": 10**400,
    "a large fraction": 1e300,
    "a small fraction": 1e-300,
    "no number": float("nan"),
    "no end": float("inf"),
    "a length of many years": 10**17,
    "kanji": KANJI,
    "kanji as a choice": [KANJI],
    "many choices": [KANJI[start : start + 3] for start in range(0, len(KANJI), 3)],
    "many choices in a text": ";".join(KANJI[start : start + 3] for start in range(0, len(KANJI), 3)),
    "control characters": CONTROL,
    "quotation marks": '"\\' * 3_000,
    "an address": f"{KANJI[:3_000]}@example.com",
    "a domain": f"a@b.{'c.' * 3_000}com",
    "a page": f"https://example.com/{KANJI}?{KANJI}",
    "a broken address": "https://[::1/",
    "a port that is none": "https://example.com:99999999/",
    "a telephone number": "+" + "81" * 2_000,
    "brackets": "(" * 3_000 + ")" * 3_000,
    "a title of many words": "CEO 取締役 " * 3_000,
    "a joiner": "\U0001f9d1\u200d" * 500,
    "nothing that is seen": "\u200b\ufeff\u3000",
    "an empty list": [],
    "lists in lists": [[["a"]]],
    "an object": {"a": {}},
    "a list of kinds": ["a", None, 1, True, {}],
}
