"""Values over the visits: versions, sides and areas are never mixed in one line."""

from datetime import UTC, datetime, timedelta

from haut_desktop.domain.analysis import (
    AlgorithmResult,
    AreaResult,
    Metric,
)
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.trends import Occasion, baselines, changes, trends

_START = datetime(2026, 3, 1, tzinfo=UTC)


def _result(
    value: float | str,
    *,
    version: str = "1.0",
    side: Side = Side.FRONT,
    light: str = "regular",
    is_ok: bool = True,
) -> AlgorithmResult:
    metric = Metric("redness_score", "Redness", value, widget="bad_good_line")
    area = AreaResult("face", metric, (Metric("redness_count", "Spots", 3),))
    return AlgorithmResult(
        "redness", version, 1, "Redness", "app", side, is_ok,
        areas=(area,) if is_ok else (), light=light,
    )  # fmt: skip


def _visits(*results: tuple[AlgorithmResult, ...]) -> list[Occasion]:
    return [
        Occasion(f"Week {4 * number}", _START + timedelta(weeks=4 * number), each)
        for number, each in enumerate(results)
    ]


def test_a_new_version_starts_a_line_of_its_own() -> None:
    lines = trends(_visits((_result(50),), (_result(60),), (_result(70, version="2.0"),)))
    scores = {t.key.version: [p.value for p in t.points] for t in lines if "score" in t.key.metric}
    assert scores == {"1.0": [50, 60], "2.0": [70]}


def test_sides_have_lines_of_their_own() -> None:
    lines = trends(_visits((_result(50), _result(40, side=Side.LEFT))))
    assert {t.key.side for t in lines} == {Side.FRONT, Side.LEFT}


def test_lights_have_lines_of_their_own_and_no_value_is_compared_across_them() -> None:
    visits = _visits((_result(50),), (_result(60), _result(20, light="uv")))
    lines = [t for t in trends(visits) if t.key.metric == "redness_score"]
    assert [[p.value for p in t.points] for t in lines] == [[50, 60], [20]]
    first = baselines(trends(visits[:1]))
    found = [
        c.amount for key, c in changes(visits[1].results, first).items() if "score" in key.metric
    ]
    assert found == [10]


def test_a_failed_result_adds_no_point() -> None:
    lines = trends(_visits((_result(50),), (_result(0, is_ok=False),), (_result(70),)))
    score = next(t for t in lines if t.key.metric == "redness_score")
    assert [p.visit_name for p in score.points] == ["Week 0", "Week 8"]


def test_a_category_has_no_line() -> None:
    assert [t.key.metric for t in trends(_visits((_result("Oily"),)))] == ["redness_count"]


def test_change_is_counted_from_the_first_visit_of_the_same_version() -> None:
    visits = _visits((_result(50),), (_result(62, version="2.0"),), (_result(65, version="2.0"),))
    found = changes(visits[2].results, baselines(trends(visits)))
    score = next(c for key, c in found.items() if key.metric == "redness_score")
    assert (score.amount, score.since, score.is_better) == (3, "Week 4", True)


def test_a_count_has_no_better_direction() -> None:
    visits = _visits((_result(50),), (_result(40),))
    found = changes(visits[1].results, baselines(trends(visits)))
    count = next(c for key, c in found.items() if key.metric == "redness_count")
    assert count.is_better is None
