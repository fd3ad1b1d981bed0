"""Where the socket for commands lies, and that none of its folders outlives the process that was killed."""

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.serving.wire import LONGEST_PATH, forget_path, path_to_ask, path_to_listen


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where short folders are made."""
    short = tmp_path / "short"
    short.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(short))
    yield short


@pytest.fixture
def deep(tmp_path: Path) -> Path:
    """A data directory whose path is too long for a socket."""
    deep = tmp_path / ("d" * LONGEST_PATH)
    deep.mkdir()
    return deep


def test_the_socket_lies_in_the_data_directory_and_no_folder_is_made(short: Path, tmp_path: Path) -> None:
    path = path_to_listen(Path("/data"))

    assert path == path_to_ask(Path("/data")) == Path("/data/up.sock")
    assert list(short.iterdir()) == []


def test_where_the_path_is_too_long_it_lies_in_a_folder_of_its_own_that_goes_with_it(short: Path, deep: Path) -> None:
    path = path_to_listen(deep)
    path.touch()

    assert path == path_to_ask(deep)
    assert path.parent.parent == short and stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    forget_path(deep)

    assert list(short.iterdir()) == list(deep.iterdir()) == []
    forget_path(deep)


def test_the_folder_of_one_that_was_killed_goes_when_the_next_listens(short: Path, deep: Path) -> None:
    path_to_listen(deep).touch()

    path = path_to_listen(deep)

    assert list(short.iterdir()) == [path.parent]


@pytest.mark.parametrize("noted", [b"", b"/", b"\xff\0", b"/etc/passwd"])
def test_a_note_that_names_no_socket_of_ours_is_not_followed(short: Path, deep: Path, noted: bytes) -> None:
    (deep / "up.sock.path").write_bytes(noted)

    assert path_to_ask(deep) == deep / "up.sock"
    forget_path(deep)

    assert list(deep.iterdir()) == []
