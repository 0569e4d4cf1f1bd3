"""Where the face is, which way it looks, and where its areas lie."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.face_model import (
    AREAS,
    EYE_DISTANCE,
    NOT_SKIN,
    OUTLINE,
    RADIUS,
    Polygon,
    Pose,
)

Side = Literal["front", "left", "right"]
Grey = NDArray[np.uint8]
Rect = tuple[int, int, int, int]

_FRONTAL: Final = "haarcascade_frontalface_alt.xml"
_FRONTAL_TOO: Final = "haarcascade_frontalface_default.xml"
"""Sees faces that the first one misses, and more that are not there."""
_PROFILE: Final = "haarcascade_profileface.xml"
_EYE: Final = "haarcascade_eye.xml"
CASCADES: Final = (_FRONTAL, _FRONTAL_TOO, _PROFILE, _EYE)
"""Files of OpenCV's that are loaded here, each named in full: the frozen program ships these."""

_DETECTION_SIDE_PX: Final = 640
_TURNED_YAW: Final = 0.60
_UNITS_PER_FRONTAL_BOX: Final = 1.74
_UNITS_PER_PROFILE_BOX: Final = 2.2
_UNITS_PER_TURNED_BOX: Final = 1.62
_DOUBTFUL_LEAN: Final = 0.08
_TURNED_LEAN: Final = 0.17
_EYES_IN_BOX: Final = 0.445
_LEAST_SKIN_SHARE: Final = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face in a picture; left and right are the subject's own."""

    box: tuple[float, float, float, float]
    """x, y, width, height in pixels: forehead to chin, cheek to cheek."""
    side: Side
    """`left` shows the subject's left cheek."""
    pose: Pose
    outline: Polygon
    """The skin of the face with forehead and chin, N x 2 (x, y) pixels."""
    areas: Mapping[str, Polygon]
    """forehead, nose, left_cheek, right_cheek, chin, left_eye_area, right_eye_area."""
    not_skin: tuple[Polygon, ...]
    """Eyes, brows, mouth and nostrils."""

    @classmethod
    def posed(cls, side: Side, pose: Pose) -> "Face":
        """The model's face in this pose."""
        outline = pose.project(OUTLINE)
        low, high = outline.min(axis=0), outline.max(axis=0)
        return cls(
            (float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])),
            side,
            pose,
            outline,
            {name: pose.project(area) for name, area in AREAS.items() if _can_be_seen(name, side)},
            tuple(pose.project(part) for part in NOT_SKIN),
        )

    def scaled(self, factor: float) -> "Face":
        """The same face in a picture `factor` times as large."""
        return Face.posed(self.side, self.pose.scaled(factor))


def _can_be_seen(area: str, side: Side) -> bool:
    hidden = {"front": "nothing", "left": "right_cheek", "right": "left_cheek"}[side]
    return area != hidden


@dataclass(frozen=True, slots=True, eq=False)
class _Scene:
    """The small picture that is searched."""

    rgb: NDArray[np.uint8]
    grey: Grey
    skin: NDArray[np.bool_]


def find_face(rgb: NDArray[np.uint8]) -> Face | None:
    """The largest face in a height x width x 3 RGB picture.

    Haar cascades (Viola and Jones, CVPR 2001) on a picture of at most 640 px whose contrast is
    equalised by tiles, without which dark faces are missed; a hit counts only where there is skin.
    """
    factor = min(1.0, _DETECTION_SIDE_PX / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * factor)), max(1, round(rgb.shape[0] * factor)))
    small = np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    grey = np.asarray(cv2.createCLAHE(3.0, (8, 8)).apply(grey), np.uint8)
    scene = _Scene(small, grey, _may_be_skin(small))
    face = _find_frontal(scene, _FRONTAL, 0.14) or _find_profile(scene)
    face = face or _find_frontal(scene, _FRONTAL_TOO, 0.3)
    return face.scaled(1.0 / factor) if face else None


def find_skin_colour(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Height x width: Cr and Cb in the box of Chai and Ngan (IEEE Trans. CSVT 9, 1999), widened.

    Chrominance hardly depends on how dark skin is.
    """
    ycrcb = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
    low, high = np.array([20, 132, 75]), np.array([255, 190, 128])
    return np.asarray(cv2.inRange(ycrcb, low, high), np.bool_)


def _may_be_skin(rgb: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Skin colour, or everything when the picture has no colours, as under ultraviolet light."""
    red = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb), np.uint8)[..., 1]
    if float(red.std()) < 4.0 and float(red.mean()) < 134:
        return np.ones(rgb.shape[:2], np.bool_)
    return find_skin_colour(rgb)


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / name))


