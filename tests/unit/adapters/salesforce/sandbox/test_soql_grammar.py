"""SOQL text to a tree, and what is refused with which words."""

import pytest

from adapters.salesforce.sandbox.errors import ApiRefusal
from adapters.salesforce.sandbox.soql.grammar import parse_soql
from adapters.salesforce.sandbox.soql.tree import Among, Call, Comparison, Either, Every, Not, Path, Query


def test_keyset_window_reads_as_it_is_written() -> None:
    query = parse_soql(
        "SELECT Id, Account.Name FROM Contact WHERE SystemModstamp > 2026-11-20T08:00:00Z OR "
        "(SystemModstamp = 2026-11-20T08:00:00.000+0000 AND Id > '003xx') ORDER BY SystemModstamp, Id DESC NULLS LAST LIMIT 20 OFFSET 4"
    )

    assert [part.parts for part in query.select if isinstance(part, Path)] == [("Id",), ("Account", "Name")]
    assert isinstance(query.where, Either)
    assert isinstance(query.where.conditions[1], Every)
    assert [(sort.descending, sort.nulls_last) for sort in query.order] == [(False, None), (True, True)]
    assert (query.limit, query.offset) == (20, 4)


def test_string_escapes_are_resolved() -> None:
    query = parse_soql(r"SELECT Id FROM Lead WHERE Company = 'O\'Neil \\ \"Co\"\n'")

    assert isinstance(query.where, Comparison)
    assert query.where.value.value == 'O\'Neil \\ "Co"\n'


def test_like_keeps_its_escaped_wildcards() -> None:
    query = parse_soql(r"SELECT Id FROM Lead WHERE Email LIKE 'a\_b%'")

    assert isinstance(query.where, Comparison)
    assert query.where.value.value == r"a\_b%"


def test_words_that_begin_like_keywords_are_names() -> None:
    query = parse_soql("SELECT Order__c, Information, Limits FROM Group WHERE OrderNumber = 1 ORDER BY Nullsy")

    assert query.source == "Group"
    assert [part.parts[0] for part in query.select if isinstance(part, Path)] == ["Order__c", "Information", "Limits"]


def test_subquery_semi_join_function_and_negation_have_shapes_of_their_own() -> None:
    query = parse_soql(
        "SELECT COUNT(Id) n, (SELECT Id FROM Contacts) FROM Account WHERE NOT Name LIKE 'x%' AND Id NOT IN (SELECT AccountId FROM Contact)"
    )

    call, child = query.select
    assert isinstance(call, Call)
    assert (call.function, call.alias) == ("COUNT", "n")
    assert isinstance(child, Query)
    assert isinstance(query.where, Every)
    negation, among = query.where.conditions
    assert isinstance(negation, Not)
    assert isinstance(among, Among)
    assert among.negated
    assert isinstance(among.values, Query)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT Id FROM Lead WHERE", "unexpected token: '<EOF>'"),
        ("SELECT Id FROM Lead LIMIT 5 SIX", "ERROR at Row:1:Column:29\nunexpected token: 'SIX'"),
        ("SELECT Id FROM Lead WHERE Name = #", "no viable alternative at character '#'"),
        ("SELECT Id FROM Lead WHERE Name = 'a' AND Email = 'b' OR Phone = 'c'", "unexpected token: 'OR'"),
        (r"SELECT Id FROM Lead WHERE Name = 'a\q'", "Illegal character sequence"),
        ("SELECT , FROM Lead", "unexpected token: ','"),
    ],
)
def test_faulty_text_is_malformed_query_that_says_where(text: str, words: str) -> None:
    with pytest.raises(ApiRefusal) as refusal:
        parse_soql(text)

    assert (refusal.value.status, refusal.value.code) == (400, "MALFORMED_QUERY")
    assert words in refusal.value.message
