"""From the first result to a trend over four visits, the report, and everything in the dark."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Final

from PySide6.QtCore import QAbstractItemModel, QModelIndex, Qt
from PySide6.QtWidgets import QAbstractButton, QListWidget, QTreeView

from haut_desktop.desktop.printing import write_pdf
from haut_desktop.domain.analysis import Completeness
from haut_desktop.domain.ids import SubjectId
from haut_desktop.services.results import VisitResults
from haut_desktop.tour.arrival import open_subject
from haut_desktop.tour.context import LeftOutError, Step, Tour
from haut_desktop.tour.eyes import TourError
from haut_desktop.tour.findings import gather
from haut_desktop.viewmodels.results_picture import layer_id
from haut_desktop.viewmodels.results_table import LINE_ROLE, MetricLine
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.results_page import ResultsPage

_COMPUTING_S: Final = 300.0
_LEAST_METRICS: Final = 8
_VISITS: Final = 4
_TRIES: Final = 10
_SHOWN_OFF: Final = ("redness", "spots", "pigmentation", "lines", "wrinkles", "pores")
"""Words in the names of algorithms whose masks show well; the first that is there is chosen."""


async def watch_results(tour: Tour) -> None:
    """See the first results of the visit, while masks and the other results are on their way."""
    await tour.go(Place.RESULTS)
    await _until_results(tour, _own(tour), lambda found: _of_visit(tour, found).results != ())
    await tour.eyes.until(lambda: _rows(tour) > 0, "the first metric in the table")
    await tour.show()


async def complete_results(tour: Tour) -> None:
    """Wait until every algorithm has answered."""
    await _until_results(
        tour,
        _own(tour),
        lambda found: _of_visit(tour, found).completeness is Completeness.COMPLETE,
    )
    await tour.eyes.until(lambda: _rows(tour) >= _LEAST_METRICS, "the metrics in the table")


async def switch_masks(tour: Tour) -> None:
    """Choose a metric, whose mask appears with it, and switch another mask on beside it."""
    line = await _choose_metric(tour)
    masks = await tour.eyes.see("Masks; Space switches one")
    if not isinstance(masks, QListWidget):
        raise TourError("there is no list of masks")
    await tour.eyes.until(lambda: masks.count() > 0, f"a mask of {line.name}")
    off = [row for row in range(masks.count()) if _is_another(masks, row, line)]
    if off:
        layer = masks.item(off[0]).data(Qt.ItemDataRole.UserRole)
        await tour.eyes.until(lambda: _row_of(masks, layer) is not None, "the mask in the list")
        await _switch_on(tour, masks, layer)
    await tour.eyes.until(lambda: bool(_page(tour).panel.shown_layers), "a mask on the picture")


async def _switch_on(tour: Tour, masks: QListWidget, layer: object) -> None:
    """Click a mask and press Space, as often as news write the list anew in between."""
    for _ in range(_TRIES):
        row = _row_of(masks, layer)
        if row is not None and _is_on(masks, row):
            return
        if row is not None:
            item = masks.item(row)
            masks.scrollToItem(item)
            await tour.hands.click_on(masks.viewport(), masks.visualItemRect(item).center())
            if masks.currentRow() == _row_of(masks, layer):
                await tour.hands.press("Masks; Space switches one", Qt.Key.Key_Space)
        await tour.eyes.settle()
    raise TourError("a mask can't be switched on")


def _row_of(masks: QListWidget, layer: object) -> int | None:
    role = Qt.ItemDataRole.UserRole
    return next((r for r in range(masks.count()) if masks.item(r).data(role) == layer), None)


def _is_another(masks: QListWidget, row: int, line: MetricLine) -> bool:
    is_heading = masks.item(row).flags() == Qt.ItemFlag.NoItemFlags
    return not is_heading and not _is_on(masks, row) and line.name not in masks.item(row).text()


def _is_on(masks: QListWidget, row: int) -> bool:
    return row < masks.count() and masks.item(row).checkState() is Qt.CheckState.Checked


async def look_back(tour: Tour) -> None:
    """Open a subject with four visits: change from baseline and a trend."""
    if not tour.demonstration_codes:
        raise LeftOutError("the platform has no demonstration study")
    subject = await open_subject(tour, tour.demonstration_codes[0])
    await tour.eyes.see("past-visit")
    await tour.eyes.photograph(tour.out / "earlier-visits.png")
    await tour.hands.click("past-visit")
    await tour.hands.click("See the results")
    await tour.eyes.until(lambda: tour.shell.window.place is Place.RESULTS, "the results page")
    found = await _until_results(tour, subject.id, _are_complete)
    chips = await tour.eyes.until(lambda: _chips(tour), "four visits along the top")
    await tour.hands.click_on(chips[-1])
    line = await _choose_metric(tour, needs_change=True)
    tour.report.demonstration = {
        "subject": {"id": subject.id, "code": subject.code},
        "visits": [{"name": each.visit.name, "completeness": each.completeness} for each in found],
        "metric": {"name": line.name, "version": line.version, "change": line.change},
    }


def _are_complete(found: tuple[VisitResults, ...]) -> bool:
    states = [each.completeness for each in found]
    return len(states) >= _VISITS and set(states) == {Completeness.COMPLETE}


def _chips(tour: Tour) -> list[QAbstractButton]:
    line = tour.eyes.find("Visits")
    chips = line.findChildren(QAbstractButton) if line is not None else []
    return chips if len(chips) >= _VISITS else []


async def write_report(tour: Tour) -> None:
    """Write the visit's report as JSON, CSV, HTML and PDF beside the tour's own."""
    assert tour.subject is not None
    assert tour.visit_id is not None
    work = tour.shell.work
    subject = await work.subjects.get(tour.subject.id)
    await gather(work, subject, tour.visit_id, tour.report)
    made = await work.reports.visit_report(tour.visit_id)
    html = made.to_html()
    texts = {
        "visit.json": made.to_json(),
        "visit-metrics.csv": made.to_csv(),
        "visit-pictures.csv": made.receipts_to_csv(),
        "visit.html": html,
    }
    for name, text in texts.items():
        await asyncio.to_thread((tour.out / name).write_text, text, "utf-8")
    write_pdf(html, tour.out / "visit.pdf", title=f"Visit report {made.subject_code}")
    tour.report.files = [*texts, "visit.pdf"]
    tour.show_page(html)
    if len({(m["algorithm"], m["version"]) for m in tour.report.metrics}) < _LEAST_METRICS:
        raise TourError(f"fewer than {_LEAST_METRICS} algorithms gave a value")


async def turn_dark(tour: Tour) -> None:
    """Turn the lights out over the results."""
    await tour.hands.click("Light or dark")
    await tour.eyes.until(lambda: tour.program.appearance.tokens.is_dark, "the dark look")


async def see_capture_in_the_dark(tour: Tour) -> None:
    """See the tour's own finished visit in the dark."""
    # closed first: where no other subject was looked at, the visit is still open
    await tour.hands.click("Close subject")
    await open_subject(tour, tour.new_code)
    await tour.hands.click("past-visit")
    await tour.eyes.see("slot-front")


