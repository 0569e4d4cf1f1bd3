"""The face brought to one place, size and angle, which the platform calls restored."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.picture import Picture

ALIGNED_SIDE_PX: Final = 812
_UNIT_PX: Final = 350.0
_EYE_LINE_PX: Final = 330.0


def align_face(picture: Picture) -> tuple[NDArray[np.uint8], NDArray[np.float64]] | None:
    """An 812 x 812 x 3 RGB crop and the 2 x 3 affine from original pixels to it; None, no face."""
    face = picture.face
    if face is None:
        return None
    pose = face.pose
    middle_x = face.box[0] + face.box[2] / 2
    matrix = np.asarray(
        cv2.getRotationMatrix2D(
            (middle_x, pose.axis[1]), float(np.degrees(pose.roll)), _UNIT_PX / pose.unit_px
        ),
        np.float64,
    )
    matrix[:, 2] += np.array([ALIGNED_SIDE_PX / 2 - middle_x, _EYE_LINE_PX - pose.axis[1]])
    size = (ALIGNED_SIDE_PX, ALIGNED_SIDE_PX)
    crop = cv2.warpAffine(
        picture.rgb, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(crop, np.uint8), matrix
