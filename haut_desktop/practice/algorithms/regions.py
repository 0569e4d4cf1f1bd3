"""The regions of skin that algorithms speak about, and what they have in common."""

from collections.abc import Iterable, Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.face_model import fill
from haut_desktop.practice.algorithms.measurement import AlgorithmFailedError
from haut_desktop.practice.algorithms.picture import WorkingCopy

Plane = NDArray[np.float32]
Region = NDArray[np.bool_]

_LEAST_SKIN_PX: Final = 400
_LEAST_FACE_SHARE: Final = 0.97


def find_regions(work: WorkingCopy, names: Iterable[str] = ()) -> Mapping[str, Region]:
    """Skin by area name, `face` (or `skin` without a face) first; empty areas are missing."""
    if int(work.skin.sum()) < _LEAST_SKIN_PX:
        raise AlgorithmFailedError("No skin detected")
    if work.face is None:
        return {"skin": work.skin}
    regions = {"face": work.skin}
    for name in names:
        if name in work.face.areas:
            region = work.skin & fill(work.face.areas[name], work.skin.shape)
            if int(region.sum()) >= 30:
                regions[name] = region
    return regions


def require_full_face(work: WorkingCopy) -> None:
    """Refuse a face that the picture's edge cuts off."""
    if share_of_face(work) < _LEAST_FACE_SHARE:
        raise AlgorithmFailedError("Not full face")


def share_of_face(work: WorkingCopy) -> float:
    """0..1: how much of the face's outline lies inside the picture."""
    face = work.face
    if face is None:
        return 0.0
    height, width = work.skin.shape
    pad = round(max(face.box[2:]))
    whole = fill(
        face.outline + np.array([pad, pad], np.float32), (height + 2 * pad, width + 2 * pad)
    )
    inside = whole[pad : pad + height, pad : pad + width]
    return float(inside.sum() / max(1, whole.sum()))


def smooth_within(plane: Plane, region: Region, sigma_px: float) -> Plane:
    """A Gaussian blur that only knows the pixels of the region."""
    weight = region.astype(np.float32)
    near = cv2.GaussianBlur(plane * weight, (0, 0), sigma_px)
    known = cv2.GaussianBlur(weight, (0, 0), sigma_px)
    return np.asarray(near / np.maximum(known, 1e-3), np.float32)


def shrink(region: Region, by_px: float) -> Region:
    """The region without its rim, where the surroundings disturb."""
    size = max(1, round(by_px)) * 2 + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(
        cv2.erode(region.astype(np.uint8), kernel, borderType=cv2.BORDER_REPLICATE), np.bool_
    )


def fall_off(amount: float, half_at: float) -> float:
    """100 for nothing, 50 at `half_at`, towards 0 for more: turns an amount into a score."""
    return float(100.0 * 0.5 ** (max(0.0, amount) / half_at))
