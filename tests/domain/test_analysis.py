"""Completeness is judged by the application's list, versions are never mixed."""

from datetime import UTC, datetime, timedelta

import pytest

from haut_desktop.domain.analysis import (
    Completeness,
    MetricKey,
    Trend,
    VisitValue,
    bare_name,
    completeness,
)


@pytest.mark.parametrize(
    ("expected", "arrived", "age_s", "says", "verdict"),
    [
        ({"a", "b"}, set(), 1, None, Completeness.PENDING),
        ({"a", "b"}, {"a"}, 1, None, Completeness.PARTIAL),
        ({"a", "b"}, {"a", "b", "new"}, 1, None, Completeness.COMPLETE),
        ({"a", "b"}, {"a"}, 1000, None, Completeness.OVERDUE),
        (set(), {"a"}, 1, None, Completeness.PARTIAL),
        (set(), set(), 1, False, Completeness.PENDING),
        ({"a", "b"}, {"a"}, 1, True, Completeness.COMPLETE),
        ({"a"}, {"a"}, 1, False, Completeness.PARTIAL),
    ],
)
def test_batch_is_judged_by_what_its_applications_promise(
    expected: set[str], arrived: set[str], age_s: float, says: bool | None, verdict: Completeness
) -> None:
    judged = completeness(expected, arrived, age_s=age_s, overdue_s=900, platform_says=says)
    assert judged is verdict


def test_both_vocabularies_of_the_platform_join_on_the_suffix() -> None:
    assert bare_name("selfie_v2.Redness") == bare_name("redness") == "redness"


def test_change_from_baseline_needs_two_visits() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    key = MetricKey("redness", "2.0", "face", "redness_score")
    first = VisitValue("Baseline", start, 70.0)
    last = VisitValue("Week 4", start + timedelta(weeks=4), 76.5)
    assert Trend(key, "Redness", None, (first,)).change_from_baseline is None
    assert Trend(key, "Redness", None, (first, last)).change_from_baseline == 6.5
