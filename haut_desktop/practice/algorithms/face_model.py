"""A face as a patch of a cylinder: where its areas lie, and how they look when the head turns.

Angles are in radians from the nose, positive towards the subject's left; heights in units of
about half a head, 0 at the eyes, growing downwards. Proportions follow the neoclassical canons
(Farkas et al., Plast. Reconstr. Surg. 75, 1985): eyes a fifth of the width apart, thirds from
hairline to brows to nose to chin.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

Polygon = NDArray[np.float32]

RADIUS: Final = 0.88
EYE_ANGLE: Final = 0.37
EYE_DISTANCE: Final = float(2 * RADIUS * np.sin(EYE_ANGLE))
_VISIBLE: Final = 1.42


def _polygon(*points: tuple[float, float]) -> Polygon:
    return np.array(points, np.float32)


def _mirror(polygon: Polygon) -> Polygon:
    return np.asarray(polygon * np.array([-1, 1]), np.float32)


def _ellipse(centre: tuple[float, float], half: tuple[float, float]) -> Polygon:
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return np.stack(
        [centre[0] + half[0] * np.cos(t), centre[1] + half[1] * np.sin(t)], axis=1
    ).astype(np.float32)


_LEFT_CHEEK = _polygon(
    (0.27, 0.22), (0.45, 0.17), (0.75, 0.14), (1.05, 0.14), (1.06, 0.40), (0.90, 0.68),
    (0.58, 0.74), (0.40, 0.60), (0.29, 0.42),
)  # fmt: skip
_LEFT_EYE = _ellipse((0.40, 0.02), (0.30, 0.17))

AREAS: Final[Mapping[str, Polygon]] = MappingProxyType(
    {
        "forehead": _polygon(
            (-0.62, -0.36), (-0.60, -0.50), (-0.40, -0.62), (0.0, -0.66), (0.40, -0.62),
            (0.60, -0.50), (0.62, -0.36), (0.30, -0.32), (0.0, -0.26), (-0.30, -0.32),
        ),
        "nose": _polygon(
            (-0.09, -0.10), (0.09, -0.10), (0.13, 0.20), (0.24, 0.38), (0.20, 0.50), (-0.20, 0.50),
            (-0.24, 0.38), (-0.13, 0.20),
        ),
        "left_cheek": _LEFT_CHEEK,
        "right_cheek": _mirror(_LEFT_CHEEK),
        "chin": _polygon(
            (-0.40, 0.88), (0.40, 0.88), (0.40, 0.97), (0.20, 1.07), (-0.20, 1.07), (-0.40, 0.97)
        ),
        "left_eye_area": _LEFT_EYE,
        "right_eye_area": _mirror(_LEFT_EYE),
    }
)  # fmt: skip

_LEFT_OUTLINE = _polygon(
    (0.0, -0.66), (0.35, -0.64), (0.62, -0.52), (0.84, -0.30), (0.98, 0.0), (0.97, 0.35),
    (0.85, 0.66), (0.66, 0.83), (0.44, 0.96), (0.20, 1.03),
)  # fmt: skip
OUTLINE: Final = np.vstack([_LEFT_OUTLINE, _mirror(_LEFT_OUTLINE)[:0:-1]])

_LEFT_EYE_OPENING = _ellipse((0.37, 0.0), (0.215, 0.10))
_LEFT_BROW = _ellipse((0.40, -0.23), (0.29, 0.105))
NOT_SKIN: Final = (
    _LEFT_EYE_OPENING,
    _mirror(_LEFT_EYE_OPENING),
    _LEFT_BROW,
    _mirror(_LEFT_BROW),
    _ellipse((0.0, 0.745), (0.38, 0.17)),
    _ellipse((0.0, 0.485), (0.17, 0.05)),
)
"""Eyes, brows, mouth and nostrils."""


@dataclass(frozen=True, slots=True)
class Pose:
    """How the model lies in a picture."""

    axis: tuple[float, float]
    """Pixel of the head's axis at the height of the eyes."""
    unit_px: float
    yaw: float
    """Radians; negative shows the subject's left cheek."""
    roll: float
    """Radians, clockwise in the picture."""

    def project(self, polygon: Polygon) -> Polygon:
        """The polygon in pixels, N x 2; what is turned away lies on the edge."""
        angle = np.clip(_densify(polygon[:, 0]) + self.yaw, -_VISIBLE, _VISIBLE)
        x = RADIUS * self.unit_px * np.sin(angle)
        y = self.unit_px * _densify(polygon[:, 1])
        cos, sin = np.cos(self.roll), np.sin(self.roll)
        return np.stack(
            [self.axis[0] + x * cos - y * sin, self.axis[1] + x * sin + y * cos], axis=1
        ).astype(np.float32)

    def scaled(self, factor: float) -> "Pose":
        """The pose in a picture `factor` times as large."""
        axis = (self.axis[0] * factor, self.axis[1] * factor)
        return Pose(axis, self.unit_px * factor, self.yaw, self.roll)


def _densify(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Three more points on each edge, so that edges may bend."""
    following = np.roll(values, -1)
    steps = np.arange(4, dtype=np.float32) / 4
    dense = values[:, None] * (1 - steps) + following[:, None] * steps
    return np.asarray(dense.ravel(), np.float32)


def fill(polygon: Polygon, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Height x width: what lies inside the polygon."""
    plane = np.zeros(shape, np.uint8)
    cv2.fillPoly(plane, [np.round(polygon).astype(np.int32)], 1)
    return np.asarray(plane, np.bool_)
