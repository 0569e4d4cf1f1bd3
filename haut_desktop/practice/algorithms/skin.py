"""Which pixels show skin."""

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.faces import Face


def find_skin(rgb: NDArray[np.uint8], face: Face | None) -> NDArray[np.bool_]:
    """Height x width: skin inside the face's outline, or in the whole picture without a face.

    Skin is where Cr and Cb lie in the box of Chai and Ngan (IEEE Trans. CSVT 9(4), 1999), a little
    widened; chrominance hardly depends on how dark the skin is.
    """
    ycrcb = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
    skin = cv2.inRange(ycrcb, np.array([20, 131, 75]), np.array([255, 185, 132])) > 0
    if face is not None:
        inside = np.zeros(skin.shape, np.uint8)
        cv2.fillPoly(inside, [np.round(face.outline).astype(np.int32)], 1)
        skin &= inside > 0
    return np.asarray(skin, dtype=np.bool_)
