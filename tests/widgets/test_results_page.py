"""The results page with real clicks and keys."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import cast

import pytest
import pytest_asyncio
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QIcon
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QListWidget,
    QPushButton,
    QTextBrowser,
    QTreeView,
)
from pytestqt.qtbot import QtBot

from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.imaging import Side
from haut_desktop.services.changes import Changes
from haut_desktop.services.results import Results
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.outbox import PageState
from haut_desktop.viewmodels.phrase import Phrase
from haut_desktop.viewmodels.results import ResultsViewModel, VisitChip
from haut_desktop.viewmodels.results_table import MetricColumn, MetricsModel, metric_lines
from haut_desktop.widgets.grid import GRID
from haut_desktop.widgets.results_about import AboutMetric
from haut_desktop.widgets.results_metrics import MetricsTable
from haut_desktop.widgets.results_page import ResultsPage
from haut_desktop.widgets.results_timeline import VisitTimeline
from haut_desktop.widgets.theme import Appearance
from haut_desktop.widgets.trend_plot import TrendPlot
from tests.fakes.builders import make_study, make_subject
from tests.viewmodels.findings import (
    FakeResults,
    in_two_lights,
    make_findings,
    make_result,
    square,
)
from tests.waiting import emitted, eventually
from tests.widgets.columns import words_of_cell, words_of_head
from tests.widgets.test_outbox_page import nameless


@dataclass
class Shown:
    """The page on the screen, and the fake results behind it."""

    page: ResultsPage
    results: FakeResults
    model: ResultsViewModel
    desk: Desk

    async def open(self) -> None:
        self.desk.open_subject(make_subject(make_study()))
        await eventually(lambda: self.model.state is not PageState.LOADING)

    @property
    def table(self) -> QTreeView:
        return self.page.table

    def masks(self) -> QListWidget:
        found = self.page.panel.findChild(QListWidget)
        assert isinstance(found, QListWidget)
        return found

    def chip(self, name: str) -> QAbstractButton:
        buttons = self.page.findChildren(QAbstractButton)
        return next(b for b in buttons if b.accessibleName().startswith(name))


@pytest_asyncio.fixture
async def shown(qtbot: QtBot, appearance: Appearance, tasks: TaskScope) -> AsyncIterator[Shown]:
    redness = make_result(masks=(square(),))
    pores = make_result("pores", masks=(square("pores_mask"),))
    failed = make_result("age", error="No face detected")
    results = FakeResults(
        (
            make_findings(redness, pores),
            make_findings(
                redness, pores, failed,
                visit="Week 4", weeks=4, completeness=Completeness.PARTIAL,
            ),
        )
    )  # fmt: skip
    desk = Desk("Europe/Berlin")
    model = ResultsViewModel(
        results=cast(Results, results), desk=desk, changes=Changes(), tasks=tasks
    )
    page = ResultsPage(model)
    qtbot.addWidget(page)
    page.resize(1290, 676)
    page.show()
    yield Shown(page, results, model, desk)
    model.close()


async def test_without_a_subject_the_page_says_what_to_do(shown: Shown) -> None:
    buttons = [b for b in shown.page.findChildren(QPushButton) if b.isVisible()]
    assert [b.text() for b in buttons] == ["Go to the subjects"]


async def test_a_finished_visit_is_not_asked_for_its_pictures_again(shown: Shown) -> None:
    shown.results.found, shown.results.is_awaited = (), True
    await shown.open()
    words = [label.text() for label in shown.page.findChildren(QLabel) if label.isVisible()]
    assert "Not computed yet" in words
    assert not [b for b in shown.page.findChildren(QPushButton) if b.isVisible()]


async def test_without_a_finished_visit_its_pictures_are_asked_for(shown: Shown) -> None:
    shown.results.found = ()
    await shown.open()
    buttons = [b for b in shown.page.findChildren(QPushButton) if b.isVisible()]
    assert [b.text() for b in buttons] == ["Take this visit's pictures"]


async def test_the_newest_visit_is_marked(shown: Shown) -> None:
    await shown.open()
    assert shown.chip("Week 4").isChecked()
    assert not shown.chip("Baseline").isChecked()


async def test_a_click_on_a_chip_shows_that_visit(shown: Shown) -> None:
    await shown.open()
    QTest.mouseClick(shown.chip("Baseline"), Qt.MouseButton.LeftButton)
    assert shown.model.index == 0


@pytest.mark.parametrize("column", [MetricColumn.AREA, MetricColumn.VERSION])
async def test_a_columns_head_begins_where_its_words_begin(
    shown: Shown, column: MetricColumn
) -> None:
    await shown.open()
    head, _ = words_of_head(shown.table, column)
    cell, _ = words_of_cell(shown.table, 0, column)
    assert abs(head - cell) <= 2


async def test_a_masks_colour_is_the_same_when_its_line_is_chosen(shown: Shown) -> None:
    await shown.open()
    await eventually(lambda: shown.masks().count())
    icon = shown.masks().item(0).icon()
    plain, chosen = (
        icon.pixmap(QSize(12, 12), mode).toImage().pixelColor(6, 6)
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected)
    )
    assert chosen == plain


async def test_choosing_a_metric_switches_on_its_mask_alone(shown: Shown) -> None:
    await shown.open()
    await eventually(lambda: shown.masks().count())
    QTest.keyClick(shown.table, Qt.Key.Key_Down)
    checked = [
        shown.masks().item(place).text()
        for place in range(shown.masks().count())
        if shown.masks().item(place).checkState() is Qt.CheckState.Checked
    ]
    assert checked == ["Pores"]


async def test_a_second_mask_is_switched_on_by_space(shown: Shown) -> None:
    await shown.open()
    await eventually(lambda: shown.masks().count())
    shown.masks().setCurrentRow(1)
    QTest.keyClick(shown.masks(), Qt.Key.Key_Space)
    assert len(shown.page.panel.shown_layers) == 2


async def test_the_current_mask_stays_current_when_news_come(shown: Shown) -> None:
    await shown.open()
    await eventually(lambda: shown.masks().count())
    shown.masks().setCurrentRow(1)
    async with emitted(shown.page.panel.layers_switched):
        shown.model.refresh()
    assert shown.masks().currentRow() == 1


async def test_the_platforms_description_is_shown_without_its_script(shown: Shown) -> None:
    await shown.open()
    about = shown.page.findChild(QTextBrowser)
    assert about is not None
    await eventually(lambda: "About redness" in about.toPlainText())
    assert "alert" not in about.toHtml()


async def test_a_failed_algorithm_says_what_to_do(shown: Shown) -> None:
    await shown.open()
    QTest.keyClick(shown.table, Qt.Key.Key_Down)
    QTest.keyClick(shown.table, Qt.Key.Key_Down)
    about = shown.page.findChild(QTextBrowser)
    assert about is not None
    await eventually(lambda: "No face was found" in about.toPlainText())
    assert about.isVisible()


async def test_the_trend_is_told_in_words_too(shown: Shown) -> None:
    await shown.open()
    plot = shown.page.findChild(TrendPlot)
    assert plot is not None
    assert "Baseline 70, Week 4 70" in plot.accessibleDescription()


async def test_a_partial_analysis_can_be_asked_for_again(shown: Shown) -> None:
    await shown.open()
    assert shown.chip("Look again").isVisible()
    shown.model.choose_visit(0)
    assert not shown.chip("Look again").isVisible()


def lights_of(shown: Shown) -> QComboBox:
    boxes = shown.page.findChildren(QComboBox)
    return next(box for box in boxes if box.accessibleName() == "Light")


async def test_a_person_chooses_the_light_of_a_side(shown: Shown) -> None:
    shown.results.found = (in_two_lights(),)
    await shown.open()
    box = lights_of(shown)
    assert box.isVisible()
    assert [box.itemText(n) for n in range(box.count())] == ["Regular light", "UV light"]
    box.setFocus()
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert shown.model.light == "uv"
    assert box.currentText() == "UV light"


async def test_no_light_is_named_where_there_is_the_usual_one_alone(shown: Shown) -> None:
    await shown.open()
    assert not lights_of(shown).isVisible()


async def test_every_control_has_a_name(shown: Shown) -> None:
    await shown.open()
    assert not nameless(shown.page)


def test_the_best_score_is_not_cut_off(qtbot: QtBot) -> None:
    table = MetricsTable(MetricsModel())
    qtbot.addWidget(table)
    words = table.fontMetrics().horizontalAdvance("100.0\u202f/ 100")
    assert table.columnWidth(MetricColumn.VALUE) >= words + 2 * GRID


@pytest.fixture
def table(qtbot: QtBot, appearance: Appearance) -> MetricsTable:
    made = MetricsTable(MetricsModel())
    qtbot.addWidget(made)
    return made


def chosen_line(table: MetricsTable) -> str:
    line = table._metrics.line_at(table.currentIndex())
    return f"{line.name}, {line.area}" if line is not None else ""


def test_a_failure_stays_chosen_when_news_come(table: MetricsTable) -> None:
    results = [make_result(), make_result("age", error="No face detected")]
    table._metrics.show(metric_lines(results, Side.FRONT, {}))
    table.setCurrentIndex(table._metrics.index(1, 0))
    table._metrics.show(metric_lines([*results, make_result("pores")], Side.FRONT, {}))
    assert chosen_line(table) == "Age, "


def test_a_line_stays_chosen_over_the_sides(table: MetricsTable) -> None:
    for side in (Side.FRONT, Side.LEFT):
        results = [make_result("age", side=side), make_result("pores", side=side)]
        table._metrics.show(metric_lines(results, side, {}))
        if side is Side.FRONT:
            table.setCurrentIndex(table._metrics.index(1, 0))
    assert chosen_line(table) == "Pores, Face"


async def test_the_focus_stays_on_its_chip_when_news_come(
    qtbot: QtBot, appearance: Appearance
) -> None:
    timeline = VisitTimeline()
    qtbot.addWidget(timeline)
    timeline.show()
    timeline.activateWindow()
    chips = [VisitChip(name, "1 Mar 2026", Phrase("Being computed")) for name in ("V1", "V2")]
    timeline.show_chips(tuple(chips))
    chip = timeline.findChildren(QAbstractButton)[1]
    chip.setFocus()
    await eventually(chip.hasFocus)
    timeline.show_chips((chips[0], replace(chips[1], phrase=Phrase("Complete"))))
    focus = QApplication.focusWidget()
    assert focus is not None
    assert focus.accessibleName() == "V2, 1 Mar 2026, Complete"


async def test_bold_words_about_a_metric_have_a_weight_that_is_shipped(
    qtbot: QtBot, appearance: Appearance
) -> None:
    about = AboutMetric()
    qtbot.addWidget(about)
    (line,) = metric_lines([make_result("age", error="No face detected")], Side.FRONT, {})
    about.explain(line, "<h2>Age</h2><p>How <strong>old</strong> and <b>wise</b>.</p>")
    cursor, weights = about.textCursor(), set[int]()
    for place in range(1, about.document().characterCount()):
        cursor.setPosition(place)
        weights.add(int(cursor.charFormat().fontWeight()))
    assert weights == {QFont.Weight.Normal.value, QFont.Weight.DemiBold.value}


async def test_masks_that_a_person_switched_on_stay_on_when_news_come_and_over_the_visits(
    shown: Shown,
) -> None:
    await shown.open()
    await eventually(lambda: shown.masks().count() == 2)
    pores = shown.masks().item(1).data(Qt.ItemDataRole.UserRole)
    shown.page.panel.switch_layer(pores, is_on=True)
    on = shown.page.panel.shown_layers
    assert len(on) == 2
    shown.model.refresh()
    await eventually(lambda: not shown.model._reading.is_going)
    assert shown.page.panel.shown_layers == on
    shown.model.choose_visit(0)
    assert shown.page.panel.shown_layers == on


async def test_the_chosen_tab_stays_when_news_of_a_failure_come(shown: Shown) -> None:
    await shown.open()
    rows = range(shown.model.metrics.rowCount())
    places = [shown.model.metrics.index(row, 0) for row in rows]
    failures = [p for p in places if (line := shown.model.metrics.line_at(p)) and line.failure]
    shown.table.setCurrentIndex(failures[0])
    tabs = shown.page._tabs
    assert tabs.tabText(tabs.currentIndex()) == "&About this metric"
    tabs.setCurrentIndex(0)
    shown.model.refresh()
    await eventually(lambda: not shown.model._reading.is_going)
    assert tabs.currentIndex() == 0
