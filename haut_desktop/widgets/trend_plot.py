"""The trend plot: one metric over the visits, one line per algorithm version, gaps kept."""

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel, QStackedWidget, QWidget

from haut_desktop.viewmodels.results_trends import TrendLine, TrendPicture
from haut_desktop.widgets.boxes import column
from haut_desktop.widgets.labels import caption, muted
from haut_desktop.widgets.tokens import current_tokens

if TYPE_CHECKING:
    import pyqtgraph

_SYMBOLS: Final = ("o", "s", "t", "d", "+")
_STYLES: Final = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine)
_VERSIONS_IN_A_ROW: Final = 4
_NO_TREND: Final = "Choose a metric with numbers to see it over the visits."


class TrendPlot(QWidget):
    """Draws a ``TrendPicture``; the plotting library is loaded with the first one."""

    def __init__(self) -> None:
        super().__init__()
        self._picture: TrendPicture | None = None
        self._plot: Any = None
        self._title = caption("")
        self._nothing = muted(_NO_TREND)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(self._nothing)
        self.setLayout(column(self._title, self._stack, gap=4, margins=(8, 8, 8, 4)))
        self.setAccessibleName("Trend")

    @property
    def title(self) -> QLabel:
        """The plot's title."""
        return self._title

    def show_trend(self, picture: TrendPicture | None) -> None:
        """Draw another metric, or say that there is none."""
        self._picture = picture
        self._title.setText(_heading(picture) if picture else "")
        self.setAccessibleDescription(picture.summary if picture else _NO_TREND)
        if picture is None:
            self._stack.setCurrentWidget(self._nothing)
            return
        if self._plot is None:
            self._plot = _new_plot()
            self._stack.addWidget(self._plot)
        self._stack.setCurrentWidget(self._plot)
        self._draw(picture)

    def _draw(self, picture: TrendPicture) -> None:
        tokens = current_tokens()
        item = self._plot.getPlotItem()
        item.clear()
        self._plot.setBackground(tokens.surface)
        bottom = item.getAxis("bottom")
        for axis in (bottom, item.getAxis("left")):
            axis.setPen(tokens.line_strong)
            axis.setTextPen(tokens.muted)
        bottom.setTicks([list(enumerate(_short(name) for name in picture.visits))])
        item.legend.clear()
        item.legend.setLabelTextColor(tokens.text)
        colours = (tokens.accent, tokens.warn, tokens.good, tokens.bad)
        for number, line in enumerate(picture.lines):
            self._draw_line(line, colours[number % len(colours)], number)
        _show_legend(item, is_needed=len(picture.lines) > 1)
        item.setXRange(-0.3, max(len(picture.visits) - 1, 1) + 0.3, padding=0)
        values = [value for line in picture.lines for piece in line.pieces for _, value in piece]
        margin = max((max(values) - min(values)) * 0.2, abs(max(values)) * 0.05, 1.0)
        item.setYRange(min(values) - margin, max(values) + margin, padding=0)

    def _draw_line(self, line: TrendLine, colour: str, number: int) -> None:
        import pyqtgraph

        pen = pyqtgraph.mkPen(colour, width=2, style=_STYLES[number % len(_STYLES)])
        for place, piece in enumerate(line.pieces):
            self._plot.plot(
                [point[0] for point in piece],
                [point[1] for point in piece],
                pen=pen,
                symbol=_SYMBOLS[number % len(_SYMBOLS)],
                symbolSize=8,
                symbolBrush=colour,
                symbolPen=colour,
                name=f"Version {line.version}" if place == 0 else None,
            )

    def changeEvent(self, event: QEvent) -> None:
        """Draw in the new colours when the application is dressed anew."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._picture and self._plot:
            self._draw(self._picture)


def _new_plot() -> "pyqtgraph.PlotWidget":
    import pyqtgraph

    pyqtgraph.setConfigOptions(antialias=True)
    plot = pyqtgraph.PlotWidget()
    plot.setMenuEnabled(False)
    # the library makes a menu that nobody owns: it would outlive the window
    menu = plot.getPlotItem().ctrlMenu
    menu.setParent(plot, menu.windowFlags())
    plot.setMouseEnabled(x=False, y=False)
    plot.hideButtons()
    plot.showGrid(x=False, y=True, alpha=0.15)
    plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    _put_legend_above(plot.getPlotItem())
    return plot


def _put_legend_above(item: Any) -> None:
    """Keep a legend for the title's row: the library's own lies over the newest points."""
    import pyqtgraph

    legend = pyqtgraph.LegendItem(offset=None, colCount=_VERSIONS_IN_A_ROW)
    legend.layout.setContentsMargins(0, 0, 0, 0)
    legend.setParentItem(item)
    item.layout.removeItem(item.titleLabel)
    item.legend = legend


def _show_legend(item: Any, *, is_needed: bool) -> None:
    """Show the legend in its row; a hidden one would keep the row's height."""
    if item.layout.itemAt(0, 1) is not None:
        item.layout.removeItem(item.legend)
    item.legend.setVisible(is_needed)
    item.layout.setRowFixedHeight(0, 0)
    if is_needed:
        wanted = item.legend.layout.effectiveSizeHint(Qt.SizeHint.PreferredSize).height()
        item.layout.setRowFixedHeight(0, wanted)
        item.layout.addItem(item.legend, 0, 1, Qt.AlignmentFlag.AlignLeft)


def _heading(picture: TrendPicture) -> str:
    unit = {"/ 100": "0 to 100"}.get(picture.unit, picture.unit)
    return f"{picture.title} ({unit})" if unit else picture.title


def _short(name: str) -> str:
    return name if len(name) <= 12 else f"{name[:11]}…"
