"""The results page: visits along the top, the picture with its masks, the numbers beside it."""

from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QSplitter, QStackedWidget, QTabWidget, QWidget

from haut_desktop.viewmodels.outbox import PageState
from haut_desktop.viewmodels.results import ResultsViewModel
from haut_desktop.viewmodels.results_picture import layer_id
from haut_desktop.viewmodels.results_table import MetricLine
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import card, column, held, row
from haut_desktop.widgets.buttons import button
from haut_desktop.widgets.empty_state import EmptyState
from haut_desktop.widgets.labels import caption
from haut_desktop.widgets.results_about import AboutMetric
from haut_desktop.widgets.results_metrics import MetricsTable
from haut_desktop.widgets.results_timeline import VisitTimeline
from haut_desktop.widgets.tokens import Tone
from haut_desktop.widgets.trend_plot import TrendPlot
from haut_desktop.widgets.viewer_panel import ViewerPanel

_SHARES: Final = (640, 560)
_NUMBERS_SHARES: Final = (320, 240)


class ResultsPage(QWidget):
    """Shows the open subject's results; works from what lies on the station."""

    subjects_wanted = Signal()
    capture_wanted = Signal()

    def __init__(self, view_model: ResultsViewModel) -> None:
        super().__init__()
        self._vm = view_model
        self._timeline = VisitTimeline()
        self.panel = ViewerPanel(view_model)
        self.table = MetricsTable(view_model.metrics)
        self._trend = TrendPlot()
        self._about = AboutMetric()
        self._badge = Badge()
        self._note = caption("", wraps=True)
        self._measure: tuple[str, str, str] | None = None
        """Name, area and result of the line that was chosen last."""
        self._look = button("Look again", icon="retry", key="F5")
        self._empty = EmptyState("results", "", "")
        self._stack = QStackedWidget()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._make_body())
        self.setLayout(column(self._stack, margins=(16, 12, 16, 12)))
        self.setFocusProxy(self.panel.viewer)
        self._wire()
        self._on_state_changed(view_model.state)

    def _make_body(self) -> QWidget:
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self._trend, "&Trend")
        self._tabs.addTab(self._about, "&About this metric")
        numbers = QSplitter(Qt.Orientation.Vertical)
        numbers.addWidget(card(self.table, pad=1))
        numbers.addWidget(card(self._tabs, pad=1))
        numbers.setSizes(list(_NUMBERS_SHARES))
        numbers.setChildrenCollapsible(False)
        self._note_line = held(row(self._badge, self._note, self._look, gap=12))
        self._note.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        both = QSplitter(Qt.Orientation.Horizontal)
        both.addWidget(self.panel)
        both.addWidget(numbers)
        both.setSizes(list(_SHARES))
        both.setStretchFactor(0, 1)
        both.setChildrenCollapsible(False)
        for splitter in (numbers, both):
            splitter.setHandleWidth(8)
            splitter.setStyleSheet("QSplitter::handle { background: transparent; }")
        layout = column(self._timeline, self._note_line, both, gap=8)
        layout.setStretch(2, 1)
        return held(layout)

    def _wire(self) -> None:
        vm = self._vm
        vm.state_changed.connect(self._on_state_changed)
        vm.visits_changed.connect(self._on_visits_changed)
        vm.visit_chosen.connect(self._on_visit_chosen)
        vm.trend_changed.connect(self._trend.show_trend)
        vm.about_changed.connect(self._about.explain)
        self._timeline.chosen.connect(vm.choose_visit)
        self.table.line_chosen.connect(self._on_line_chosen)
        self._look.clicked.connect(vm.look_again)
        self._empty.acted.connect(self._on_empty_acted)

    def _on_state_changed(self, state: PageState) -> None:
        self._stack.setCurrentIndex(1 if state is PageState.READY else 0)
        if state is PageState.LOADING:
            self._empty.say("clock", "Reading the results", "One moment.")
        elif state is PageState.FAILED and self._vm.error is not None:
            error = self._vm.error
            self._empty.say(
                "problem", error.title, error.message, action="Try again", tone=Tone.BAD
            )
        elif self._vm.subject is None:
            self._empty.say(
                "subjects",
                "No subject is open",
                "Choose a subject to see scores, masks and the change over the visits.",
                action="Go to the subjects",
            )
        elif self._vm.is_under_way:
            self._empty.say(
                "clock",
                "Not computed yet",
                "A finished visit's pictures are in the outbox, which says how far they are. "
                "Results appear here by themselves once they have arrived and were computed.",
            )
        else:
            self._empty.say(
                "results",
                "No results yet",
                "Results appear here by themselves once a visit has arrived on the platform "
                "and was computed.",
                action="Take this visit's pictures",
            )

    def _on_empty_acted(self) -> None:
        if self._vm.state is PageState.FAILED:
            self._vm.refresh()
        elif self._vm.subject is None:
            self.subjects_wanted.emit()
        else:
            self.capture_wanted.emit()

    def _on_visits_changed(self) -> None:
        self._timeline.show_chips(self._vm.chips())

    def _on_visit_chosen(self, index: int) -> None:
        self._timeline.choose(index)
        phrase, explanation = self._vm.note
        self._badge.say(phrase.text, Tone(phrase.mood.value))
        self._note.setText(explanation)
        self._note_line.setVisible(bool(explanation))

    def _on_line_chosen(self, line: MetricLine) -> None:
        self._vm.choose_line(line)
        measure = (line.name, line.area, layer_id(line.result))
        if measure == self._measure:
            # news, or another visit: a person's masks and tab stay
            return
        self._measure = measure
        self.panel.show_result(line.result)
        if line.failure:
            self._tabs.setCurrentWidget(self._about)

    def showEvent(self, event: QShowEvent) -> None:
        """Read when seen."""
        super().showEvent(event)
        self._vm.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Rest when not seen."""
        super().hideEvent(event)
        self._vm.stop()
