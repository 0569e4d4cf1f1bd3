from datetime import UTC, datetime, time, timedelta

import pytest

from haut_desktop.domain.study import ImagingPlan
from haut_desktop.domain.traffic import LONGEST_REST, SendingRules, Window

BERLIN = "Europe/Berlin"
NIGHT = Window(time(18, 0), time(7, 0))
NOON = Window(time(12, 0), time(13, 30))


def utc(day: int, hour: int, minute: int = 0, *, month: int = 6) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "now", "opens_at"),
    (
        (NIGHT, utc(1, 15, 59), utc(1, 16)),
        (NIGHT, utc(1, 16), None),
        (NIGHT, utc(1, 23), None),
        (NIGHT, utc(2, 4, 59), None),
        (NIGHT, utc(2, 5), utc(2, 16)),
        (NOON, utc(1, 9), utc(1, 10)),
        (NOON, utc(1, 11, 29), None),
        (NOON, utc(1, 11, 30), utc(2, 10)),
    ),
)
def test_a_window_is_meant_in_the_sites_time(
    window: Window, now: datetime, opens_at: datetime | None
) -> None:
    assert window.opens_at(now, BERLIN) == opens_at


def test_a_window_in_the_hour_that_summer_time_skips_opens_after_it() -> None:
    skipped = Window(time(2, 30), time(5, 0))
    before = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    opens_at = skipped.opens_at(before, BERLIN)
    assert opens_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert skipped.opens_at(opens_at, BERLIN) is None


def test_without_rules_everything_may_go() -> None:
    assert SendingRules().opens_at(utc(1, 3), BERLIN) is None


def test_a_window_that_says_nothing_and_a_limit_that_lets_nothing_arrive_are_refused() -> None:
    with pytest.raises(ValueError, match="says nothing"):
        Window(time(8), time(8))
    with pytest.raises(ValueError, match="at least"):
        SendingRules(most_bytes_per_s=1000)


def test_a_window_in_the_hour_that_comes_twice_opens_in_whichever_of_the_two_it_is() -> None:
    twice = Window(time(2, 30), time(5, 0))
    first, second = (datetime(2026, 10, 25, hour, 10, tzinfo=UTC) for hour in (0, 1))
    assert twice.opens_at(first, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert twice.opens_at(second, BERLIN) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "rest"),
    (
        (None, timedelta(seconds=90)),
        (0, timedelta()),
        (1, timedelta(minutes=1)),
        (60, LONGEST_REST),
    ),
)
def test_the_stations_rest_goes_before_the_plans(minutes: int | None, rest: timedelta) -> None:
    assert SendingRules(rest_minutes=minutes).rest(ImagingPlan(resting_s=90.0)) == rest


@pytest.mark.parametrize("minutes", (-1, 61))
def test_a_rest_that_nobody_could_wait_for_is_refused(minutes: int) -> None:
    with pytest.raises(ValueError, match="60 minutes"):
        SendingRules(rest_minutes=minutes)
