"""What the supervisor says of a worker that ended."""

import pytest

from connector.serving.supervisor import ended_by


@pytest.mark.parametrize(
    ("code", "told"), [(-9, "ended by signal 9"), (-11, "ended by signal 11"), (1, "ended with exit code 1"), (0, "ended with exit code 0")]
)
def test_a_worker_that_ended_is_told_with_how(code: int, told: str) -> None:
    assert ended_by(code) == told
