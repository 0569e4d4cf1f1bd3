"""The shape of a head as a radius around a vertical axis, and how it is seen when it turns.

Head units: y is 0 at the eyes and grows downwards, the chin lies near 1.1, the skull's top near
-1.2. The angle theta is 0 at the nose and grows towards the subject's left.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.pictures.person import HairStyle, Looks

Plane = NDArray[np.float32]

EYE_ANGLE: Final = 0.37
TOP: Final = -1.34
BOTTOM: Final = 2.1
REACH: Final = 2.4
"""The largest angle that can come into view, in radians."""

_Y = np.linspace(TOP, BOTTOM, 700, dtype=np.float32)
_WIDTH = (
    (-0.5, 0.775), (-0.2, 0.775), (0.1, 0.765), (0.4, 0.73), (0.7, 0.665), (0.95, 0.59), (1.2, 0.52)
)  # fmt: skip
_DEPTH = (
    (-0.75, 0.90), (-0.45, 0.94), (-0.2, 0.945), (0.0, 0.905), (0.2, 0.905), (0.45, 0.92),
    (0.6, 0.935), (0.72, 0.945), (0.86, 0.93), (1.0, 0.94), (1.2, 0.91),
)  # fmt: skip


def smoothstep(value: Plane | float, low: float, high: float) -> Plane:
    """0 below `low`, 1 above `high`, smooth in between; `low` may be the larger one."""
    t = np.clip((np.asarray(value, np.float32) - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float32)


def _profile(points: tuple[tuple[float, float], ...], y: Plane) -> Plane:
    rough = np.interp(_Y, [p[0] for p in points], [p[1] for p in points])
    kernel = np.hanning(61)
    smooth = np.convolve(np.pad(rough, 30, mode="edge"), kernel / kernel.sum(), mode="valid")
    return np.asarray(np.interp(y, _Y, smooth), np.float32)


def _bump(theta: Plane, y: Plane, at: tuple[float, float], size: tuple[float, float]) -> Plane:
    """A Gaussian hill of height 1 on both sides of the face."""
    across = (np.abs(theta) - at[0]) / size[0]
    return np.asarray(np.exp(-(across**2) - ((y - at[1]) / size[1]) ** 2), np.float32)


def hair_cover(looks: Looks, theta: Plane, y: Plane, rise: float = 0.09) -> Plane:
    """How much hair covers the scalp, 0..1, reached `rise` head units above the hairline."""
    side = np.abs(theta)
    line = -0.70 - 0.04 * np.cos(5 * theta) + 0.30 * smoothstep(side, 0.45, 0.95)
    line = line + 0.42 * smoothstep(side, 1.0, 1.22) + 0.62 * smoothstep(side, 1.88, 2.02)
    if looks.hair_style is not HairStyle.CROPPED:
        line = line - 0.05 - 0.16 * smoothstep(side, 0.9, 1.3) * smoothstep(side, 1.8, 1.7)
    return smoothstep(y - line, 0.04, 0.04 - rise)


def jaw_line(looks: Looks, theta: Plane) -> Plane:
    """The y at which the face ends and the neck begins."""
    side = np.abs(theta)
    return np.asarray(
        1.12 + looks.chin - 0.10 * smoothstep(side, 0.0, 0.7)
        - 0.42 * smoothstep(side, 0.45, 1.5) * looks.jaw + 0.12 * smoothstep(side, 1.6, 2.2),
        np.float32,
    )  # fmt: skip


def radius(looks: Looks, theta: Plane, y: Plane) -> Plane:
    """Distance of the surface from the axis in head units; arguments broadcast."""
    crown = np.sqrt(np.clip(1.0 - (np.clip(-0.35 - y, 0.0, 1.0) / 0.93) ** 2, 0.0, 1.0) + 1e-6)
    width = _profile(_WIDTH, y) * crown * looks.width
    depth = _profile(_DEPTH, y) * crown
    power = 2.25
    skull = (np.abs(np.sin(theta) / width) ** power + np.abs(np.cos(theta) / depth) ** power) ** (
        -1 / power
    )
    skull = skull + _relief(looks, theta, y)
    back = smoothstep(np.abs(theta), 1.6, 2.2) * smoothstep(y, 0.0, 0.9)
    skull = skull * (1.0 - 0.35 * back)
    neck = 1.0 / np.sqrt((np.sin(theta) / 0.435) ** 2 + (np.cos(theta) / 0.42) ** 2)
    neck = neck + 0.25 * smoothstep(y, 1.45, 2.1)
    below = smoothstep(y - jaw_line(looks, theta), -0.09, 0.11)
    shape = skull * (1.0 - below) + neck * below
    return np.asarray(shape + 0.10 * hair_cover(looks, theta, y + 0.05, 0.26) * crown, np.float32)


def _relief(looks: Looks, theta: Plane, y: Plane) -> Plane:
    side = np.abs(theta)
    ridge = 0.27 * smoothstep(y, -0.12, 0.37) ** 1.3 * smoothstep(y, 0.545, 0.37)
    breadth = (0.062 + 0.05 * smoothstep(y, 0.05, 0.40)) * looks.nose
    shape = ridge * np.exp(-((side / breadth) ** 2))
    shape = shape + 0.085 * looks.nose * _bump(theta, y, (0.15 * looks.nose, 0.425), (0.06, 0.062))
    shape = shape - 0.085 * _bump(theta, y, (EYE_ANGLE - 0.06, -0.01), (0.17, 0.12))
    shape = shape + 0.045 * _bump(theta, y, (EYE_ANGLE, 0.0), (0.13, 0.075))
    shape = shape + 0.022 * _bump(theta, y, (0.30, -0.20), (0.26, 0.07))
    shape = shape + 0.045 * _bump(theta, y, (0.62, 0.30), (0.26, 0.20))
    shape = shape - 0.022 * _bump(theta, y, (0.29, 0.60), (0.05, 0.12))
    shape = shape + 0.040 * _bump(theta, y, (0.0, 0.685), (0.17, 0.036)) * looks.lips
    shape = shape + 0.050 * _bump(theta, y, (0.0, 0.785), (0.15, 0.045)) * looks.lips
    shape = shape - 0.020 * _bump(theta, y, (0.0, 0.735), (0.24, 0.016))
    shape = shape - 0.014 * _bump(theta, y, (0.0, 0.60), (0.026, 0.05))
    shape = shape + 0.035 * _bump(theta, y, (0.0, 1.02), (0.15, 0.09))
    tall = 1.0 - ((y - 0.09) / (0.30 - 0.10 * smoothstep(y, 0.1, 0.4))) ** 2
    ear = (
        np.sqrt(np.clip(tall, 0.0, 1.0))
        * smoothstep(side, 1.36, 1.80)
        * smoothstep(side, 1.98, 1.80)
    )
    return np.asarray(shape + 0.17 * ear, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A head seen from the front after turning; all planes are height x width of the view."""

    theta: Plane
    y: Plane
    z: Plane
    covered: Plane
    """0..1: how much of the pixel the head covers."""
    yaw: float
    unit_px: float
    centre: tuple[float, float]
    """Pixel of the axis at the height of the eyes."""

    def project(self, looks: Looks, theta: float, y: float) -> tuple[float, float] | None:
        """The pixel that shows this point of the surface, or None when it is turned away."""
        angle = np.array([theta], np.float32)
        r = float(radius(looks, angle, np.array([y], np.float32))[0])
        x_px = self.centre[0] + self.unit_px * r * np.sin(theta + self.yaw)
        y_px = self.centre[1] + self.unit_px * y
        row, column = round(y_px), round(x_px)
        height, width = self.z.shape
        if not (0 <= row < height and 0 <= column < width):
            return None
        depth = r * np.cos(theta + self.yaw)
        if np.cos(theta + self.yaw) < 0.35 or depth < float(self.z[row, column]) - 0.06:
            return None
        return float(x_px), float(y_px)


