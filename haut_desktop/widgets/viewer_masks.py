"""Masks drawn over a picture: shapes in the picture's own pixels, rasters laid on top."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF

from haut_desktop.domain.analysis import Mask, MaskShape
from haut_desktop.viewmodels.results_picture import Layer

_LINE_WIDTH: Final = 2.0
_SMALLEST_RADIUS: Final = 1.5
_OUTLINED_AT_MOST: Final = 300
"""Above so many shapes outlines would hide the skin."""


@dataclass(frozen=True, slots=True)
class DrawnMask:
    """One layer, ready to be painted in the picture's pixels."""

    layer_id: str
    colour: QColor
    paths: tuple[tuple[float, bool, QPainterPath], ...]
    """Intensity 0…1, whether it is filled, and the shapes."""
    is_outlined: bool
    rasters: tuple[QImage, ...] = ()

    def paint(self, painter: QPainter, size: QSizeF, opacity: float) -> None:
        """Paint over a picture of ``size`` pixels; ``painter`` works in those pixels."""
        painter.setOpacity(opacity)
        for raster in self.rasters:
            painter.drawImage(QRectF(QPointF(), size), raster)
        painter.setOpacity(1.0)
        for intensity, is_filled, path in self.paths:
            self._paint_path(painter, path, is_filled, opacity * intensity)

    def _paint_path(
        self, painter: QPainter, path: QPainterPath, is_filled: bool, strength: float
    ) -> None:
        ink = QColor(self.colour)
        ink.setAlphaF(min(1.0, strength))
        edge = QColor(self.colour)
        edge.setAlphaF(min(1.0, 0.35 + 0.65 * strength))
        pen = QPen(edge, _LINE_WIDTH if not is_filled else 1.25)
        pen.setCosmetic(True)
        painter.setPen(pen if self.is_outlined or not is_filled else Qt.PenStyle.NoPen)
        painter.setBrush(ink if is_filled else Qt.BrushStyle.NoBrush)
        painter.drawPath(path)


def draw_mask(layer: Layer, size: QSizeF, rasters: Mapping[str, QImage]) -> DrawnMask:
    """Prepare a layer for a picture of ``size`` pixels; shapes are scaled from their own space."""
    groups: dict[tuple[float, bool], QPainterPath] = {}
    for each in layer.masks:
        scale = _scale(each.mask, size)
        for shape in each.mask.shapes:
            key = (round(shape.intensity, 2), shape.kind != "line")
            _add(groups.setdefault(key, _new_path()), shape, *scale)
    return DrawnMask(
        layer.id,
        QColor(layer.colour),
        tuple((intensity, filled, path) for (intensity, filled), path in groups.items()),
        is_outlined=sum(len(each.mask.shapes) for each in layer.masks) <= _OUTLINED_AT_MOST,
        rasters=tuple(rasters[each.key] for each in layer.masks if each.key in rasters),
    )


def _new_path() -> QPainterPath:
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    return path


def _scale(mask: Mask, size: QSizeF) -> tuple[float, float]:
    across = size.width() / mask.space_width if mask.space_width else 1.0
    down = size.height() / mask.space_height if mask.space_height else 1.0
    return across, down


def _add(path: QPainterPath, shape: MaskShape, across: float, down: float) -> None:
    if shape.kind == "points":
        for x, y, *rest in shape.points:
            radius = max(_SMALLEST_RADIUS, (rest[0] if rest else 0.0) * across)
            path.addEllipse(QPointF(x * across, y * down), radius, radius)
        return
    points = QPolygonF(list(_scaled(shape.points, across, down)))
    path.addPolygon(points)
    if shape.kind == "polygon":
        path.closeSubpath()


def _scaled(points: Iterable[tuple[float, ...]], across: float, down: float) -> Iterable[QPointF]:
    for point in points:
        yield QPointF(point[0] * across, point[1] * down)
