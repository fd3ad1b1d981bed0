"""The words a believable world is named with: people, employers, places, titles.

Station: sandbox ground. All people and employers are made up; a likeness to a real one is chance.
"""

from __future__ import annotations


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((written, roman) for written, _, roman in (pair.partition(":") for pair in text.split()))


JA_FAMILY = _pairs(
    "佐藤:sato 鈴木:suzuki 高橋:takahashi 田中:tanaka 伊藤:ito 渡辺:watanabe 山本:yamamoto 中村:nakamura 小林:kobayashi "
    "加藤:kato 吉田:yoshida 山田:yamada 佐々木:sasaki 山口:yamaguchi 松本:matsumoto 井上:inoue 木村:kimura 林:hayashi "
    "斎藤:saito 清水:shimizu 山崎:yamazaki 森:mori 池田:ikeda 橋本:hashimoto 阿部:abe 石川:ishikawa 前田:maeda 藤田:fujita "
    "後藤:goto 岡田:okada 長谷川:hasegawa 村上:murakami 近藤:kondo 石井:ishii 坂本:sakamoto 遠藤:endo 青木:aoki "
    "藤井:fujii 西村:nishimura 福田:fukuda 太田:ota 三浦:miura 岡本:okamoto 松田:matsuda 中川:nakagawa 中野:nakano "
    "原田:harada 小川:ogawa 竹内:takeuchi 金子:kaneko 和田:wada 中山:nakayama 石田:ishida 上田:ueda 森田:morita 原:hara "
    "柴田:shibata 酒井:sakai 工藤:kudo 横山:yokoyama 宮崎:miyazaki 宮本:miyamoto 内田:uchida 高木:takagi"
)
JA_GIVEN = _pairs(
    "陽子:yoko 健太:kenta 美咲:misaki 翔太:shota 由美子:yumiko 大輔:daisuke 恵:megumi 直樹:naoki 真由美:mayumi 拓也:takuya "
    "彩:aya 誠:makoto 智子:tomoko 浩二:koji 裕子:yuko 亮:ryo 香織:kaori 隆:takashi 明美:akemi 和也:kazuya 麻衣:mai "
    "達也:tatsuya 優子:yuuko 剛:tsuyoshi 愛:ai 哲也:tetsuya 千尋:chihiro 正樹:masaki 奈々:nana 修:osamu 舞子:maiko 康平:kohei "
    "沙織:saori 雄一:yuichi 葵:aoi 勇気:yuki 里奈:rina 淳:jun 典子:noriko 悠斗:yuto 結衣:yui 蓮:ren 美和:miwa 学:manabu "
    "桃子:momoko 進:susumu 久美子:kumiko 一郎:ichiro 幸子:sachiko 徹:toru"
)
EN_GIVEN = _words(
    "James Maria Robert Olivia Michael Sarah David Emma Daniel Priya Thomas Hannah Anna Lucas Chloe Ethan Grace Noah Nadia "
    "Samuel Ingrid Peter Fatima George Laura Henry Mei Oscar Julia Victor Amara Simon Elena Patrick Sofia Martin Claire "
    "Rahul Megan Felix Joanna Arjun Rachel Stefan Leah Marcus Yasmin Andrew Helena Colin Beatrice Hugo Wendy Omar Tessa "
    "Gavin Nora Dylan Ruth"
)
EN_FAMILY = _words(
    "Carter Whitfield Nguyen Patel Mueller Johansson Rossi Garcia Silva Novak Schmidt Dubois Kowalski Andersen Murphy Khan "
    "Okafor Larsen Fischer Brooks Hughes Sanders Foster Morales Reyes Chen Wong Tan Iyer Sharma Bennett Coleman Dawson "
    "Ellison Fletcher Graham Hartley Ingram Jennings Kendall Lowell Mercer Norwood Osborne Prescott Quinn Ramsey Sinclair "
    "Thornton Underwood Vaughn Wallace Yates Zimmer Abbott Barlow Crawford Dalton Everett Farrell Goodwin Hollis"
)

