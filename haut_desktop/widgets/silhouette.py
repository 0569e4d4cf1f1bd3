"""Silhouettes: how the subject's head stands in a front, left or right view."""

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainterPath, QTransform

if TYPE_CHECKING:
    from haut_desktop.domain.imaging import Side

_Curve = tuple[float, float, float, float, float, float]

_FRONT: Final[tuple[_Curve, ...]] = (
    (0.72, 0.02, 0.80, 0.18, 0.78, 0.38),
    (0.77, 0.56, 0.66, 0.74, 0.50, 0.74),
    (0.34, 0.74, 0.23, 0.56, 0.22, 0.38),
    (0.20, 0.18, 0.28, 0.02, 0.50, 0.02),
)
_FRONT_SHOULDERS: Final[tuple[_Curve, ...]] = (
    (0.39, 0.84, 0.37, 0.85, 0.30, 0.87),
    (0.16, 0.90, 0.08, 0.93, 0.06, 1.00),
)
_PROFILE_START: Final = (0.40, 0.98)
_PROFILE: Final[tuple[_Curve, ...]] = (
    # the subject looks to the picture's right: throat, chin, mouth, nose, brow, crown, nape
    (0.42, 0.88, 0.44, 0.82, 0.50, 0.77),
    (0.60, 0.78, 0.68, 0.77, 0.69, 0.71),
    (0.69, 0.68, 0.68, 0.66, 0.70, 0.63),
    (0.72, 0.61, 0.70, 0.59, 0.70, 0.57),
    (0.73, 0.55, 0.80, 0.54, 0.78, 0.50),
    (0.76, 0.45, 0.72, 0.41, 0.72, 0.35),
    (0.74, 0.10, 0.56, 0.02, 0.42, 0.02),
    (0.18, 0.02, 0.08, 0.22, 0.13, 0.42),
    (0.16, 0.56, 0.20, 0.64, 0.17, 0.76),
    (0.15, 0.84, 0.12, 0.90, 0.06, 0.98),
)


def face_path(box: QRectF) -> QPainterPath:
    """Outline of a head that looks at us, within ``box``."""
    return _fit(box).map(_front())


def silhouette_path(side: "Side", box: QRectF) -> QPainterPath:
    """Outline of a head for ``side`` within ``box``.

    A left view shows the subject's left cheek, so the nose points to the picture's left edge.
    """
    if side == "other":
        path = QPainterPath()
        path.addEllipse(QRectF(0.2, 0.2, 0.6, 0.6))
        path.addEllipse(QRectF(0.38, 0.38, 0.24, 0.24))
    else:
        path = _front() if side == "front" else _profile()
    fit = _fit(box)
    if side == "left":
        fit = fit.translate(1, 0).scale(-1, 1)
    return fit.map(path)


def _fit(box: QRectF) -> QTransform:
    return QTransform.fromTranslate(box.left(), box.top()).scale(box.width(), box.height())


def _front() -> QPainterPath:
    path = QPainterPath(QPointF(0.50, 0.02))
    _follow(path, _FRONT)
    for is_mirrored in (False, True):
        half = QPainterPath(QPointF(0.39, 0.72))
        half.lineTo(0.39, 0.80)
        _follow(half, _FRONT_SHOULDERS)
        mirror = QTransform(-1, 0, 0, 1, 1, 0)
        path.addPath(mirror.map(half) if is_mirrored else half)
    return path


def _profile() -> QPainterPath:
    path = QPainterPath(QPointF(*_PROFILE_START))
    _follow(path, _PROFILE)
    path.moveTo(0.36, 0.40)
    path.cubicTo(0.46, 0.34, 0.46, 0.54, 0.36, 0.52)
    return path


def _follow(path: QPainterPath, curves: tuple[_Curve, ...]) -> None:
    for ax, ay, bx, by, x, y in curves:
        path.cubicTo(ax, ay, bx, by, x, y)
