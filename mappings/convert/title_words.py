"""The words of job titles, in English and Japanese, parted by semicolons: how high, and which department.

Station: values for `convert.titles`.
"""

LEVELS = {
    "executive": """
        ceo; cto; cfo; coo; cio; cmo; cro; ciso; cso; chro; cpo; cdo; cco; president; vice president; senior vice president;
        executive vice president; vp; svp; evp; v.p.; founder; co-founder; cofounder; owner; business owner; managing director;
        executive director; managing partner; general partner; founding partner; chairman; chairwoman; chairperson;
        board member; proprietor; c-level; 代表取締役; 代表取締役社長; 代表取締役会長; 取締役; 執行役員; 社長; 副社長; 会長;
        副会長; 専務; 専務取締役; 常務; 常務取締役; 代表; 代表社員; 監査役; 理事; 理事長; 最高経営責任者; 最高技術責任者;
        最高財務責任者; 最高執行責任者; 最高情報責任者; オーナー; 創業者; 院長; 学長; 頭取
    """,
    "director": """
        director; senior director; associate director; head; head of; general manager; assistant vice president; avp;
        associate vice president; global head; regional head; dean; 本部長; 副本部長; 事業部長; 副事業部長; 部長; 担当部長;
        部門長; 統括部長; 局長; 工場長; 支店長; 支社長; センター長; 研究所長; 参与; ディレクター; ゼネラルマネージャー;
        ゼネラルマネジャー; ジェネラルマネージャー
    """,
    "manager": """
        manager; senior manager; mgr; supervisor; team lead; team leader; lead; group leader; section chief; foreman;
        assistant director; vice director; deputy general manager; assistant general manager; 副部長; 部長代理; 部長補佐; 次長;
        課長; 課長代理; 課長補佐; 副課長; 担当課長; 室長; 所長; 店長; 班長; グループ長; チーム長; マネージャー; マネジャー;
        グループリーダー; チームリーダー; リーダー; プロジェクトマネージャー
    """,
    "staff": """
        specialist; analyst; coordinator; associate; engineer; developer; representative; administrator; clerk; technician;
        assistant; assistant manager; account executive; sales executive; marketing executive; account manager;
        executive officer; product owner; process owner; scrum master; designer; programmer; accountant; buyer; operator;
        officer; intern; trainee; staff; scientist; architect; planner; nurse; teacher; lecturer; 係長; 係長補佐; 主任; 主査;
        主事; 担当; 担当者; 社員; スタッフ; アシスタント; エンジニア; プログラマー; デザイナー; 一般社員; 職員; 社長室; 会長室;
        役員室; 部長付; プロダクトオーナー
    """,
}

DEPARTMENTS = {
    "it": """
        it; information technology; information systems; information system; ict; mis; cio; cto; ciso; data; digital;
        infrastructure; systems; software; cybersecurity; it security; information security; web development;
        software development; devops; 情報システム; 情シス; システム; it推進; dx; dx推進; デジタル; インフラ; 情報セキュリティ;
        情報; データ
    """,
    "operations": """
        operations; operation; business operations; coo; logistics; supply chain; fulfillment; warehouse; delivery;
        customer operations; 業務; 業務改革; オペレーション; 物流; ロジスティクス; サプライチェーン; 配送; 倉庫; 業務推進
    """,
    "production": """
        production; manufacturing; plant; factory; maintenance; quality; quality assurance; quality control; assembly; 製造;
        生産; 生産管理; 生産技術; 工場; 設備; 保全; 品質; 品質保証; 品質管理; 製造技術
    """,
    "sales": """
        sales; business development; account executive; account manager; account management; sales operations; revenue; cro;
        inside sales; field sales; partnerships; channel; 営業; 営業企画; 営業推進; 販売; 法人営業; インサイドセールス;
        フィールドセールス; セールス; 事業開発
    """,
    "marketing": """
        marketing; cmo; brand; communications; public relations; pr; demand generation; growth; content; marketing operations;
        マーケティング; 販促; 販売促進; 宣伝; 広報; 広告; ブランド
    """,
    "purchasing": """
        purchasing; procurement; sourcing; buyer; strategic sourcing; 購買; 調達; 資材; 仕入
    """,
    "finance": """
        finance; financial; accounting; accountant; cfo; controller; treasury; audit; financial operations; payroll; 経理; 財務;
        会計; 経理財務; 財務経理
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
        legal; counsel; compliance; general counsel; 法務; コンプライアンス; 知財; 知的財産
    """,
    "general": """
        administration; general affairs; administrative; corporate planning; management; office management;
        general administration; 総務; 管理; 経営企画; 経営管理; 庶務; 経営
    """,
}
