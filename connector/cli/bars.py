"""Progress bars: what the step under way has done, and the steps before it, on stderr; gone before a result is printed."""

from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, ProgressColumn, SpinnerColumn, Task, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Live
from rich.text import Text

from connector.flows.progress import Step

STEPS_SHOWN = 8
"""The newest steps; more would outgrow a small terminal, where bars cannot be taken away again."""
BAR_COLUMNS = 16
"""Characters of a bar: name, bar, count and time stand on one line of 80 columns."""


class _Count(ProgressColumn):
    """Such as `1,093 of 7,321 rows`, or `88 rows` where nobody knows how many will come."""

    def render(self, task: Task) -> Text:
        done, unit = int(task.completed), task.fields["unit"]
        known = task.total is not None and not task.finished
        return Text(f"{done:,} of {int(task.total or 0):,} {unit}" if known else f"{done:,} {unit}")


@dataclass(slots=True, kw_only=True)
class StepBars:
    """The bars of the steps since the last result; begun by the first step, taken away by `clear`."""

    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    _live: Live | None = None
    _tasks: dict[str, TaskID] = field(default_factory=dict)
    _newest: str = ""

    def show(self, step: Step) -> None:
        live = self._begun()
        if step.name != self._newest:
            self._end_newest(live)
            self._newest = step.name
        if step.name not in self._tasks:
            self._tasks[step.name] = live.add_task(step.name, total=None, unit=step.unit)
            self._drop_oldest(live)
        live.update(self._tasks[step.name], completed=step.done, total=step.of)

    def clear(self) -> None:
        """Nothing is left of the bars on the screen. Repeating is safe."""
        if self._live is not None:
            self._live.stop()
        self._live, self._newest = None, ""
        self._tasks.clear()

    def _begun(self) -> Live:
        if self._live is None:
            columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), BarColumn(BAR_COLUMNS), _Count())
            self._live = Live(*columns, TimeElapsedColumn(), console=self.console, transient=True)
            self._live.start()
        return self._live

    def _end_newest(self, live: Live) -> None:
        """A step that another one follows is over, whatever it was expected to come to."""
        if self._newest in self._tasks:
            task = self._tasks[self._newest]
            done = next(t.completed for t in live.tasks if t.id == task)
            live.update(task, total=done)

    def _drop_oldest(self, live: Live) -> None:
        if len(self._tasks) > STEPS_SHOWN:
            live.remove_task(self._tasks.pop(next(iter(self._tasks))))
