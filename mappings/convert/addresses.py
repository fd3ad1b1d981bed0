"""E-mail addresses, web addresses and domains.

Station: below `convert.registry`. Registered domains come from the public-suffix snapshot inside tldextract: nothing is fetched or stored.
Libraries are loaded when the first address needs them, not by every command.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from connector.ports.crm import Json
from mappings.convert.plain import UNKNOWN, Read

if TYPE_CHECKING:
    from tldextract import TLDExtract

_FREE_MAIL = """
    gmail.com googlemail.com yahoo.com ymail.com rocketmail.com yahoo.co.jp ybb.ne.jp yahoo.co.uk yahoo.co.in yahoo.com.au yahoo.com.sg
    yahoo.com.br yahoo.fr yahoo.de yahoo.it yahoo.es yahoo.ca outlook.com outlook.jp outlook.de outlook.fr hotmail.com hotmail.co.jp
    hotmail.co.uk hotmail.fr hotmail.de hotmail.it hotmail.es live.com live.jp live.co.uk live.nl msn.com icloud.com me.com mac.com
    aol.com aol.co.uk aol.jp gmx.com gmx.net gmx.de gmx.at gmx.ch web.de t-online.de freenet.de mail.com email.com inbox.com proton.me
    protonmail.com pm.me tutanota.com tuta.io fastmail.com fastmail.fm hey.com zoho.com zohomail.com yandex.com yandex.ru mail.ru bk.ru
    list.ru inbox.ru rambler.ru qq.com foxmail.com 163.com 126.com yeah.net sina.com sina.cn sohu.com aliyun.com naver.com hanmail.net
    daum.net kakao.com rediffmail.com excite.co.jp goo.jp infoseek.jp biglobe.ne.jp nifty.com ocn.ne.jp so-net.ne.jp plala.or.jp
    dion.ne.jp asahi-net.or.jp jcom.home.ne.jp docomo.ne.jp ezweb.ne.jp au.com softbank.ne.jp i.softbank.jp vodafone.ne.jp ymobile.ne.jp
    yahoo.ne.jp willcom.com comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net charter.net earthlink.net btinternet.com
    sky.com virginmedia.com talktalk.net orange.fr wanadoo.fr free.fr sfr.fr laposte.net libero.it virgilio.it alice.it tin.it uol.com.br
    bol.com.br terra.com.br bigpond.com optusnet.com.au telstra.com singnet.com.sg ziggo.nl kpnmail.nl planet.nl telenet.be skynet.be
    bluewin.ch wp.pl o2.pl interia.pl onet.pl seznam.cz
"""
FREE_MAIL = frozenset(_FREE_MAIL.split())
"""Domains at which anybody can have a mailbox. A list of our own; a mapping may add to it."""

_ROLE_MAILBOXES = """
    info sales contact contactus support help helpdesk admin administrator office hello hi enquiries enquiry inquiry inquiries mail
    email team billing accounts accounting accountspayable ap ar finance invoice invoices hr jobs careers career recruiting recruitment
    recruit marketing press media pr news newsletter webmaster postmaster hostmaster abuse noc security privacy legal compliance
    noreply no-reply donotreply do-not-reply orders order purchasing procurement service customerservice customercare reception
    general feedback investor investors ir partners partner customer-service soumu keiri jinji eigyo kouhou koho toiawase otoiawase
"""
ROLE_MAILBOXES = frozenset(_ROLE_MAILBOXES.split())
"""Local parts that are a desk and not a human. A list of our own; a mapping may add to it."""

_ASCII_ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_WRAPPED = re.compile(r"(?:mailto:|.*<)?([^<>\s]+@[^<>\s]+)>?", re.IGNORECASE)


def normal_address(raw: Json) -> str | None:
    """The address as it is compared: no white space around, half-width, lower case, its domain in ASCII (IDNA); plus-tags are kept.

    None where there is no address in it.
    """
    if not isinstance(raw, str) or not raw:
        return None
    text = raw.strip().lower()
    if _ASCII_ADDRESS.fullmatch(text):
        return text
    match = _WRAPPED.fullmatch(unicodedata.normalize("NFKC", raw).strip())
    if match is None:
        return None
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(match[1].lower().rstrip("."), check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return f"{checked.local_part}@{checked.ascii_domain}"


def read_email(raw: Json) -> Read:
    """The normalised address, or None."""
    return normal_address(raw)


def read_email_domain(raw: Json) -> Read:
    """The registered domain of the address (`mail.example.co.jp` is `example.co.jp`), or None."""
    address = normal_address(raw)
    return registered_domain(address.rpartition("@")[2]) if address else None


def read_domain(raw: Json) -> Read:
    """The registered domain of a web address or bare domain; None for a blank, UNKNOWN for what holds no domain."""
    if not isinstance(raw, str) or not raw.strip():
        return None if raw is None or isinstance(raw, str) else UNKNOWN
    return registered_domain(raw) or UNKNOWN


@lru_cache(maxsize=50_000)
def registered_domain(text: str) -> str | None:
    """What somebody registered of a host name or web address, lower case and in ASCII; None where there is no such domain."""
    host = unicodedata.normalize("NFKC", text).strip().lower().rpartition("@")[2]
    found = _extractor()(host).top_domain_under_public_suffix
    try:
        return found.encode("idna").decode("ascii") or None
    except UnicodeError:
        return None


@cache
def _extractor() -> "TLDExtract":
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)


def is_free_mail(address: str, more: Iterable[str] = ()) -> bool:
    """Whether the normalised address is at a domain where anybody can have one."""
    domain = address.rpartition("@")[2]
    return domain in FREE_MAIL or domain in more or registered_domain(domain) in FREE_MAIL


def is_role_mailbox(address: str, more: Iterable[str] = ()) -> bool:
    """Whether the normalised address is a desk (info@, sales@) and not a human."""
    local = address.rpartition("@")[0].partition("+")[0]
    return local in ROLE_MAILBOXES or local in more


def read_url_path(raw: Json) -> Read:
    """The path of a web address, percent-decoded: no host, no query string, no fragment; None for a blank."""
    if not isinstance(raw, str) or not raw:
        return None
    path = raw
    start = path.find("://")
    if start >= 0 or path.startswith("//"):
        slash = path.find("/", start + 3 if start >= 0 else 2)
        path = path[slash:] if slash >= 0 else "/"
        if slash >= 0 and (cut := raw.find("?")) >= 0 and cut < slash:
            path = "/"
    path = path.partition("?")[0].partition("#")[0]
    return (unquote(path) if "%" in path else path).strip() or "/"
