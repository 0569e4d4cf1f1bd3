"""The viewer with its controls: sides, lights, picture spaces, masks with opacity, zoom."""

from typing import Final

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QSlider,
    QTabBar,
    QToolButton,
    QWidget,
)

from haut_desktop.domain.analysis import AlgorithmResult
from haut_desktop.domain.imaging import REGULAR, Side, light_words
from haut_desktop.domain.words import side_words
from haut_desktop.settings import resources_folder
from haut_desktop.viewmodels.results import ResultsViewModel, Sight
from haut_desktop.viewmodels.results_picture import Layer, layer_id
from haut_desktop.widgets.boxes import column, held, row
from haut_desktop.widgets.buttons import ToolButton
from haut_desktop.widgets.labels import caption, heading
from haut_desktop.widgets.style_sheet import style_sheet
from haut_desktop.widgets.tokens import DARK
from haut_desktop.widgets.viewer import CANVAS, PictureViewer

_MASKS_WIDTH: Final = 212
_LAYER_ROLE: Final = int(Qt.ItemDataRole.UserRole)
_EXTRA: Final = f"""
QFrame#viewer {{ background: {DARK.surface}; border: 1px solid {DARK.line}; border-radius: 8px; }}
QFrame#viewer QLabel {{ color: {DARK.text}; }}
QFrame#viewer QLabel[text_role="caption"] {{ color: {DARK.muted}; }}
QListWidget {{ background: transparent; color: {DARK.text}; }}
QListWidget {{ font-size: 12px; }}
QListWidget::item {{ padding: 5px 2px; border-radius: 4px; }}
QListWidget::item:selected {{ background: {DARK.sunken}; color: {DARK.text}; }}
QListWidget::indicator {{
    width: 14px; height: 14px; border: 1px solid {DARK.line_strong}; border-radius: 3px;
    background: {CANVAS};
}}
QListWidget::indicator:checked {{
    background: {DARK.accent}; border-color: {DARK.accent};
    image: url("{(resources_folder() / "icons" / "check.svg").as_posix()}");
}}
QTabBar {{ background: transparent; }}
QComboBox {{ color: {DARK.text}; padding: 3px 8px; }}
QComboBox QAbstractItemView {{ color: {DARK.text}; }}
QToolButton[button_role="plain"] {{ padding: 3px 8px; min-width: 18px; }}
QToolButton[button_role="plain"]:focus {{ padding: 2px 7px; }}
QSlider::groove:horizontal {{ height: 4px; background: {DARK.line_strong}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {DARK.accent}; border-radius: 2px; }}
QSlider::handle:horizontal {{
    width: 14px; margin: -5px 0; border-radius: 7px; background: {DARK.text};
}}
QSlider::handle:horizontal:focus {{ background: {DARK.accent_strong}; }}
"""


