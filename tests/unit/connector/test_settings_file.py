"""One setting changed in hotlead.toml; what its author wrote stays."""

import tomllib

import pytest

from connector.ports.errors import UsageError
from connector.settings_file import with_setting

URL = 'postgresql://me:p"a\\ss=#[é]@db.example.com:5432/hotlead?sslmode=require'


def changed(text: str) -> str:
    return with_setting(text, name="database_url", value=URL)


def test_a_file_of_nothing_gets_the_line() -> None:
    assert tomllib.loads(changed("")) == {"database_url": URL}


def test_comments_order_and_other_settings_stay() -> None:
    text = '# ours, since 2026\nlanguage = "ja"  # Tokyo\n\n# database_url = "sqlite:///old.db"\nport = 80\n'

    after = changed(text)

    assert after.startswith(text)
    assert tomllib.loads(after) == {"language": "ja", "port": 80, "database_url": URL}


@pytest.mark.parametrize("old", ['database_url = "sqlite:////a.db" # here', "  database_url='x'", '"database_url" = ""'])
def test_the_line_that_was_there_is_replaced(old: str) -> None:
    after = changed(f"# before\n{old}\n# after\nport = 80")

    assert tomllib.loads(after) == {"database_url": URL, "port": 80}
    assert [line for line in after.splitlines() if line.startswith("#")] == ["# before", "# after"]
    assert after.splitlines()[1].startswith("database_url = ")


def test_it_stands_before_a_table() -> None:
    assert tomllib.loads(changed('port = 80\n[other]\nx = "y"\n')) == {"port": 80, "database_url": URL, "other": {"x": "y"}}


@pytest.mark.parametrize("text", ['database_url = """\nlong\n"""\n', 'note = """\ndatabase_url = 1\n"""\n'])
def test_a_file_that_cannot_be_changed_safely_is_left_to_a_person(text: str) -> None:
    with pytest.raises(UsageError, match="is not changed by hotlead"):
        changed(text)
