"""A predicted picture: what a soothing product might do, for trying out simulations."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.blobs import draw_blobs
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.redness import find_redness
from haut_desktop.practice.algorithms.regions import smooth_within
from haut_desktop.practice.algorithms.spots import find_spots


def predict_effect(picture: Picture) -> NDArray[np.uint8]:
    """Height x width x 3, RGB: the picture with two thirds of the redness and of the spots gone.

    The change is computed on the working copy and added to the original, which keeps its detail.
    """
    work = picture.working
    if not work.skin.any():
        return picture.rgb.copy()
    better = work.lab.copy()
    better[..., 1] -= 0.65 * find_redness(picture)
    spots = [blob for blob in find_spots(picture) if blob.radius > 1.5]
    cover = draw_blobs(spots, work.skin.shape, 0.01)
    wider = cv2.dilate(cover, np.ones((3, 3), np.uint8))
    cover = np.asarray(cv2.GaussianBlur(wider, (0, 0), 1.2), np.float32)
    clear = work.skin & (cover < 0.05)
    for channel in range(3):
        around = smooth_within(better[..., channel], clear, 0.05 * work.unit_px)
        better[..., channel] += 0.65 * cover * (around - better[..., channel])
    after = cv2.cvtColor(better, cv2.COLOR_LAB2RGB) * 255.0
    change = np.asarray(after - work.rgb, np.float32) * work.skin[..., None]
    size = (picture.width, picture.height)
    change = np.asarray(cv2.resize(change, size, interpolation=cv2.INTER_LINEAR), np.float32)
    return np.asarray(np.clip(picture.rgb + change + 0.5, 0, 255), np.uint8)
