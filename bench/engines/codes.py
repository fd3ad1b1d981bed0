"""The shipped model's words as dictionary indices, for the engines that are written by hand."""

import re

from bench import crowd
from bench.crowd import WORDS

PRICING = r"/pricing|/price|/plans|/料金"
PROOF = r"/compare|/comparison|/case-stud|/customers/|/導入事例|/比較"
PRODUCT = r"/product|/features|/solutions|/製品"
DECIDE = r"roi|buyers-guide|security|implementation|pricing|見積|比較|導入"
PITCH = r"vendor_pitch|売り込み"
BROCHURE = r"brochure|資料請求"
IGNORED_PATHS = r"/careers|/recruit|/採用|/ir/|/privacy|/access|/login|/support|/unsubscribe"
IGNORED_MARKS = (
    r"^(open_by_mail_proxy|click_within_3s_of_delivery|all_links_clicked_within_10s|campaign_member_without_response|list_import"
    r"|made_by_hotlead)$"
)


def where(detail: str, pattern: str) -> list[int]:
    """Which words of a list the pattern is found in."""
    return [code for code, word in enumerate(WORDS[detail]) if re.search(pattern, word)]


def known(words: tuple[str, ...], *wanted: str) -> list[int]:
    """Where the wanted words stand."""
    return [words.index(word) for word in wanted]


INDUSTRIES = known(crowd.INDUSTRIES, "manufacturing", "machinery", "electronics", "technology", "logistics")
REGIONS = known(crowd.REGIONS, "JP", "US", "SG")
DECIDERS = known(crowd.SENIORITIES, "executive", "director")
MANAGER = known(crowd.SENIORITIES, "manager")
DEPARTMENTS = known(crowd.DEPARTMENTS, "it", "operations", "production")
_LINES = """
industry size_core size_edge region company> decider manager department person> need need> free_mail minus< fit> fit<
pricing pricing> proof proof> product product> returns returns> web> decide decide> early early> content> attended attended> event>
click click> open open> mail> two_way two_way> talk> left minus2< engagement> engagement< total>
"""
LINES = tuple(_LINES.split())
"""The model's lines in the document's order; > is a limit, < a floor."""
