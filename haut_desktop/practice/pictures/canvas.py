"""The skin of a head unrolled: CIELAB colours over angle and height, and brushes to paint there."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.pictures.head import BOTTOM, REACH, TOP, Plane
from haut_desktop.practice.pictures.person import Lab

REACH_UNITS = 0.92
"""Head units per radian at the front of the face."""


def make_noise(
    rng: np.random.Generator, shape: tuple[int, int], grain_px: float, stretch: float = 1.0
) -> Plane:
    """Smooth noise with standard deviation 1; `stretch` > 1 makes it longer from top to bottom."""
    coarse = (
        max(4, int(shape[0] / max(1.0, grain_px * stretch))),
        max(4, int(shape[1] / max(1.0, grain_px))),
    )
    seedling = rng.standard_normal(coarse, dtype=np.float32)
    grown = cv2.resize(seedling, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray(grown / max(1e-6, float(grown.std())), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of a canvas with local coordinates in head units, u towards the subject's left."""

    lab: Plane
    u: Plane
    v: Plane
    px: float
    """Pixels per head unit."""

    def tint(self, alpha: Plane, colour: Lab | Plane) -> None:
        """Move the colours towards `colour` where `alpha` (0..1) says so."""
        self.lab[...] += alpha[..., None] * (np.asarray(colour, np.float32) - self.lab)

    def shift(self, alpha: Plane, change: Lab) -> None:
        """Add `change` to the colours, weighted by `alpha`."""
        self.lab[...] += alpha[..., None] * np.asarray(change, np.float32)

    def stroke(self, points: Sequence[tuple[float, float]], width: float) -> Plane:
        """Coverage 0..1 of a smooth line through (u, v) points that fades at both ends."""
        plane = np.zeros(self.u.shape, np.uint8)
        origin = np.array([self.u[0, 0], self.v[0, 0]])
        path = np.round((np.asarray(points) - origin) * self.px * 16).astype(np.int32)
        thick = max(1, round(width * self.px))
        for index in range(len(path) - 1):
            fade = np.sin(np.pi * (index + 0.7) / (len(path) + 0.4))
            level = int(255 * min(1.0, 1.6 * fade))
            ends = (path[index].tolist(), path[index + 1].tolist())
            cv2.line(plane, ends[0], ends[1], level, thick, cv2.LINE_AA, 4)
        soft = cv2.GaussianBlur(plane, (0, 0), max(0.5, width * self.px * 0.45))
        return np.asarray(soft.astype(np.float32) / 255.0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """The whole unrolled surface."""

    lab: Plane
    """Height x width x 3."""
    px: float
    """Pixels per head unit."""
    start: float = -REACH
    """The angle of the first column."""
    top: float = TOP
    """The height of the first row."""

    @classmethod
    def blank(cls, colour: Lab, px: float) -> "Canvas":
        """One colour everywhere, `px` pixels per head unit."""
        shape = (int((BOTTOM - TOP) * px), int(2 * REACH * REACH_UNITS * px), 3)
        return cls(np.full(shape, colour, np.float32), px)

    @property
    def theta(self) -> Plane:
        """1 x width: the angle of each column."""
        width = self.lab.shape[1]
        return (np.arange(width, dtype=np.float32)[None, :] / self.px / REACH_UNITS) + self.start

    @property
    def y(self) -> Plane:
        """Height x 1: the head unit of each row."""
        return np.arange(self.lab.shape[0], dtype=np.float32)[:, None] / self.px + self.top

    @property
    def whole(self) -> Window:
        """All of it."""
        return Window(self.lab, self.theta * REACH_UNITS, self.y, self.px)

    def window(self, theta: float, y: float, reach: tuple[float, float]) -> Window:
        """The part around a point, `reach` head units to each side and up and down."""
        column, row = (theta - self.start) * REACH_UNITS * self.px, (y - self.top) * self.px
        height, width = self.lab.shape[:2]
        left, right = max(0, int(column - reach[0] * self.px)), int(column + reach[0] * self.px)
        top, bottom = max(0, int(row - reach[1] * self.px)), int(row + reach[1] * self.px)
        right, bottom = min(width, max(right, left + 2)), min(height, max(bottom, top + 2))
        us = (np.arange(left, right, dtype=np.float32) - column) / self.px
        vs = (np.arange(top, bottom, dtype=np.float32) - row) / self.px
        u, v = (np.asarray(plane, np.float32) for plane in np.meshgrid(us, vs))
        return Window(self.lab[top:bottom, left:right], u, v, self.px)

    def look_up(self, theta: Plane, y: Plane) -> NDArray[np.float32]:
        """The colours at these angles and heights."""
        columns = ((theta - self.start) * (REACH_UNITS * self.px)).astype(np.float32)
        rows = ((y - self.top) * self.px).astype(np.float32)
        return np.asarray(cv2.remap(self.lab, columns, rows, cv2.INTER_LINEAR), np.float32)
