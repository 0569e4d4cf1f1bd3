"""The age of what is awaited follows no clock that somebody sets."""

from datetime import datetime, timedelta

import pytest

from haut_desktop.domain.ids import BatchId
from haut_desktop.services.results_age import ResultsAge
from tests.fakes.clock import FakeClock

BATCH = BatchId("batch")


class Watch:
    """An age under two clocks that a test moves."""

    def __init__(self, waited_s: float = 0.0) -> None:
        self.clock, self.loop_s = FakeClock(), 50.0
        self.since: datetime = self.clock() - timedelta(seconds=waited_s)
        self.age = ResultsAge(self.clock, lambda: self.loop_s)
        self.look()

    def look(self) -> float:
        return self.age.seconds(BATCH, self.since)

    def pass_s(self, both_s: float, wall_s: float = 0.0) -> float:
        """Let time pass, and the wall clock be set by ``wall_s`` more."""
        self.clock.advance(both_s + wall_s)
        self.loop_s += both_s
        return self.look()


def test_time_that_passes_counts() -> None:
    assert Watch().pass_s(90) == 90


def test_what_waited_before_the_start_counts() -> None:
    assert Watch(waited_s=3600).pass_s(90) == 3690


@pytest.mark.parametrize("step_s", [3600.0, 365 * 86_400.0])
def test_a_clock_set_ahead_makes_nothing_older(step_s: float) -> None:
    assert Watch(waited_s=30).pass_s(60, step_s) == 90


@pytest.mark.parametrize("step_s", [-3600.0, -365 * 86_400.0])
def test_a_clock_set_back_behind_the_submission_says_nothing(step_s: float) -> None:
    watch = Watch(waited_s=30)
    assert watch.pass_s(60, step_s) == 90
    assert watch.pass_s(600) == 690


def test_a_clock_that_was_ahead_at_the_first_look_is_believed_once_it_is_right() -> None:
    watch = Watch(waited_s=7200)
    assert watch.pass_s(60, -7000) == 260


def test_what_was_submitted_by_a_clock_ahead_begins_with_the_first_look() -> None:
    watch = Watch(waited_s=-3600)
    assert watch.pass_s(90) == 90


def test_a_batch_that_is_asked_for_anew_is_young_again() -> None:
    watch = Watch()
    watch.pass_s(900)
    watch.since = watch.clock()
    assert watch.pass_s(5) == 5