class ViewerPanel(QFrame):
    """Follows the view model's picture; which masks are on is remembered over the visits."""

    layers_switched = Signal()

    def __init__(self, view_model: ResultsViewModel) -> None:
        super().__init__()
        self._vm = view_model
        self._on: set[str] = set()
        self.setObjectName("viewer")
        self.setStyleSheet(style_sheet(DARK) + _EXTRA)
        self.viewer = PictureViewer()
        self._sides = QTabBar()
        self._sides.setAccessibleName("Side")
        self._sides.setDrawBase(False)
        self._sides.setExpanding(False)
        self._lights = QComboBox()
        self._lights.setAccessibleName("Light")
        self._light_box = held(column(heading("Light"), self._lights, gap=8))
        self._light_box.hide()
        self._pictures = QComboBox()
        self._pictures.setAccessibleName("Picture space")
        self._pictures.setMinimumWidth(168)
        self._zoom = caption("")
        self._zoom.setMinimumWidth(44)
        self._zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._masks = QListWidget()
        self._masks.setAccessibleName("Masks; Space switches one")
        self._masks.setIconSize(QSize(12, 12))
        self._masks.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._none = caption("", wraps=True)
        self._opacity = _slider("Mask opacity", 60)
        self._opacity_box = held(column(caption("Opacity"), self._opacity, gap=4))
        self._split = _slider("Captured on the left, predicted on the right", 50)
        self._split_label: QLabel = caption("Before / after")
        self._compare = held(row(self._split_label, self._split))
        self._predicted = caption("Predicted picture: no measurement")
        self.setLayout(column(self._make_bar(), self._make_middle(), gap=0, margins=(1, 1, 1, 1)))
        self._wire()
        self._show_layers(())

    def _make_bar(self) -> QWidget:
        tools = (
            _tool("−", "Zoom out", self.viewer.zoom_out),
            self._zoom,
            _tool("+", "Zoom in", self.viewer.zoom_in),
            _tool("Fit", "Show the whole picture", self.viewer.fit),
            _tool("1:1", "Show pixel by pixel", self.viewer.show_actual_pixels),
        )
        return held(row(self._sides, None, self._pictures, *tools, gap=6, margins=(8, 6, 8, 6)))

    def _make_middle(self) -> QWidget:
        side = held(
            column(
                self._light_box, heading("Masks"), self._none, self._masks, self._opacity_box,
                gap=8, margins=(10, 8, 10, 12),
            )
        )  # fmt: skip
        side.setFixedWidth(_MASKS_WIDTH)
        foot = held(row(self._predicted, None, self._compare, margins=(10, 6, 10, 6)))
        self._foot = foot
        middle = QWidget()
        canvas = column(self.viewer, foot, gap=0)
        canvas.setStretch(0, 1)
        layout = row(side, canvas, gap=0)
        layout.setStretch(1, 1)
        middle.setLayout(layout)
        return middle

    def _wire(self) -> None:
        self._vm.side_chosen.connect(self._on_side_chosen)
        self._vm.sight_changed.connect(self._on_sight_changed)
        self._sides.currentChanged.connect(self._on_side_tab_changed)
        self._lights.activated.connect(self._on_light_activated)
        self._pictures.textActivated.connect(self._vm.choose_picture)
        self._masks.itemChanged.connect(self._on_mask_changed)
        self._opacity.valueChanged.connect(lambda value: self.viewer.set_opacity(value / 100))
        self._split.valueChanged.connect(lambda value: self.viewer.set_split(value / 100))
        self.viewer.zoom_changed.connect(lambda zoom: self._zoom.setText(f"{zoom:.0%}"))

    @property
    def shown_layers(self) -> frozenset[str]:
        """Ids of the masks that are switched on."""
        return frozenset(layer.id for layer in self._vm.layers if layer.id in self._on)

    def show_result(self, result: AlgorithmResult) -> None:
        """Switch on the masks of one result, and no others; they stay on over visits."""
        self._on = {layer_id(result)}
        self._show_layers(self._vm.layers)

    def switch_layer(self, layer_id: str, *, is_on: bool) -> None:
        """Switch one mask, as its check box does."""
        for place in range(self._masks.count()):
            item = self._masks.item(place)
            if item.data(_LAYER_ROLE) == layer_id:
                item.setCheckState(Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)

    def _on_side_chosen(self) -> None:
        with QSignalBlocker(self._sides):
            while self._sides.count():
                self._sides.removeTab(0)
            for side in self._vm.sides:
                place = self._sides.addTab(side_words(side))
                self._sides.setTabData(place, side.value)
            if self._vm.side in self._vm.sides:
                self._sides.setCurrentIndex(self._vm.sides.index(self._vm.side))
        self._show_lights()
        with QSignalBlocker(self._pictures):
            self._pictures.clear()
            self._pictures.addItems([choice.name for choice in self._vm.choices])
            self._pictures.setCurrentText(self._vm.choice_name)
        self._pictures.setEnabled(self._pictures.count() > 1)

    def _show_lights(self) -> None:
        """Offer the lights of the side; what was taken in the usual one alone needs no word."""
        self._lights.clear()
        self._lights.addItems([_capitalised(light_words(light)) for light in self._vm.lights])
        self._lights.setCurrentIndex(self._vm.lights.index(self._vm.light))
        self._lights.setEnabled(self._lights.count() > 1)
        self._light_box.setVisible(self._vm.lights != (REGULAR,))

    def _on_light_activated(self, index: int) -> None:
        self._vm.choose_light(self._vm.lights[index])

    def _on_side_tab_changed(self, index: int) -> None:
        value = self._sides.tabData(index)
        if value is not None:
            self._vm.choose_side(Side(value))

    def _on_sight_changed(self, sight: Sight) -> None:
        text = "This picture is not on this station" if self._vm.choices else "No picture"
        text = "Fetching the picture…" if sight.is_coming else text
        self.viewer.show_sight(sight, text)
        self._show_layers(sight.layers)
        self._foot.setVisible(sight.before is not None)

    def _show_layers(self, shown: tuple[Layer, ...]) -> None:
        current = self._masks.currentItem()
        kept = current.data(_LAYER_ROLE) if self._masks.currentRow() >= 0 else None
        with QSignalBlocker(self._masks):
            self._masks.clear()
            group = ""
            for layer in shown:
                if layer.group != group:
                    group = layer.group
                    self._masks.addItem(_group_heading(group))
                item = QListWidgetItem(_swatch(layer.colour), layer.name)
                item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
                item.setData(_LAYER_ROLE, layer.id)
                item.setToolTip(layer.name)
                is_on = layer.id in self._on
                item.setCheckState(Qt.CheckState.Checked if is_on else Qt.CheckState.Unchecked)
                self._masks.addItem(item)
                if layer.id == kept:
                    # the arrow keys go on from where they were, also when news come
                    self._masks.setCurrentItem(item)
        self._none.setText(self._vm.masks_note)
        self._none.setVisible(bool(self._none.text()))
        self._opacity_box.setVisible(bool(shown))
        self.viewer.show_layers(self.shown_layers)
        self.layers_switched.emit()

    def _on_mask_changed(self, item: QListWidgetItem) -> None:
        layer_id = item.data(_LAYER_ROLE)
        if item.checkState() is Qt.CheckState.Checked:
            self._on.add(layer_id)
        else:
            self._on.discard(layer_id)
        self.viewer.show_layers(self.shown_layers)
        self.layers_switched.emit()