_EN_STARTS = _words(
    "Bright North Silver Iron Clear Stone Cedar Harbor Summit Blue Ever Gran Lake River Oak Pine Red Swift Wind West Ash "
    "Bay Cold Deep East Fair Glen High Kings Long Maple New Old Park Quarry Ridge South Thorn Upper Vale"
)
_EN_ENDS = _words("moor field gate water bridge forge line haven crest well ford wood stead mark worth leaf view brook dale port")
_JA_STARTS = _pairs(
    "青:ao 東:azuma 朝日:asahi 大:dai 富士:fuji 春:haru 北:kita 三:mitsu 南:minami 西:nishi 緑:midori 光:hikari 若:waka 高:taka "
    "清:kiyo 白:shira 豊:toyo 永:naga 本:moto 丸:maru 千:chi 武:take 桜:sakura 松:matsu 竹:take 秋:aki 冬:fuyu 星:hoshi 金:kane 岩:iwa"
)
_JA_ENDS = _pairs("川:kawa 山:yama 田:da 野:no 沢:sawa 島:shima 原:hara 浜:hama 橋:hashi 森:mori 崎:saki 井:i 村:mura 谷:tani 岡:oka")
INDUSTRIES = (
    "manufacturing",
    "machinery",
    "electronics",
    "technology",
    "logistics",
    "construction",
    "retail",
    "finance",
    "healthcare",
    "education",
    "consulting",
    "food",
    "energy",
    "media",
    "government",
)
"""Every industry a company can be in; each CRM has its own word for each."""

_EN_TRADES = {
    industry: _words(trades)
    for industry, trades in {
        "manufacturing": "Packaging Textiles Materials Plastics",
        "machinery": "Machinery Motors Robotics",
        "electronics": "Electric Instruments Optics Semiconductors",
        "technology": "Systems Software Networks Analytics",
        "logistics": "Logistics Freight Shipping",
        "construction": "Construction Engineering",
        "retail": "Retail Stores",
        "finance": "Insurance Capital Bank",
        "healthcare": "Health Medical Pharma",
        "education": "Academy Learning",
        "consulting": "Partners Advisory",
        "food": "Foods Breweries",
        "energy": "Energy Power",
        "media": "Media Publishing",
        "government": "Authority Council",
    }.items()
}
_JA_TRADES = {
    industry: _pairs(trades)
    for industry, trades in {
        "manufacturing": "製作所:seisakusho 工業:kogyo 化学:kagaku 紡績:boseki",
        "machinery": "精機:seiki 機械:kikai 重工:juko",
        "electronics": "電機:denki 電子:denshi 計器:keiki",
        "technology": "システムズ:systems テクノロジー:tech ソフト:soft",
        "logistics": "物流:logi 運輸:unyu 倉庫:soko",
        "construction": "建設:kensetsu 土木:doboku",
        "retail": "商店:shoten 百貨店:depart",
        "finance": "銀行:bank 信用金庫:shinkin",
        "healthcare": "医療機器:medical 製薬:seiyaku",
        "education": "学園:gakuen 教育出版:kyoiku",
        "consulting": "総合研究所:soken 会計:kaikei",
        "food": "食品:foods 酒造:shuzo",
        "energy": "電力:denryoku ガス:gas",
        "media": "新聞:shimbun 放送:hoso",
        "government": "公社:kosha 振興財団:zaidan",
    }.items()
}

CITIES = {
    "JP": ("東京", "大阪", "名古屋", "福岡", "横浜", "札幌", "神戸", "仙台", "京都", "浜松"),
    "US": ("Chicago", "Austin", "Boston", "Denver", "Seattle", "Atlanta", "Columbus", "San Jose"),
    "GB": ("London", "Manchester", "Leeds", "Bristol"),
    "DE": ("Munich", "Stuttgart", "Hamburg", "Cologne"),
    "SG": ("Singapore",),
    "AU": ("Sydney", "Melbourne"),
    "IN": ("Pune", "Bengaluru"),
}
"""Cities by ISO 3166 country code, as people there write them."""

CURRENCIES = {"JP": "JPY", "US": "USD", "GB": "GBP", "DE": "EUR", "SG": "SGD", "AU": "AUD", "IN": "INR"}
PER_DOLLAR = {"JPY": 150, "USD": 1, "GBP": 0.8, "EUR": 0.9, "SGD": 1.35, "AUD": 1.5, "INR": 84}
"""Round rates that make a foreign amount look right; not for reckoning with."""

DEPARTMENTS = ("it", "operations", "production", "sales", "marketing", "purchasing", "finance", "hr", "research", "general")
SENIORITIES = ("executive", "director", "manager", "staff", "")
"""From the top down; "" where the title does not tell."""