def see(looks: Looks, yaw: float, shape: tuple[int, int], unit_px: float) -> View:
    """Turn the head by `yaw` (positive brings the subject's right cheek forward) and look at it."""
    height, width = shape
    centre = (width * 0.5, height * 0.445)
    steps = int(2 * REACH * unit_px * 1.6)
    spread = np.linspace(-1.0, 1.0, steps)
    theta = np.asarray(REACH * (0.45 * spread + 0.55 * spread**3), np.float32)[None, :]
    y = ((np.arange(height) - centre[1]) / unit_px).astype(np.float32)[:, None]
    rows = np.flatnonzero((y[:, 0] > -1.2795) & (y[:, 0] < BOTTOM))
    r = radius(looks, theta, y[rows])
    z = r * np.cos(theta + yaw)
    x = np.round(centre[0] + unit_px * r * np.sin(theta + yaw)).astype(np.int32)
    flat = np.where((x >= 0) & (x < width) & (z > -0.2), rows[:, None] * width + x, -1).ravel()
    order = np.argsort(((z.ravel() + 0.3) * 20000).clip(0, 65535).astype(np.uint16), kind="stable")
    order = order[flat[order] >= 0]
    angles, depths = (
        np.full(height * width, np.nan, np.float32),
        np.zeros(height * width, np.float32),
    )
    angles[flat[order]] = np.broadcast_to(theta, z.shape).ravel()[order]
    depths[flat[order]] = z.ravel()[order]
    return _close_gaps(angles.reshape(shape), depths.reshape(shape), y, (yaw, unit_px, centre))


def _close_gaps(
    theta: Plane, z: Plane, y: Plane, pose: tuple[float, float, tuple[float, float]]
) -> View:
    seen = np.isfinite(theta)
    solid = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, 7), np.uint8))
    column = np.arange(theta.shape[1])
    for row in np.flatnonzero(seen.any(axis=1)):
        known = np.flatnonzero(seen[row])
        theta[row] = np.interp(column, known, theta[row, known])
        z[row] = np.interp(column, known, z[row, known])
    theta = np.nan_to_num(theta)
    deep = np.asarray(cv2.medianBlur(z, 5), np.float32)
    hole = (deep - z) > 0.05
    theta = np.where(hole, cv2.medianBlur(theta, 5), theta)
    covered = cv2.GaussianBlur(solid.astype(np.float32), (0, 0), 0.8)
    return View(
        np.asarray(theta, np.float32),
        np.broadcast_to(y, theta.shape).astype(np.float32),
        np.where(hole, deep, z).astype(np.float32),
        np.asarray(covered, np.float32),
        *pose,
    )
