"""Progress bars: what a step shows, when it is over, and that nothing of it is left once a result is printed."""

from io import StringIO

from rich.console import Console

from connector.cli.bars import STEPS_SHOWN, StepBars
from connector.cli.frame import Frame
from connector.flows.progress import Step


def _bars() -> tuple[StepBars, StringIO]:
    screen = StringIO()
    console = Console(file=screen, force_terminal=True, width=80, height=24, _environ={"TERM": "xterm"})
    return StepBars(console=console), screen


def test_a_step_of_unknown_length_shows_what_it_has_done() -> None:
    bars, screen = _bars()

    bars.show(Step(name="acme emails", done=1_088))
    bars.clear()

    assert "acme emails" in screen.getvalue() and "1,088 rows" in screen.getvalue()


def test_a_step_that_another_follows_is_over_whatever_was_expected_of_it() -> None:
    bars, screen = _bars()

    bars.show(Step(name="planning", done=5, of=9, unit="people"))
    bars.show(Step(name="writing back", done=1, of=2))
    bars.clear()

    last = screen.getvalue().rsplit("planning", 1)[1]
    assert "5 people" in last and "1 of 2 rows" in last


def test_only_the_newest_steps_are_shown() -> None:
    bars, screen = _bars()

    for number in range(STEPS_SHOWN + 1):
        bars.show(Step(name=f"source-{number}", done=number))
    screen.truncate(0)
    bars.clear()

    assert "source-0 " not in screen.getvalue() and f"source-{STEPS_SHOWN} " in screen.getvalue()


def test_bars_are_taken_away_before_a_result_is_printed() -> None:
    bars, screen = _bars()
    frame = Frame(out=bars.console, bars=bars)

    bars.show(Step(name="acme contacts", done=3))
    frame.say("Next: score.")
    bars.clear()

    after = screen.getvalue().split("Next: score.")
    assert "acme contacts" not in after[1]
    assert after[0].endswith("\x1b[2K"), "the line of the bar is wiped"
