"""Photographs as a camera writes them: as many megabytes and pixels, each with bytes of its own."""

import math
from io import BytesIO
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from haut_desktop.practice.pictures.person import Person, SkinTone
from haut_desktop.practice.pictures.portrait import draw_face

_TONES: Final = (SkinTone.LIGHT, SkinTone.TAN, SkinTone.DARK)
_BYTES_PER_PIXEL: Final = 8 / 18
"""A camera's fine setting: 18 megapixels in 8 MB."""
_DRAWN_PX: Final = 900
_GRAIN: Final = 3.5
"""Standard deviation of a sensor's noise, in steps of 8 bits; with it the size is a camera's."""
_NUMBER: Final = b"\xff\xfe\x00\x0a"
"""A JPEG comment of eight bytes, which follows."""

MADE: Final = (
    "three drawn faces at a camera's resolution, with a sensor's grain, saved as JPEG so finely "
    "that the size is right; every file carries a comment of its own, so that no two are the same"
)


def write_photographs(folder: Path, number: int, size_bytes: int) -> list[Path]:
    """Write ``number`` JPEG files of about ``size_bytes`` each."""
    folder.mkdir()
    taken = [_photograph(index, size_bytes) for index in range(min(number, len(_TONES)))]
    files = [folder / f"IMG_{index:04}.jpg" for index in range(number)]
    for index, file in enumerate(files):
        picture = taken[index % len(taken)]
        file.write_bytes(picture[:2] + _NUMBER + b"%08d" % index + picture[2:])
    return files


def _photograph(index: int, size_bytes: int) -> bytes:
    edge = math.sqrt(size_bytes / _BYTES_PER_PIXEL / 1.25)
    drawn_px = min(_DRAWN_PX, round(edge))
    face = draw_face(Person(3 + index, _TONES[index]), size=drawn_px).rgb
    large = cv2.resize(face, (round(edge), round(edge * 1.25)), interpolation=cv2.INTER_CUBIC)
    return _of_size(_with_grain(np.asarray(large, np.uint8), index), size_bytes)


def _with_grain(pixels: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    grain = np.random.default_rng(seed).normal(0, _GRAIN, pixels.shape[:2]).astype(np.float32)
    return np.asarray(np.clip(pixels + grain[..., None], 0, 255), np.uint8)


def _of_size(pixels: NDArray[np.uint8], size_bytes: int) -> bytes:
    """Save at the quality whose size comes nearest."""
    picture = Image.fromarray(pixels)
    low, high = 60, 98
    while low < high:
        middle = (low + high) // 2
        if len(_jpeg(picture, middle)) < size_bytes:
            low = middle + 1
        else:
            high = middle
    return _jpeg(picture, low)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    made = BytesIO()
    picture.save(made, "JPEG", quality=quality)
    return made.getvalue()
