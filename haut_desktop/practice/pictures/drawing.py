"""A drawn picture together with what is known to be in it."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Box = tuple[float, float, float, float]
Polyline = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """A round finding; all three in pixels of the picture."""

    x: float
    y: float
    radius: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What was drawn where, as far as it can be seen from this side."""

    face_box: Box | None
    """x, y, width, height in pixels; None for a skin patch."""
    spots: tuple[Spot, ...] = ()
    red_patches: tuple[Spot, ...] = ()
    lines: tuple[Polyline, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPicture:
    """Pixels (height x width x 3, uint8, RGB) and the truth about them."""

    rgb: NDArray[np.uint8]
    truth: Truth = field(default_factory=lambda: Truth(None))