def _group_heading(words: str) -> QListWidgetItem:
    """A line over the masks of one application; it can be read, not chosen."""
    made = QListWidgetItem(words)
    made.setFlags(Qt.ItemFlag.NoItemFlags)
    made.setForeground(QColor(DARK.muted))
    font = QFont()
    font.setPixelSize(11)
    font.setCapitalization(QFont.Capitalization.AllUppercase)
    made.setFont(font)
    made.setToolTip(words)
    return made


def _capitalised(words: str) -> str:
    return words[:1].upper() + words[1:]


def _slider(name: str, value: int) -> QSlider:
    made = QSlider(Qt.Orientation.Horizontal)
    made.setRange(0, 100)
    made.setValue(value)
    made.setAccessibleName(name)
    made.setToolTip(name)
    return made


def _tool(text: str, name: str, act: object) -> QToolButton:
    made = ToolButton()
    made.setText(text)
    made.setProperty("button_role", "plain")
    made.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.clicked.connect(act)
    return made


def _swatch(colour: str) -> QIcon:
    pixmap = QPixmap(24, 24)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    painter.drawRoundedRect(0, 0, 12, 12, 3, 3)
    painter.end()
    icon = QIcon(pixmap)
    # or Qt tints it while its line is chosen, and it no longer is the mask's colour
    icon.addPixmap(pixmap, QIcon.Mode.Selected)
    return icon
