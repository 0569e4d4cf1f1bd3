"""The trend plot as it is painted: what explains the lines never lies over their points."""

from typing import Any

import pytest
from PySide6.QtCore import QPointF, QRectF
from pytestqt.qtbot import QtBot

from haut_desktop.viewmodels.results_trends import TrendLine, TrendPicture
from haut_desktop.widgets.theme import Appearance
from haut_desktop.widgets.trend_plot import TrendPlot
from tests.waiting import eventually

_VISITS = ("Baseline", "Week 4", "Week 8", "Week 12")


def _picture(*versions: str) -> TrendPicture:
    """Lines that end together in the plot's upper right corner, where legends like to be."""
    lines = tuple(
        TrendLine(version, (tuple((place, 60.0 + 5 * place) for place in range(len(_VISITS))),))
        for version in versions
    )
    return TrendPicture("Redness", "/ 100", _VISITS, lines, "Redness.")


def _item(plot: TrendPlot) -> Any:
    import pyqtgraph

    inner = plot.findChild(pyqtgraph.PlotWidget)
    assert inner is not None
    return inner.getPlotItem()


def _area(item: Any) -> QRectF:
    area = item.getViewBox().sceneBoundingRect()
    assert isinstance(area, QRectF)
    return area


def _is_above(item: Any) -> bool:
    """Whether the legend ends where the lines' area begins, give or take a rounded pixel."""
    legend, area = item.legend.sceneBoundingRect(), _area(item)
    return bool(area.height() > 60 and 5 < legend.bottom() <= area.top() + 1)


@pytest.fixture
def plot(qtbot: QtBot, appearance: Appearance) -> TrendPlot:
    made = TrendPlot()
    qtbot.addWidget(made)
    made.resize(560, 230)
    made.show()
    return made


@pytest.mark.parametrize("count", [2, 3, 5])
async def test_the_legend_covers_no_point(plot: TrendPlot, count: int) -> None:
    picture = _picture(*(f"{number}.0" for number in range(1, count + 1)))
    plot.show_trend(picture)
    item = _item(plot)
    await eventually(lambda: _is_above(item))
    legend = item.legend.sceneBoundingRect()
    view = item.getViewBox()
    points = [
        view.mapViewToScene(QPointF(*point))
        for line in picture.lines for piece in line.pieces for point in piece
    ]  # fmt: skip
    assert not [point for point in points if legend.contains(point)]


async def test_every_version_is_named_inside_the_plot(plot: TrendPlot) -> None:
    plot.show_trend(_picture("1.0", "2.0", "3.0"))
    item = _item(plot)
    await eventually(lambda: item.legend.boundingRect().height() > 5)
    labels = [label for _, label in item.legend.items]
    assert [label.text for label in labels] == ["Version 1.0", "Version 2.0", "Version 3.0"]
    everything = item.sceneBoundingRect()
    assert all(everything.contains(label.sceneBoundingRect()) for label in labels)


async def test_one_version_needs_no_legend_and_no_room_for_it(plot: TrendPlot) -> None:
    plot.show_trend(_picture("1.0", "2.0"))
    item = _item(plot)
    await eventually(lambda: _is_above(item))
    beside_a_legend = _area(item).height()
    plot.show_trend(_picture("1.0"))
    assert not item.legend.isVisible()
    await eventually(lambda: _area(item).height() > beside_a_legend)