_DEPARTMENT_LABELS = {
    "it": ("IT", "情報システム部"),
    "operations": ("Operations", "業務部"),
    "production": ("Production", "製造部"),
    "sales": ("Sales", "営業部"),
    "marketing": ("Marketing", "マーケティング部"),
    "purchasing": ("Purchasing", "購買部"),
    "finance": ("Finance", "経理部"),
    "hr": ("Human Resources", "人事部"),
    "research": ("R&D", "研究開発部"),
    "general": ("Administration", "総務部"),
}
_EN_TITLES = {
    "executive": ("Chief Executive Officer", "VP {}", "Chief Operating Officer", "Owner"),
    "director": ("Director of {}", "Head of {}", "Senior Director, {}"),
    "manager": ("{} Manager", "Senior Manager, {}", "{} Team Lead"),
    "staff": ("{} Specialist", "{} Analyst", "{} Coordinator", "Associate, {}"),
    "": ("", "", "Consultant"),
}
_JA_TITLES = {
    "executive": ("代表取締役社長", "取締役", "執行役員 {}担当", "専務取締役"),
    "director": ("{}長", "{} 本部長", "事業部長"),
    "manager": ("{} 課長", "{} 次長", "{} マネージャー"),
    "staff": ("{} 主任", "{} 係長", "{}", "{} 担当"),
    "": ("", "", "顧問"),
}

FREE_MAIL = ("gmail.com", "yahoo.co.jp", "outlook.com", "icloud.com", "hotmail.com", "yahoo.com")
ROLE_MAILBOXES = ("info", "sales", "contact", "support")
COMPETITORS = (
    ("Leadwhistle Inc", "leadwhistle.com", "US"),
    ("Scorefathom Ltd", "scorefathom.co.uk", "GB"),
    ("株式会社ミコミスコア", "mikomi-score.co.jp", "JP"),
)
"""(name, domain, country) of those who sell what we sell."""
CAMPUSES = {"ja": "u-kaihin.ac.jp", "en": "lakeland-college.edu"}
"""Domains of students' addresses, by language."""
OWN_DOMAIN = "kumoi-works.co.jp"
"""The domain of the company whose CRMs these are, and of its own staff."""

NEEDS = {
    "en": ("line monitoring", "maintenance planning", "delivery tracking", "stock visibility", "replacing spreadsheets"),
    "ja": ("設備の稼働監視", "保全計画の見直し", "配送の可視化", "在庫の見える化", "Excel管理からの脱却"),
}
"""What a person says they are after, by language."""


def title_in(language: str, *, seniority: str, department: str, pick: float) -> str:
    """The job title of that rank and department; `pick` (0..1) chooses among the usual ones."""
    english, japanese = _DEPARTMENT_LABELS[department]
    usual, label = (_JA_TITLES, japanese) if language == "ja" else (_EN_TITLES, english)
    choices = usual[seniority]
    return choices[int(pick * len(choices))].format(label)


def employer_named(country: str, *, industry: str, first: float, second: float, third: float) -> tuple[str, str]:
    """A company name that fits the industry and the domain that goes with it, chosen by three numbers in 0..1."""
    if country == "JP":
        (start, start_roman), (end, end_roman), (trade, trade_roman) = (
            words[int(pick * len(words))] for words, pick in ((_JA_STARTS, first), (_JA_ENDS, second), (_JA_TRADES[industry], third))
        )
        # The trade and the form vary with one number, so that both orders of 株式会社 appear.
        name = f"株式会社{start}{end}{trade}" if int(third * 997) % 2 else f"{start}{end}{trade}株式会社"
        return name, f"{start_roman}{end_roman}-{trade_roman}.co.jp"
    start, end, trade = (
        words[int(pick * len(words))] for words, pick in ((_EN_STARTS, first), (_EN_ENDS, second), (_EN_TRADES[industry], third))
    )
    form, ending = {"GB": ("Ltd", "co.uk"), "DE": ("GmbH", "de"), "SG": ("Pte Ltd", "com.sg"), "AU": ("Pty Ltd", "com.au")}.get(
        country, ("Inc", "com")
    )
    return f"{start}{end} {trade} {form}", f"{start}{end}-{trade}.{ending}".lower()
