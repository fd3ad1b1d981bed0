"""One town a worker; every test gets freshly seeded CRMs and a desk that is connected, pulled and scored beside them."""

from collections.abc import Iterator

import pytest

from tests.support.journeys import Desk, Town, scored_town


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with scored_town(tmp_path_factory.mktemp("town"), people=150) as town:
        yield town


@pytest.fixture
def desk(scored: Town) -> Iterator[Desk]:
    """Pulled and scored, fields installed, not live anywhere."""
    with scored.fresh() as desk:
        yield desk
