"""Which pixels show skin."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.face_model import fill
from haut_desktop.practice.algorithms.faces import Face, find_skin_colour


def find_skin(
    rgb: NDArray[np.uint8], lab: NDArray[np.float32], face: Face | None
) -> NDArray[np.bool_]:
    """Height x width: skin inside the face's outline, or in the whole picture without a face."""
    if face is None:
        return _close(_drop_crumbs(find_skin_colour(rgb)), max(rgb.shape[:2]) / 60)
    outline = fill(face.outline, rgb.shape[:2])
    samples = np.zeros_like(outline)
    for name in ("left_cheek", "right_cheek", "nose", "forehead"):
        if name in face.areas:
            samples |= fill(face.areas[name], rgb.shape[:2])
    samples &= outline
    if not samples.any():
        return outline
    skin = outline & _resembles(lab, np.median(lab[samples], axis=0).astype(np.float32))
    skin = _close(skin, 0.05 * face.pose.unit_px) & outline
    for part in face.not_skin:
        skin &= ~fill(part, rgb.shape[:2])
    return skin


def _resembles(lab: NDArray[np.float32], typical: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Close to the face's own typical colour: keeps shadows and findings, drops hair and cloth."""
    lightness, red, yellow = np.moveaxis(lab - typical, -1, 0)
    darkest = -0.42 * typical[0]
    near = (lightness > darkest) & (lightness < 28) & (np.abs(red) < 17) & (np.abs(yellow) < 15)
    return np.asarray(near, np.bool_)


def _close(mask: NDArray[np.bool_], radius_px: float) -> NDArray[np.bool_]:
    """Fill holes as small as findings, drop crumbs."""
    size = max(1, round(radius_px)) * 2 + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)
    return _drop_crumbs(np.asarray(closed, np.bool_))


def _drop_crumbs(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, kernel), np.bool_)