def _detect(grey: Grey, name: str, skin: NDArray[np.bool_], least_share: float) -> Rect | None:
    """The largest hit, of that share of the picture or more, that shows skin in its middle."""
    least = max(24, int(min(grey.shape) * least_share))
    hits = _cascade(name).detectMultiScale(grey, 1.1, 5, minSize=(least, least))
    rects: list[Rect] = [(int(x), int(y), int(w), int(h)) for x, y, w, h in hits]
    for x, y, w, h in sorted(rects, key=lambda rect: -rect[2]):
        middle = skin[y + h // 4 : y + 3 * h // 4, x + w // 4 : x + 3 * w // 4]
        if middle.size and float(middle.mean()) >= _LEAST_SKIN_SHARE:
            return x, y, w, h
    return None


def _find_frontal(scene: _Scene, name: str, least: float) -> Face | None:
    hit = _detect(scene.grey, name, scene.skin, least)
    if hit is None:
        return None
    x, y, w, _ = hit
    unit, roll = w / _UNITS_PER_FRONTAL_BOX, 0.0
    centre = (x + w / 2, y + _EYES_IN_BOX * w)
    lean = _lean(_same_colour(scene, hit), hit)
    profile = _find_profile(scene) if abs(lean) > _DOUBTFUL_LEAN else None
    side: Side = "left" if lean > 0 else "right"
    if abs(lean) < _TURNED_LEAN and (profile is None or profile.side != side):
        side = "front"
    eyes = _find_eyes(scene.grey, hit) if side == "front" else None
    if eyes is not None:
        across, down = eyes[1][0] - eyes[0][0], eyes[1][1] - eyes[0][1]
        unit = 0.5 * unit + 0.5 * float(np.hypot(across, down)) / EYE_DISTANCE
        roll = float(np.arctan2(down, across))
        centre = ((eyes[0][0] + eyes[1][0]) / 2, (eyes[0][1] + eyes[1][1]) / 2)
    if side != "front":
        agrees = profile is not None and profile.side == side
        unit = profile.pose.unit_px if profile and agrees else w / _UNITS_PER_TURNED_BOX
    yaw = {"front": 0.0, "left": -_TURNED_YAW, "right": _TURNED_YAW}[side]
    axis = (centre[0] - RADIUS * unit * float(np.sin(yaw)), centre[1])
    return Face.posed(side, Pose(axis, unit, yaw, roll))


def _same_colour(scene: _Scene, hit: Rect) -> NDArray[np.bool_]:
    """Height x width: skin whose chrominance is that of the middle of the hit."""
    x, y, w, h = hit
    chroma = np.asarray(cv2.cvtColor(scene.rgb, cv2.COLOR_RGB2YCrCb), np.float32)[..., 1:]
    middle = chroma[y + h // 2 : y + 3 * h // 4, x + w // 3 : x + 2 * w // 3].reshape(-1, 2)
    away = np.abs(chroma - np.median(middle, axis=0)).max(axis=2)
    return np.asarray(scene.skin & (away < 14.0), np.bool_)


def _lean(skin: NDArray[np.bool_], hit: Rect) -> float:
    """How far the skin at cheek height lies to the picture's right of the hit, in its widths."""
    x, y, w, h = hit
    band = skin[y + int(0.5 * h) : y + int(0.75 * h)]
    filled = band.mean(axis=0) > 0.5 if band.size else np.zeros(skin.shape[1], np.bool_)
    left = right = min(skin.shape[1] - 1, x + w // 2)
    limit = int(1.1 * w)
    while left > max(0, x + w // 2 - limit) and filled[max(0, left - 6) : left].any():
        left -= 1
    while right < min(len(filled), x + w // 2 + limit) and filled[right + 1 : right + 7].any():
        right += 1
    return float(((left + right) / 2 - (x + w / 2)) / w)


def _find_eyes(grey: Grey, hit: Rect) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Centres of the picture's left and right eye, when both are where eyes can be."""
    x, y, w, h = hit
    top = y + int(0.18 * h)
    upper = np.ascontiguousarray(grey[top : y + int(0.62 * h), x : x + w])
    least = max(8, w // 8)
    hits = _cascade(_EYE).detectMultiScale(upper, 1.08, 4, minSize=(least, least))
    centres = [_find_pupil(upper, (int(a), int(b), int(c), int(d))) for a, b, c, d in hits]
    centres = [(x + across, top + down) for across, down in centres]
    middle = x + w / 2
    lefts = [p for p in centres if 0.08 * w < middle - p[0] < 0.32 * w]
    rights = [p for p in centres if 0.08 * w < p[0] - middle < 0.32 * w]
    if not lefts or not rights:
        return None
    pairs = [(a, b) for a in lefts for b in rights if abs(a[1] - b[1]) < 0.35 * (b[0] - a[0])]
    return min(pairs, key=lambda pair: abs(pair[0][1] - pair[1][1]), default=None)


def _find_pupil(grey: Grey, eye: Rect) -> tuple[float, float]:
    """The centre of the darkest twelfth in the middle of an eye, steadier than the hit itself."""
    x, y, w, h = eye
    left, top = x + w // 5, y + h // 3
    middle = grey[top : y + 3 * h // 4, left : x + 4 * w // 5]
    rows, columns = np.nonzero(middle <= np.percentile(middle, 100 / 12))
    return left + float(columns.mean()), top + float(rows.mean())


def _find_profile(scene: _Scene) -> Face | None:
    """A turned face; the cascade knows the subject's left side, the mirrored picture the right."""
    grey, skin = scene.grey, scene.skin
    mirrored = np.ascontiguousarray(grey[:, ::-1]), np.ascontiguousarray(skin[:, ::-1])
    hits = (
        _detect(grey, _PROFILE, skin, 0.3),
        _detect(mirrored[0], _PROFILE, mirrored[1], 0.3),
    )
    found = max((hit for hit in hits if hit), key=lambda hit: hit[2], default=None)
    if found is None:
        return None
    x, y, w, h = found
    is_left = found is hits[0]
    unit = w / _UNITS_PER_PROFILE_BOX
    middle = x + w / 2 + 0.10 * unit
    axis_x = middle if is_left else grey.shape[1] - middle
    yaw = -_TURNED_YAW if is_left else _TURNED_YAW
    return Face.posed("left" if is_left else "right", Pose((axis_x, y + 0.47 * h), unit, yaw, 0.0))
