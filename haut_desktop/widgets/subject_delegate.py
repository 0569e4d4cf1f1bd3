"""Draws one subject of the list: disc, code and details, visits, what waits, registration."""

from typing import Final

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from haut_desktop.viewmodels.subjects import SubjectLine, SubjectRole
from haut_desktop.widgets.avatar import draw_avatar
from haut_desktop.widgets.badge import TONE_ICONS
from haut_desktop.widgets.icons import draw_icon
from haut_desktop.widgets.theme import TextSize
from haut_desktop.widgets.tokens import Tokens, Tone, current_tokens

HEIGHT: Final = 56
_Index = QModelIndex | QPersistentModelIndex


class SubjectDelegate(QStyledItemDelegate):
    """Paints in the application's colours of the moment."""

    def sizeHint(self, option: QStyleOptionViewItem, _index: _Index) -> QSize:
        """Rows of equal height."""
        return QSize(option.rect.width(), HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw the row."""
        line = index.data(SubjectRole.LINE)
        if not isinstance(line, SubjectLine):
            return
        tokens = current_tokens()
        box = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _draw_ground(painter, box, option, tokens)
        disc = QRectF(box.left() + 16, box.top() + 10, 36, 36)
        draw_avatar(painter, disc, line.subject.code, is_dark=tokens.is_dark, ink=tokens.text)
        _draw_words(painter, box, line, tokens)
        _draw_registration(painter, box, line, tokens)
        painter.restore()


def _draw_ground(
    painter: QPainter, box: QRectF, option: QStyleOptionViewItem, tokens: Tokens
) -> None:
    state = option.state
    if state & QStyle.StateFlag.State_Selected:
        painter.fillRect(box, QColor(tokens.accent_soft))
        painter.fillRect(QRectF(box.left(), box.top(), 3, box.height()), QColor(tokens.accent))
    elif state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(box, QColor(tokens.canvas))
    painter.setPen(QPen(QColor(tokens.line), 1))
    painter.drawLine(box.bottomLeft(), box.bottomRight())


def _draw_words(painter: QPainter, box: QRectF, line: SubjectLine, tokens: Tokens) -> None:
    left = box.left() + 68
    right = box.right() - 200
    half = (right - left) * 0.5
    # a line that stands alone stands in the middle
    upper = QRectF(left, box.top() + 8, half, 20) if line.details else QRectF(box)
    upper.setLeft(left)
    upper.setWidth(half)
    _write(painter, upper, line.subject.code, tokens.text, is_bold=True)
    _write(
        painter, QRectF(left, box.top() + 29, half, 18), line.details, tokens.muted, is_small=True
    )
    middle = left + half + 8
    second = " · ".join(part for part in (line.last_visit, line.waiting) if part)
    ink = tokens.warn if line.waiting else tokens.muted
    if not second:
        alone = QRectF(middle, box.top(), half - 8, box.height())
        _write(painter, alone, line.visits, tokens.muted)
        return
    _write(painter, QRectF(middle, box.top() + 8, half - 8, 20), line.visits, tokens.text)
    _write(painter, QRectF(middle, box.top() + 29, half - 8, 18), second, ink, is_small=True)


def _draw_registration(painter: QPainter, box: QRectF, line: SubjectLine, tokens: Tokens) -> None:
    tone = Tone(line.tone)
    ink = tokens.ink(tone)
    left = box.right() - 188
    icon = TONE_ICONS.get(tone, "clock")
    draw_icon(painter, icon, ink, QRectF(left, box.center().y() - 7, 14, 14))
    words = QRectF(left + 20, box.top(), 164, box.height())
    _write(painter, words, line.registration, ink, is_small=True)


def _write(
    painter: QPainter,
    box: QRectF,
    text: str,
    ink: str,
    *,
    is_bold: bool = False,
    is_small: bool = False,
) -> None:
    font = QFont(painter.font())
    font.setPixelSize(TextSize.CAPTION if is_small else TextSize.BODY)
    font.setWeight(QFont.Weight.DemiBold if is_bold else QFont.Weight.Normal)
    painter.setFont(font)
    painter.setPen(QColor(ink))
    fitting = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, int(box.width()))
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, fitting)
