"""Faces in pictures, found with OpenCV's Haar cascades (Viola and Jones, CVPR 2001)."""

import sys
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.errors import StationError
from haut_desktop.domain.imaging import Side

if TYPE_CHECKING:
    import cv2
    import numpy as np
    from numpy.typing import NDArray

    Grey = NDArray[np.uint8]
    """Height × width."""

LOOK_AT_PX: Final = 640
"""Longer edge at which faces are looked for: 30 ms, against 700 ms at 3000 px."""

_FRONTAL: Final = ("haarcascade_frontalface_alt2.xml", "haarcascade_frontalface_default.xml")
"""The first misses few faces and sees hardly any that are not there; the second helps out."""
_PROFILE: Final = "haarcascade_profileface.xml"
"""Knows faces that look towards the left edge of the picture: the subject's left cheek shows."""
CASCADES: Final = (*_FRONTAL, _PROFILE)
"""Files of OpenCV's that are loaded here, each named in full: the frozen program ships these."""

_SMALLEST_SHARE: Final = 1 / 7
"""A face smaller than this share of the shorter edge is too far away to count."""

_LOCK: Final = threading.Lock()
"""A cascade keeps buffers of its own while it looks."""


@dataclass(frozen=True, slots=True)
class Face:
    """Where a face is, in the pixels that were looked at."""

    x: int
    y: int
    width: int
    height: int
    shows: Side
    """``front``, or the cheek of the subject's own side that is turned to the camera."""


def find_face(grey: "Grey", side: Side) -> Face | None:
    """Find the largest face of a grey picture; side views are looked for where one is expected."""
    import cv2

    # without it the cascades miss faces of darker tone
    even: Grey = cv2.equalizeHist(grey)  # type: ignore[assignment]
    with _LOCK:
        frontal = _first_found(even)
        if side in {Side.FRONT, Side.OTHER}:
            return frontal
        turned = _turned_faces(even)
    expected = [face for face in turned if face.shows is side]
    return max(expected or turned, key=lambda face: face.width, default=frontal)


def _first_found(even: "Grey") -> Face | None:
    for name in _FRONTAL:
        found = _detect(even, name, Side.FRONT)
        if found:
            return max(found, key=lambda face: face.width)
    return None


def _turned_faces(even: "Grey") -> list[Face]:
    import cv2

    width = even.shape[1]
    mirrored: Grey = cv2.flip(even, 1)  # type: ignore[assignment]
    right = [
        Face(width - face.x - face.width, face.y, face.width, face.height, Side.RIGHT)
        for face in _detect(mirrored, _PROFILE, Side.RIGHT)
    ]
    return _detect(even, _PROFILE, Side.LEFT) + right


def _detect(even: "Grey", name: str, shows: Side) -> list[Face]:
    edge = max(24, int(min(even.shape) * _SMALLEST_SHARE))
    boxes = _cascade(name).detectMultiScale(even, 1.1, 4, minSize=(edge, edge))
    return [Face(int(x), int(y), int(w), int(h), shows) for x, y, w, h in boxes]


@cache
def _cascade(name: str) -> "cv2.CascadeClassifier":
    import cv2

    cascade = cv2.CascadeClassifier(str(cascade_folder() / name))
    if cascade.empty():
        raise StationError(
            "A part of the program is missing: pictures can't be checked for faces. They are taken "
            "in all the same; ask your IT to install the program again.",
            title="Face check not available",
        )
    return cascade


def cascade_folder() -> Path:
    """Where the cascades lie: in OpenCV's package, or beside it in the built program."""
    import cv2.data

    packaged = Path(cv2.data.haarcascades)
    built = Path(getattr(sys, "_MEIPASS", packaged)) / "cv2" / "data"
    return packaged if packaged.is_dir() else built
