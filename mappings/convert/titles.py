"""Job titles → how high somebody stands, and in which department. Names → full names.

Station: below `convert.registry`. Titles are read by tables of English and Japanese words: longer words are tried before the
shorter ones in them (本部長 and 副部長 before 部長), English words only as whole words, and what makes somebody an assistant of
others wins over all.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from connector.ports.crm import Json
from mappings.convert.plain import UNKNOWN, Read

SENIORITIES = ("executive", "director", "manager", "staff")
"""From the top down."""

_LEVELS = {
    "executive": """
        ceo; cto; cfo; coo; cio; cmo; cro; ciso; cso; chro; cpo; cdo; cco; president; vice president; senior vice president;
        executive vice president; vp; svp; evp; v.p.; founder; co-founder; cofounder; owner; business owner; managing director;
        executive director; managing partner; general partner; founding partner; chairman; chairwoman; chairperson; board member;
        proprietor; c-level;
        代表取締役; 代表取締役社長; 代表取締役会長; 取締役; 執行役員; 社長; 副社長; 会長; 副会長; 専務; 専務取締役; 常務;
        常務取締役; 代表; 代表社員; 監査役; 理事; 理事長; 最高経営責任者; 最高技術責任者; 最高財務責任者; 最高執行責任者; 最高情報責任者; オーナー; 創業者; 院長; 学長; 頭取
    """,
    "director": """
        director; senior director; associate director; head; head of; general manager; assistant vice president; avp;
        associate vice president; global head; regional head; dean;
        本部長; 副本部長; 事業部長; 副事業部長; 部長; 担当部長; 部門長; 統括部長; 局長; 工場長; 支店長; 支社長; センター長; 研究所長; 参与; ディレクター; ゼネラルマネージャー;
        ゼネラルマネジャー; ジェネラルマネージャー
    """,
    "manager": """
        manager; senior manager; mgr; supervisor; team lead; team leader; lead; group leader; section chief; foreman;
        assistant director; vice director; deputy general manager; assistant general manager;
        副部長; 部長代理; 部長補佐; 次長; 課長; 課長代理; 課長補佐; 副課長; 担当課長; 室長; 所長; 店長; 班長; グループ長; チーム長; マネージャー; マネジャー; グループリーダー;
        チームリーダー; リーダー; プロジェクトマネージャー
    """,
    "staff": """
        specialist; analyst; coordinator; associate; engineer; developer; representative; administrator; clerk; technician; assistant;
        assistant manager; account executive; sales executive; marketing executive; account manager; executive officer; product owner;
        process owner; scrum master; designer; programmer; accountant; buyer; operator; officer; intern; trainee; staff; scientist;
        architect; planner; nurse; teacher; lecturer;
        係長; 係長補佐; 主任; 主査; 主事; 担当; 担当者; 社員; スタッフ; アシスタント; エンジニア; プログラマー; デザイナー; 一般社員; 職員; 社長室; 会長室; 役員室; 部長付;
        プロダクトオーナー
    """,
}

_DEPENDENT = re.compile(
    r"(?<![a-z])(?:(?:executive|personal|administrative|virtual) assistant|assistant to|secretary|office of the|aide to|advisor to|"
    r"[a-z]+'s (?:assistant|secretary|office))(?![a-z])|秘書|社長付|役員付"
)

_DEPARTMENTS = {
    "it": """
        it; information technology; information systems; information system; ict; mis; cio; cto; ciso; data; digital; infrastructure;
        systems; software; cybersecurity; it security; information security; web development; software development; devops;
        情報システム; 情シス; システム; it推進; dx; dx推進; デジタル; インフラ; 情報セキュリティ; 情報; データ
    """,
    "operations": """
        operations; operation; business operations; coo; logistics; supply chain; fulfillment; warehouse; delivery; customer operations;
        業務; 業務改革; オペレーション; 物流; ロジスティクス; サプライチェーン; 配送; 倉庫; 業務推進
    """,
    "production": """
        production; manufacturing; plant; factory; maintenance; quality; quality assurance; quality control; assembly;
        製造; 生産; 生産管理; 生産技術; 工場; 設備; 保全; 品質; 品質保証; 品質管理; 製造技術
    """,
    "sales": """
        sales; business development; account executive; account manager; account management; sales operations; revenue; cro;
        inside sales; field sales; partnerships; channel;
        営業; 営業企画; 営業推進; 販売; 法人営業; インサイドセールス; フィールドセールス; セールス; 事業開発
    """,
    "marketing": """
        marketing; cmo; brand; communications; public relations; pr; demand generation; growth; content; marketing operations;
        マーケティング; 販促; 販売促進; 宣伝; 広報; 広告; ブランド
    """,
    "purchasing": """
        purchasing; procurement; sourcing; buyer; strategic sourcing;
        購買; 調達; 資材; 仕入
    """,
    "finance": """
        finance; financial; accounting; accountant; cfo; controller; treasury; audit; financial operations; payroll;
        経理; 財務; 会計; 経理財務; 財務経理
    """,
    "hr": """
        hr; human resources; people operations; talent; talent acquisition; recruiting; recruitment; chro; people; training;
        人事; 人事労務; 人材開発; 採用; 労務; 人財
    """,
    "research": """
        r&d; research; research and development; research & development; engineering; laboratory; lab; innovation; science;
        研究開発; 研究; 開発; 技術; 技術開発; 商品開発; 製品開発; 設計
    """,
    "legal": """
        legal; counsel; compliance; general counsel;
        法務; コンプライアンス; 知財; 知的財産
    """,
    "general": """
        administration; general affairs; administrative; corporate planning; management; office management; general administration;
        総務; 管理; 経営企画; 経営管理; 庶務; 経営
    """,
}


def _table(words: dict[str, str]) -> dict[str, str]:
    return {word.strip(): meaning for meaning, text in words.items() for word in text.replace("\n", " ").split(";") if word.strip()}


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(rf"(?<![a-z0-9]){re.escape(w)}(?![a-z0-9])" if w.isascii() else re.escape(w) for w in longest_first))


_LEVEL_OF = _table(_LEVELS)
_LEVEL = _pattern(_LEVEL_OF)
_OFFICER = re.compile(r"(?<![a-z])chief (?:[a-z&]+ ){1,4}officer(?![a-z])")
_DEPARTMENT_OF = _table(_DEPARTMENTS)
_DEPARTMENT = _pattern(_DEPARTMENT_OF)


def _plain(title: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", title).casefold().replace("’", "'").split())


@lru_cache(maxsize=50_000)
def seniority_of(title: str) -> str | None:
    """One of SENIORITIES, the highest that the title names; None where it names none."""
    plain = _plain(title)
    if _DEPENDENT.search(plain):
        return "staff"
    plain, officers = _OFFICER.subn(" ", plain)
    levels = {_LEVEL_OF[match.group()] for match in _LEVEL.finditer(plain)} | ({"executive"} if officers else set())
    return next((level for level in SENIORITIES if level in levels), None)


@lru_cache(maxsize=50_000)
def department_of(title: str) -> str | None:
    """The department that the longest matching word of the title names, the first of equals; None where it names none."""
    matches = [match.group() for match in _DEPARTMENT.finditer(_plain(title))]
    return _DEPARTMENT_OF[max(matches, key=len)] if matches else None


def read_seniority(raw: Json) -> Read:
    """How high the title stands; None where it does not tell."""
    return (seniority_of(raw) if isinstance(raw, str) else UNKNOWN) if raw else None


def read_department(raw: Json) -> Read:
    """The department the title or department name means; None where it does not tell."""
    return (department_of(raw) if isinstance(raw, str) else UNKNOWN) if raw else None


_JAPANESE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff々]")


def full_name(first: Json, last: Json) -> str | None:
    """The name in the order its language has: 山田 太郎 family first, Jane Doe given first. None where both are blank."""
    given = " ".join(first.split()) if isinstance(first, str) else ""
    family = " ".join(last.split()) if isinstance(last, str) else ""
    ordered = (family, given) if _JAPANESE.search(family or given) else (given, family)
    return " ".join(part for part in ordered if part) or None