async def see_outbox_in_the_dark(tour: Tour) -> None:
    """See the outbox in the dark."""
    await tour.go(Place.OUTBOX)
    await tour.eyes.see("Deliveries by visit, batch and picture")


async def see_subjects_in_the_dark(tour: Tour) -> None:
    """See the subjects in the dark."""
    await tour.go(Place.SUBJECTS)
    await tour.hands.type_into("search", "")
    await tour.eyes.see("subjects")


# ---- the results page ------------------------------------------------------------------------


def _own(tour: Tour) -> SubjectId:
    assert tour.subject is not None
    return tour.subject.id


def _of_visit(tour: Tour, found: tuple[VisitResults, ...]) -> VisitResults:
    return next(each for each in found if each.visit.id == tour.visit_id)


async def _until_results(
    tour: Tour, subject_id: SubjectId, is_there: Callable[[tuple[VisitResults, ...]], bool]
) -> tuple[VisitResults, ...]:
    results = tour.shell.work.results

    async def ask() -> tuple[VisitResults, ...]:
        found = await results.visits(subject_id)
        return found if found and is_there(found) else ()

    return await tour.eyes.until_changed(
        tour.shell.work.changes, ask, "the platform's results", deadline_s=_COMPUTING_S
    )


def _page(tour: Tour) -> ResultsPage:
    page = tour.shell.window.page
    if not isinstance(page, ResultsPage):
        raise TourError("the results page is not shown")
    return page


def _rows(tour: Tour) -> int:
    return _page(tour).table.model().rowCount()


async def _choose_metric(tour: Tour, *, needs_change: bool = False) -> MetricLine:
    """Click the line of a metric that has a value and a mask, and a change where one is wanted."""

    def look() -> QModelIndex | None:
        table = _page(tour).table
        masks = _masks_shown(tour)
        tops = _tops(table.model())
        fitting = [i for i in tops if _fits(i, masks, needs_change=needs_change)]
        return min(fitting, key=_rank, default=None)

    index = await tour.eyes.until(look, "a metric with a value")
    table: QTreeView = _page(tour).table
    table.scrollTo(index)
    await tour.hands.click_on(table.viewport(), table.visualRect(index).center())
    line: MetricLine = table.currentIndex().data(LINE_ROLE)
    await tour.eyes.settle()
    return line


def _tops(model: QAbstractItemModel) -> Iterator[QModelIndex]:
    for row in range(model.rowCount()):
        yield model.index(row, 0)


def _masks_shown(tour: Tour) -> set[str]:
    """Ids of the masks that lie on the picture that is shown."""
    masks = tour.eyes.find("Masks; Space switches one")
    if not isinstance(masks, QListWidget):
        return set()
    role = Qt.ItemDataRole.UserRole
    return {str(masks.item(row).data(role)) for row in range(masks.count())}


def _fits(index: QModelIndex, masks: set[str], *, needs_change: bool) -> bool:
    line = index.data(LINE_ROLE)
    if not isinstance(line, MetricLine) or line.is_section or line.key is None:
        return False
    return layer_id(line.result) in masks and (bool(line.change) or not needs_change)


def _rank(index: QModelIndex) -> tuple[int, int]:
    name = index.data(LINE_ROLE).result.algorithm
    places = [place for place, word in enumerate(_SHOWN_OFF) if word in name]
    return (places[0] if places else len(_SHOWN_OFF), index.row())


STEPS: Final = (
    Step("results-growing", "Results appear by themselves", watch_results),
    Step("results", "Every algorithm has answered", complete_results),
    Step("masks", "Masks are switched on and a metric is chosen", switch_masks),
    Step("demonstration", "Four visits: change from baseline and trend", look_back),
    Step("report", "The visit's report is written", write_report),
    Step("dark-results", "The results in the dark", turn_dark),
    Step("dark-capture", "The finished visit in the dark", see_capture_in_the_dark),
    Step("dark-outbox", "The outbox in the dark", see_outbox_in_the_dark),
    Step("dark-subjects", "The subjects in the dark", see_subjects_in_the_dark),
)
