"""hotlead's own evaluator on the shipped model, shard by shard in two processes."""

import sys
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from bench.crowd import NOW_S, Crowd
from bench.engines.shards import in_two_processes, read_shard
from bench.result import MICRO, Result
from connector.core.explain import NEVER
from connector.core.model import Model
from connector.core.scoring import Compiled, compile_model, score_people


@lru_cache(maxsize=1)
def compiled(model: Model) -> Compiled:
    """The model made ready, once in each process."""
    return compile_model(model)


def score_shard(files: Crowd, shard: int, *, model: Model) -> Result:
    """Everything a score is: grade, exclusion, hand-offs, and the reasons as shown."""
    people, activities = read_shard(files, shard)
    scores = score_people(compiled(model), people=people, activities=activities, now=datetime.fromtimestamp(NOW_S, tz=UTC))
    fired = np.array(scores.fired).T
    points = np.concatenate([scores.fit_lines, scores.engagement_lines / MICRO, (scores.total - scores.rank)[np.newaxis]]).T
    return Result(
        grade=scores.grade,
        excluded=scores.excluded.astype(np.int8),
        fired=np.where(fired == NEVER, -1, fired),
        points=points,
        shown=scores.shown.astype(np.int16),
    )


if __name__ == "__main__":
    from bench.shipped import shipped  # the workers get the model from here and never read YAML

    in_two_processes(
        partial(score_shard, model=shipped()), Crowd(folder=Path(sys.argv[1])), Path(sys.argv[2]) if len(sys.argv) > 2 else None
    )
