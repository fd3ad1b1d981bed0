"""One town a worker; every test gets freshly seeded CRMs and a desk that is connected, pulled and scored beside them."""

from collections.abc import Iterator

import pytest

from tests.support.journeys import Desk, Town, scored_town
from tests.support.real_time import Lanes, lanes


@pytest.fixture(scope="session")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with scored_town(tmp_path_factory.mktemp("town"), people=150) as town:
        yield town


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A smaller town. Its portal opens no events, so that what people do shows in their contact."""
    with scored_town(tmp_path_factory.mktemp("small"), people=100, more={"hubspot": ("--tier", "professional")}) as town:
        yield town


@pytest.fixture(scope="module")
def home(scored: Town) -> Town:
    """The town whose desk a module's tests get; a module that wants another one says so."""
    return scored


@pytest.fixture
def desk(home: Town) -> Iterator[Desk]:
    """Pulled and scored, fields installed, not live anywhere."""
    with home.fresh() as desk:
        yield desk


@pytest.fixture
def beside(desk: Desk) -> Iterator[Lanes]:
    """The lanes beside the desk's CRMs, with nothing waiting and no call counted."""
    with lanes(desk) as here:
        here.settle()
        desk.forget_counts()
        yield here
