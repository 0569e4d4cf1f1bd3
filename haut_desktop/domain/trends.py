"""Values over the visits: one line per metric, side, light and algorithm version, never mixed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from haut_desktop.domain.analysis import (
    AlgorithmResult,
    AreaResult,
    Change,
    Metric,
    MetricKey,
    Trend,
    VisitValue,
)

_HIGHER_IS_BETTER: Final = frozenset({"bad_good_line"})
"""Widget types for which the contract says that 100 is the best."""
SCORE_UNIT: Final = "/ 100"
"""The unit of a score: of 0 to 100, the higher the better."""
_UNITS: Final = {"bad_good_line": SCORE_UNIT, "ITA": "°"}
"""What the contract says of widget types whose metrics come without a unit."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """One visit's results, as a trend needs them."""

    name: str
    at: datetime
    results: tuple[AlgorithmResult, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric of a result with the identity of its line."""

    key: MetricKey
    metric: Metric
    is_main: bool


def key_of(result: AlgorithmResult, area: AreaResult, metric: Metric) -> MetricKey:
    """In which line a value of a result stands."""
    return MetricKey(
        result.algorithm, result.version, area.area, metric.tech_name, result.side, result.light
    )


def measures(result: AlgorithmResult) -> Iterator[Measure]:
    """Every metric of a result that succeeded, the areas' main ones before their finer ones."""
    if not result.is_ok:
        return
    for area in result.areas:
        mains = () if area.main is None else (area.main,)
        for metric in (*mains, *area.subs):
            yield Measure(
                key_of(result, area, metric),
                metric,
                is_main=metric is area.main,
            )


def trends(occasions: Iterable[Occasion]) -> tuple[Trend, ...]:
    """Draw every numeric metric over the visits; ``occasions`` come oldest first.

    A visit without the metric, or with another version of its algorithm, adds no point.
    """
    lines: dict[MetricKey, Trend] = {}
    for occasion in occasions:
        for measure in (m for result in occasion.results for m in measures(result)):
            value = number_of(measure.metric)
            if value is None:
                continue
            trend = lines.get(measure.key) or Trend(
                measure.key, measure.metric.name, unit_of(measure.metric)
            )
            point = VisitValue(occasion.name, occasion.at, value)
            lines[measure.key] = replace(trend, points=(*trend.points, point))
    return tuple(lines.values())


def changes(
    current: Iterable[AlgorithmResult], baselines: Mapping[MetricKey, VisitValue]
) -> dict[MetricKey, Change]:
    """Compare results with the first values of the same metrics, versions, areas and views."""
    found: dict[MetricKey, Change] = {}
    for measure in (m for result in current for m in measures(result)):
        value, first = number_of(measure.metric), baselines.get(measure.key)
        if value is None or first is None:
            continue
        better = True if measure.metric.widget in _HIGHER_IS_BETTER else None
        found[measure.key] = Change(value - first.value, first.visit_name, better)
    return found


def baselines(lines: Iterable[Trend]) -> dict[MetricKey, VisitValue]:
    """The first value of each line."""
    return {line.key: line.points[0] for line in lines if line.points}


def unit_of(metric: Metric) -> str | None:
    """The metric's unit, as the platform says it or as its kind implies it."""
    return metric.unit or _UNITS.get(metric.widget)


def number_of(metric: Metric) -> float | None:
    """The metric's value where it is a number; a category has none."""
    return None if isinstance(metric.value, str) else float(metric.value)
