"""A metric over the visits as it is drawn: one line per algorithm version, broken at every gap."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from haut_desktop.domain.analysis import Change, MetricKey, Trend
from haut_desktop.domain.trends import baselines, changes
from haut_desktop.domain.words import plain_words
from haut_desktop.services.results import VisitResults
from haut_desktop.viewmodels.capture_words import visit_title
from haut_desktop.viewmodels.results_words import key_words


@dataclass(frozen=True, slots=True)
class TrendLine:
    """One version's values; ``pieces`` are runs of neighbouring visits."""

    version: str
    pieces: tuple[tuple[tuple[int, float], ...], ...]
    """Each piece: (place of the visit on the axis, value)."""


@dataclass(frozen=True, slots=True)
class TrendPicture:
    """Everything the plot needs."""

    title: str
    unit: str
    visits: tuple[str, ...]
    """Names on the axis, oldest first."""
    lines: tuple[TrendLine, ...]
    summary: str
    """The plot in words, for those who cannot see it."""


def trend_picture(
    key: MetricKey, trends: Sequence[Trend], visits: Sequence[VisitResults]
) -> TrendPicture | None:
    """Draw ``key``'s metric with all versions of its algorithm; None when it has no values.

    A visit has one place on the axis, however many batches it has.
    """
    names = {one.visit.id: visit_title(one.visit) for one in visits}
    order = {visit_id: place for place, visit_id in enumerate(names)}
    places = {one.batch.created_at: order[one.visit.id] for one in visits}
    family = [trend for trend in trends if _is_family(trend.key, key)]
    drawn = (
        TrendLine(
            trend.key.version or "not given",
            _pieces([(places[p.at], p.value) for p in trend.points if p.at in places]),
        )
        for trend in family
    )
    lines = tuple(line for line in drawn if line.pieces)
    if not lines:
        return None
    first = family[0]
    name = first.name or plain_words(key.metric)
    return TrendPicture(
        title=key_words(key, name),
        unit=first.unit or "",
        visits=tuple(names.values()),
        lines=lines,
        summary=_summary(name, family),
    )


def changes_since_first(
    visit: VisitResults, visits: Iterable[VisitResults], trends: Iterable[Trend]
) -> dict[MetricKey, Change]:
    """Changes of a visit's values since each metric's first visit; that one itself has none."""
    here = {v.batch.created_at for v in visits if v.visit.id == visit.visit.id}
    first = {
        key: value
        for key, value in baselines(trends).items()
        if value.at < visit.batch.created_at and value.at not in here
    }
    return changes((s.result for s in visit.results), first)


def _is_family(one: MetricKey, other: MetricKey) -> bool:
    same = ("algorithm", "area", "metric", "side", "light")
    return all(getattr(one, word) == getattr(other, word) for word in same)


def _pieces(points: list[tuple[int, float]]) -> tuple[tuple[tuple[int, float], ...], ...]:
    """Break the line where a visit in between has no value; it has one point for each visit.

    What else a visit has of the same metric, by a later batch, stands for itself.
    """
    runs: list[list[tuple[int, float]]] = []
    alone: list[list[tuple[int, float]]] = []
    for place, value in sorted(points, key=itemgetter(0)):
        if runs and place == runs[-1][-1][0]:
            alone.append([(place, value)])
            continue
        if not runs or place > runs[-1][-1][0] + 1:
            runs.append([])
        runs[-1].append((place, value))
    return tuple(tuple(run) for run in (*runs, *alone))


def _summary(name: str, family: Sequence[Trend]) -> str:
    parts = []
    for trend in family:
        values = ", ".join(f"{p.visit_name} {p.value:g}" for p in trend.points)
        parts.append(f"version {trend.key.version or 'not given'}: {values}")
    return f"{name}. " + "; ".join(parts)
