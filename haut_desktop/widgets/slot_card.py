"""Slot card: one expected picture with its takes and what was said about its quality."""

from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from haut_desktop.domain.ids import OriginalId, SlotId, TakeId
from haut_desktop.viewmodels.capture_words import SlotLine, TakeLine
from haut_desktop.viewmodels.thumbnails import Thumbnails
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.boxes import column, held, row
from haut_desktop.widgets.buttons import button, icon_button
from haut_desktop.widgets.drop_area import DropArea
from haut_desktop.widgets.labels import caption, heading
from haut_desktop.widgets.picture_frame import PictureFrame
from haut_desktop.widgets.tokens import Tone

_MOST_MARKS = 2
_MARK_LINES = 2
"""What the longest advice needs on a card in a window of 1366 pixels."""
_STRIP_GAP = 4
_TITLE_HEIGHT = 24
_BUTTON_HEIGHT = 34


class SlotCard(DropArea):
    """Takes drops for its slot; the counting take fills it, the others are one key away."""

    files_wanted = Signal(object)
    take_chosen = Signal(object)
    take_removed = Signal(object)
    take_moved = Signal(object, object)
    """Carries the take and the slot that it belongs to instead."""

    def __init__(self, line: SlotLine, thumbnails: Thumbnails) -> None:
        super().__init__()
        self._thumbnails = thumbnails
        self._line = line
        self._offered: tuple[tuple[SlotId, str], ...] = ()
        self.setObjectName(f"slot-{line.side}")
        self.setProperty("frame_role", "card")
        self.setMinimumWidth(260)
        self._title = heading("")
        self._need = Badge()
        self._hint = caption("")
        self._picture = PictureFrame(line.side, height=160)
        self._words = caption("")
        self._marks = _strip(QVBoxLayout())
        self._take_strip = QHBoxLayout()
        self._takes = _strip(self._take_strip)
        self._take_buttons: dict[TakeId, QPushButton] = {}
        self._choose = button("Choose files…", icon="folder")
        self._choose.clicked.connect(lambda: self.files_wanted.emit(self._line.slot_id))
        self._move = icon_button("move", "Move this picture to another slot")
        self._move.setObjectName("move-picture")
        self._move.clicked.connect(self._on_move_clicked)
        self._others = QMenu(self._move)
        self._others.setAccessibleName("Slots to move the picture to")
        self._remove = icon_button("remove", "Remove this picture")
        self._remove.clicked.connect(self._on_remove_clicked)
        self._lay_out()
        thumbnails.arrived.connect(self._on_thumbnail_arrived)

    @property
    def line(self) -> SlotLine:
        """The slot that is shown."""
        return self._line

    def show_line(self, line: SlotLine, *, is_open: bool) -> None:
        """Show the slot as it is now; a finished visit's slots take nothing."""
        self._line = line
        taken = line.counting
        self._title.setText(line.title)
        self._hint.setText(line.hint)
        self._show_need(line)
        self._words.setText(taken.words if taken else "")
        invitation = "Drop, paste or choose a picture" if is_open else "No picture"
        self._picture.show_words(line.erased or invitation)
        self._choose.setVisible(is_open)
        self._choose.setText("Another take…" if taken else "Choose files…")
        self._choose.setAccessibleName(f"Choose a picture for {line.title}")
        self._move.setVisible(is_open and taken is not None and bool(self._others.actions()))
        self._move.setAccessibleName(f"Move the {line.title} picture to another slot")
        self._remove.setVisible(is_open and taken is not None)
        self._remove.setAccessibleName(f"Remove the {line.title} picture")
        self._show_marks(taken)
        self._show_takes(line, is_open=is_open)
        self._show_picture()
        self._say(taken)

    def offer_slots(self, others: Iterable[SlotLine]) -> None:
        """Say which other slots the picture may be moved to."""
        offered = tuple((other.slot_id, _destination(other)) for other in others)
        if offered == self._offered:  # an open menu keeps its marked entry while pictures come
            return
        self._offered = offered
        self._others.clear()
        for slot_id, words in offered:
            entry = self._others.addAction(words)
            entry.triggered.connect(partial(self._on_destination_chosen, slot_id))

    def show_hover(self, is_over: bool) -> None:
        """Light up the frame."""
        self._picture.show_target(is_over)

    def _lay_out(self) -> None:
        head = row(self._title, self._need, None, self._hint)
        foot = held(row(self._choose, None, self._move, self._remove))
        marks = held(column(self._marks, None))
        # the same rooms on every card, so that the pictures stand in one line
        self._title.setFixedHeight(_TITLE_HEIGHT)
        marks.setMinimumHeight(_MOST_MARKS * Badge.room(_MARK_LINES) + _STRIP_GAP)
        self._words.setFixedHeight(_BUTTON_HEIGHT)
        foot.setFixedHeight(_BUTTON_HEIGHT)
        whole = column(head, self._picture, marks, row(self._takes, None, self._words), foot)
        whole.setStretch(1, 1)
        whole.setContentsMargins(12, 12, 12, 12)
        self.setLayout(whole)

    def _show_need(self, line: SlotLine) -> None:
        if line.erased:
            self._need.say("Erased", Tone.WARN)
        elif line.takes:
            self._need.say("", Tone.NEUTRAL)
        elif line.is_required:
            self._need.say("Required", Tone.ACCENT)
        else:
            self._need.say("Optional", Tone.NEUTRAL)

    def _show_marks(self, taken: TakeLine | None) -> None:
        marks = taken.marks[:_MOST_MARKS] if taken else ()
        _refill(self._marks, [Badge(mark.text, Tone(mark.tone), wraps=True) for mark in marks])
        every = "\n".join(mark.text for mark in taken.marks) if taken else ""
        self._marks.setToolTip(every)

    def _show_takes(self, line: SlotLine, *, is_open: bool) -> None:
        """Say of each take whether it counts; a button whose take stays keeps the focus."""
        several = line.takes if len(line.takes) > 1 else ()
        for gone in self._take_buttons.keys() - {take.take_id for take in several}:
            _drop(self._take_buttons.pop(gone))
        for place, take in enumerate(several):
            if take.take_id not in self._take_buttons:
                made = self._take_buttons[take.take_id] = self._take_button(take.take_id)
                self._take_strip.insertWidget(place, made)
            self._show_take(self._take_buttons[take.take_id], take, is_open=is_open)
        self._takes.setVisible(bool(several))

    def _take_button(self, take_id: TakeId) -> QPushButton:
        made = button("", role="choice")
        made.setCheckable(True)
        made.clicked.connect(partial(self._on_take_clicked, take_id))
        return made

    def _show_take(self, shown: QPushButton, take: TakeLine, *, is_open: bool) -> None:
        shown.setText(f"✓ {take.number}" if take.counts else str(take.number))
        shown.setChecked(take.counts)
        shown.setEnabled(is_open)
        counts = ", counts" if take.counts else ""
        shown.setAccessibleName(f"Take {take.number} of {self._line.title}{counts}")
        shown.setToolTip(f"Let take {take.number} count")

    def _show_picture(self) -> None:
        taken = self._line.counting
        image = self._thumbnails.get(taken.original_id) if taken else None
        self._picture.show_image(image, is_expected=taken is not None and image is None)

    def _say(self, taken: TakeLine | None) -> None:
        marks = (
            ", ".join(mark.text for mark in taken.marks)
            if taken
            else self._line.erased or "no picture yet"
        )
        need = "required" if self._line.is_required else "optional"
        self.setAccessibleName(f"{self._line.title}, {need}: {marks}")
        self.setAccessibleDescription(self._line.hint)

    def _on_thumbnail_arrived(self, original_id: OriginalId) -> None:
        taken = self._line.counting
        if taken is not None and taken.original_id == original_id:
            self._show_picture()

    def _on_take_clicked(self, take_id: TakeId, _checked: bool = False) -> None:
        self.take_chosen.emit(take_id)

    def _on_move_clicked(self) -> None:
        self._others.popup(self._move.mapToGlobal(QPoint(0, self._move.height())))

    def _on_destination_chosen(self, slot_id: SlotId, _checked: bool = False) -> None:
        if (taken := self._line.counting) is not None:
            self.take_moved.emit(taken.take_id, slot_id)

    def _on_remove_clicked(self) -> None:
        if (taken := self._line.counting) is not None:
            self.take_removed.emit(taken.take_id)


def _destination(slot: SlotLine) -> str:
    """A slot as an entry of the menu; one that is filled gets another take."""
    return f"{slot.title} (another take)" if slot.takes else slot.title


def _strip(box: QBoxLayout) -> QWidget:
    strip = held(box)
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(_STRIP_GAP)
    return strip


def _drop(old: QWidget) -> None:
    old.hide()
    old.setParent(None)
    old.deleteLater()


def _refill(strip: QWidget, parts: list[Badge]) -> None:
    layout = strip.layout()
    if layout is None:
        return
    while (item := layout.takeAt(0)) is not None:
        if (old := item.widget()) is not None:
            _drop(old)
    for part in parts:
        layout.addWidget(part)
    strip.setVisible(bool(parts))
