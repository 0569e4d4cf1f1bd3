"""A decoded picture with what all algorithms share: working copy, face, skin, CIELAB."""

from dataclasses import dataclass
from functools import cached_property
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from haut_desktop.practice.algorithms.faces import Face, find_face
from haut_desktop.practice.algorithms.skin import find_skin

WORKING_SIDE_PX = 900


class UndecodablePictureError(Exception):
    """The bytes are not a picture that can be decoded."""


@dataclass(frozen=True, slots=True, eq=False)
class WorkingCopy:
    """The picture at most 900 px long, where all algorithms work."""

    rgb: NDArray[np.uint8]
    lab: NDArray[np.float32]
    """CIELAB, D65: L* 0..100, a* and b* about -128..127."""
    skin: NDArray[np.bool_]
    """Skin inside the face, or the whole picture's skin when there is no face."""
    face: Face | None
    """In working pixels."""
    scale: float
    """Original pixels per working pixel."""

    @property
    def unit_px(self) -> float:
        """About half a head in working pixels; without a face the longer side of the picture."""
        return self.face.pose.unit_px if self.face else float(max(self.skin.shape))


class Picture:
    """A picture's pixels, upright; face and skin are found once, when first asked for."""

    def __init__(self, rgb: NDArray[np.uint8]) -> None:
        """Take height x width x 3 pixels, RGB."""
        self._rgb = rgb.view()
        self._rgb.flags.writeable = False

    @classmethod
    def decode(cls, data: bytes) -> "Picture":
        """Decode JPEG, PNG, WEBP and the like, turned upright by their EXIF orientation."""
        try:
            with Image.open(BytesIO(data)) as image:
                upright = ImageOps.exif_transpose(image)
                return cls(np.array(upright.convert("RGB"), dtype=np.uint8))
        except (OSError, ValueError, SyntaxError, EOFError, MemoryError) as error:
            raise UndecodablePictureError("the bytes are not a picture") from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise UndecodablePictureError("the picture has too many pixels") from error

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """Height x width x 3, RGB."""
        return self._rgb

    @property
    def width(self) -> int:
        return int(self._rgb.shape[1])

    @property
    def height(self) -> int:
        return int(self._rgb.shape[0])

    @cached_property
    def working(self) -> WorkingCopy:
        """The copy that algorithms work on; its coordinates times `scale` are original pixels."""
        scale = max(1.0, max(self.width, self.height) / WORKING_SIDE_PX)
        size = (max(1, round(self.width / scale)), max(1, round(self.height / scale)))
        small = (
            self._rgb if scale == 1.0 else cv2.resize(self._rgb, size, None, 0, 0, cv2.INTER_AREA)
        )
        rgb = np.asarray(small, dtype=np.uint8)
        lab = np.asarray(
            cv2.cvtColor(rgb.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB), np.float32
        )
        face = find_face(rgb)
        return WorkingCopy(rgb, lab, find_skin(rgb, lab, face), face, scale)

    @cached_property
    def face(self) -> Face | None:
        """The largest face, in original pixels."""
        return self.working.face.scaled(self.working.scale) if self.working.face else None

    @cached_property
    def skin(self) -> NDArray[np.bool_]:
        """Height x width: the skin inside the face, or all skin when there is no face."""
        mask = cv2.resize(
            self.working.skin.astype(np.uint8),
            (self.width, self.height),
            interpolation=cv2.INTER_NEAREST,
        )
        return np.asarray(mask, dtype=np.bool_)
