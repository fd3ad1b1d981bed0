"""One small town a worker: connected, installed, pulled and scored."""

from collections.abc import Iterator

import pytest

from tests.support.journeys import Desk, Town, scored_town


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with scored_town(tmp_path_factory.mktemp("small"), people=60) as town:
        yield town


@pytest.fixture
def desk(small: Town) -> Iterator[Desk]:
    """Pulled and scored, fields installed, not live anywhere."""
    with small.fresh() as desk:
        yield desk
