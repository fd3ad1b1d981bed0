"""Countries by name or code → ISO 3166 code.

Station: below `convert.registry`. Names in English and Japanese come from Babel's CLDR tables, the everyday ones from here.
"""

from functools import cache

from babel import Locale

from connector.ports.crm import Json
from mappings.convert.plain import UNKNOWN, Read, folded

_EVERYDAY = {
    "usa": "US",
    "u.s.a.": "US",
    "u.s.": "US",
    "united states of america": "US",
    "america": "US",
    "アメリカ": "US",
    "米国": "US",
    "uk": "GB",
    "u.k.": "GB",
    "great britain": "GB",
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "英国": "GB",
    "日本国": "JP",
    "korea": "KR",
    "south korea": "KR",
    "republic of korea": "KR",
    "holland": "NL",
    "the netherlands": "NL",
    "czech republic": "CZ",
    "uae": "AE",
    "viet nam": "VN",
    "russian federation": "RU",
    "turkey": "TR",
}


@cache
def country_codes() -> dict[str, str]:
    """Country codes by folded name or code."""
    codes: dict[str, str] = {}
    for language in ("ja", "en"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"):
                codes[folded(name)] = code
                codes[folded(code)] = code
    return {**codes, **_EVERYDAY}


def read_country(raw: Json) -> Read:
    """The ISO code (`JP`) of a country's English or Japanese name or code; UNKNOWN for a name that is none."""
    if raw is None or not isinstance(raw, str):
        return None if raw is None else UNKNOWN
    word = folded(raw)
    return country_codes().get(word, UNKNOWN) if word else None
