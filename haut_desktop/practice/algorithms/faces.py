"""Where the face is, which way it looks, and where its areas lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Side = Literal["front", "left", "right"]
Polygon = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face in a picture; left and right are the subject's own."""

    box: tuple[float, float, float, float]
    """x, y, width, height in pixels."""
    side: Side
    """`left` shows the subject's left cheek."""
    outline: Polygon
    """The skin of the face with forehead and chin, N x 2 (x, y) pixels."""
    areas: Mapping[str, Polygon]
    """forehead, left_cheek, right_cheek, nose, chin, left_eye_area, right_eye_area."""

    def scaled(self, factor: float) -> "Face":
        """The same face in a picture `factor` times as large."""
        x, y, width, height = self.box
        return Face(
            (x * factor, y * factor, width * factor, height * factor),
            self.side,
            self.outline * np.float32(factor),
            {name: polygon * np.float32(factor) for name, polygon in self.areas.items()},
        )


def find_face(rgb: NDArray[np.uint8]) -> Face | None:
    """The largest face in a height x width x 3 RGB picture."""
    return None
