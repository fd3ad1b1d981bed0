"""Names, titles, sizes, countries, telephones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ports.crm import Json
from mappings.convert.plain import UNKNOWN, Read
from mappings.convert.titles import department_of, full_name, seniority_of
from tests.unit.mappings.convert.fields import read_field


@pytest.mark.parametrize(
    ("first", "last", "name"),
    [
        ("Jane", "Doe", "Jane Doe"),
        ("太郎", "山田", "山田 太郎"),
        ("タロウ", "ヤマダ", "ヤマダ タロウ"),
        ("Taro", "Yamada", "Taro Yamada"),
        ("Jane", "山田", "山田 Jane"),
        ("一郎", "Smith", "一郎 Smith"),
        ("", "山田", "山田"),
        ("太郎", None, "太郎"),
        ("Mary  Ann", " O'Neil ", "Mary Ann O'Neil"),
        ("", "", None),
        (None, None, None),
    ],
)
def test_names_are_put_together_in_the_order_of_the_family_names_language(first: Json, last: Json, name: str | None) -> None:
    assert full_name(first, last) == name


@pytest.mark.parametrize(
    ("title", "level"),
    [
        ("VP Sales", "executive"),
        ("Vice President, Operations", "executive"),
        ("Assistant Vice President", "director"),
        ("Chief Information Security Officer", "executive"),
        ("CEO & Co-Founder", "executive"),
        ("Owner", "executive"),
        ("Product Owner", "staff"),
        ("Managing Director", "executive"),
        ("Head of IT", "director"),
        ("Senior Director, Logistics", "director"),
        ("General Manager", "director"),
        ("Assistant to the Director", "staff"),
        ("Executive Assistant to the CEO", "staff"),
        ("Director's Assistant", "staff"),
        ("Secretary to the President", "staff"),
        ("IT Manager", "manager"),
        ("Assistant Manager", "staff"),
        ("Assistant Director", "manager"),
        ("Team Lead", "manager"),
        ("Account Executive", "staff"),
        ("Directory Specialist", "staff"),
        ("Headhunter", None),
        ("Consultant", None),
        ("代表取締役社長", "executive"),
        ("取締役 営業本部長", "executive"),
        ("執行役員 製造担当", "executive"),
        ("本部長", "director"),
        ("情報システム部長", "director"),
        ("事業部長", "director"),
        ("副部長", "manager"),
        ("部長代理", "manager"),
        ("営業部 次長", "manager"),
        ("製造課長", "manager"),
        ("マネージャー", "manager"),
        ("ゼネラルマネージャー", "director"),
        ("係長", "staff"),
        ("主任", "staff"),
        ("社長室", "staff"),
        ("社長秘書", "staff"),
        ("ＶＰ　Sales", "executive"),
        ("顧問", None),
    ],
)
def test_seniority_of_a_title(title: str, level: str | None) -> None:
    assert seniority_of(title) == level


@pytest.mark.parametrize(
    ("title", "department"),
    [
        ("IT Manager", "it"),
        ("Director of Information Technology", "it"),
        ("Position open", None),
        ("Head of Operations", "operations"),
        ("Sales Operations Manager", "sales"),
        ("VP Marketing", "marketing"),
        ("Human Resources Coordinator", "hr"),
        ("R&D Engineer", "research"),
        ("Business Development", "sales"),
        ("情報システム部長", "it"),
        ("製造部 課長", "production"),
        ("生産管理部", "production"),
        ("営業企画部", "sales"),
        ("購買部", "purchasing"),
        ("経理部 主任", "finance"),
        ("研究開発部", "research"),
        ("総務部", "general"),
        ("社長", None),
    ],
)
def test_department_of_a_title(title: str, department: str | None) -> None:
    assert department_of(title) == department


@given(st.text())
def test_no_title_breaks_the_tables(title: str) -> None:
    assert seniority_of(title) in {"executive", "director", "manager", "staff", None}
    department_of(title)


@pytest.mark.parametrize(
    ("raw", "employees"),
    [
        ("51-200", 51),
        ("1,001 – 5,000", 1001),
        ("1000+", 1000),
        ("1000名以上", 1000),
        ("２００〜３００名", 200),
        ("約300人", 300),
        ("51 to 200 employees", 51),
        ("over 500", 500),
        ("<10", 1),
        ("under 50", 1),
        ("10名以下", 1),
        ("87", 87),
        (87.0, 87),
        ("87.0", 87),
        ("", None),
        (None, None),
        ("200-51", UNKNOWN),
        ("many", UNKNOWN),
        (-1, UNKNOWN),
        (float("inf"), UNKNOWN),
        (10**18, UNKNOWN),
        ("9" * 5_000, UNKNOWN),
        (f"1-{'9' * 5_000}", UNKNOWN),
        (True, UNKNOWN),
    ],
)
def test_a_range_of_employees_counts_as_its_lower_end(raw: Json, employees: Read) -> None:
    assert read_field("{from: f, convert: employees}", f=raw) == employees


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("Japan", "JP"),
        ("日本", "JP"),
        ("jp", "JP"),
        (" United States ", "US"),
        ("U.S.A.", "US"),
        ("UK", "GB"),
        ("Germany", "DE"),
        ("ドイツ", "DE"),
    ],
)
def test_countries_by_name_or_code(raw: str, code: str) -> None:
    assert read_field("{from: f, convert: country}", f=raw) == code


def test_a_country_that_is_none_is_unknown() -> None:
    assert read_field("{from: f, convert: country}", f="Atlantis") is UNKNOWN
    assert read_field("{from: f, convert: country}", f="") is None


def test_countries_can_be_turned_into_regions() -> None:
    text = "{from: f, convert: country, values: {JP: apac, SG: apac}}"

    assert read_field(text, f="日本") == "apac"
    assert read_field(text, f="Germany") is UNKNOWN


@pytest.mark.parametrize(
    ("raw", "country", "number"),
    [
        ("+81 3-1234-5678", "", "+81312345678"),
        ("03-1234-5678", "", "+81312345678"),
        ("０３（１２３４）５６７８", "", "+81312345678"),
        ("+81 (0)3 1234 5678", "", "+81312345678"),
        ("03-1234-5678 内線 12", "", "+81312345678"),
        ("(415) 555-2671", "United States", "+14155552671"),
        ("415-555-2671 ext. 5", "US", "+14155552671"),
        ("+4930123456", "", "+4930123456"),
        ("call me", "", None),
        ("", "", None),
        ("12", "", None),
    ],
)
def test_telephone_numbers_in_international_form(raw: str, country: str, number: str | None) -> None:
    assert read_field("{from: phone, convert: phone, country: country}", phone=raw, country=country) == number
