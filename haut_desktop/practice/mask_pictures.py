"""Draws vector masks as transparent pictures, in the original's or the aligned face's space."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from haut_desktop.practice.algorithms.measurement import Feature, Mask, Measurement

Matrix = NDArray[np.floating[Any]]
"""2 x 3: original pixels to aligned pixels."""
Pixels = NDArray[np.uint8]
Rgba = tuple[int, int, int, int]
_MOST_COLOURS: Final = 256
_OPACITY_STEPS: Final = 20
_NUMBERS: Final = re.compile(r"[\d.]+")
_DEFAULT_COLOUR: Final = (220, 40, 60)


@dataclass(eq=False)
class MaskPicture:
    """Height x width palette indices; 0 is transparent, others a colour at an opacity.

    One byte per pixel: packing four would be half the time of computing a camera's picture.
    """

    indices: Pixels
    palette: list[Rgba] = field(default_factory=lambda: [(0, 0, 0, 0)])

    def index_of(self, colour: Rgba) -> int:
        """The colour's index; past 256 colours the last one stands for the rest."""
        if colour not in self.palette and len(self.palette) < _MOST_COLOURS:
            self.palette.append(colour)
        return self.palette.index(colour) if colour in self.palette else _MOST_COLOURS - 1

    def aligned(self, matrix: Matrix, width: int, height: int) -> "MaskPicture":
        """The mask in the aligned face's space."""
        moved = cv2.warpAffine(self.indices, matrix, (width, height), flags=cv2.INTER_NEAREST)
        return MaskPicture(np.asarray(moved, np.uint8), self.palette)

    def encode(self) -> bytes:
        """A PNG with a palette and its transparency, packed for speed."""
        height, width = self.indices.shape
        image = Image.frombytes("P", (width, height), self.indices.tobytes())
        image.putpalette([level for colour in self.palette for level in colour[:3]])
        data = BytesIO()
        alphas = bytes(colour[3] for colour in self.palette)
        image.save(data, "PNG", transparency=alphas, compress_level=1)
        return data.getvalue()


def draw_masks(measurement: Measurement, width: int, height: int) -> MaskPicture | None:
    """All masks of a measurement together; None without any mask."""
    if not measurement.masks:
        return _draw_raster(measurement)
    picture = MaskPicture(np.zeros((height, width), np.uint8))
    for mask in measurement.masks:
        for feature in mask.features:
            _draw_feature(picture, mask, feature)
    return picture


def encode_png(rgba: Pixels) -> bytes:
    """A PNG of height x width x 4 RGBA pixels, packed for speed."""
    bgra = cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA)
    return cv2.imencode(".png", bgra, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def encode_jpeg(rgb: Pixels) -> bytes:
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


def move_coordinates(geometry: Mapping[str, Any], matrix: Matrix | None) -> Any:
    """A geometry's coordinates, moved by matrix and rounded to a tenth of a pixel."""
    coordinates = geometry["coordinates"]
    if geometry["type"].lower() == "multipoint":
        return [_move_point(point, matrix) for point in coordinates]
    if geometry["type"].lower() == "multipolygon":
        return [
            [[_move_point(p, matrix) for p in ring] for ring in polygon] for polygon in coordinates
        ]
    return [[_move_point(point, matrix) for point in line] for line in coordinates]


def _move_point(point: Any, matrix: Matrix | None) -> list[float]:
    """x and y moved; a third number is a radius and is scaled."""
    x, y, *rest = (float(number) for number in point)
    if matrix is not None:
        (a, b, c), (d, e, f) = matrix.tolist()
        x, y = a * x + b * y + c, d * x + e * y + f
        rest = [radius * abs(a * e - b * d) ** 0.5 for radius in rest]
    return [round(number, 1) for number in (x, y, *rest)]


def _draw_raster(measurement: Measurement) -> MaskPicture | None:
    if measurement.raster is None:
        return None
    return MaskPicture(measurement.raster, [(*_DEFAULT_COLOUR, alpha) for alpha in range(256)])


def _draw_feature(picture: MaskPicture, mask: Mask, feature: Feature) -> None:
    kind = feature["geometry"]["type"].lower()
    coordinates = feature["geometry"]["coordinates"]
    opacity = float(feature.get("properties", {}).get("intensity", 1.0))
    alpha = round(_OPACITY_STEPS * min(1.0, max(0.0, opacity))) * 255 // _OPACITY_STEPS
    index, canvas = picture.index_of((*_read_colour(mask.fill), alpha)), picture.indices
    if kind == "multipoint":
        for x, y, *rest in coordinates:
            radius = max(1, round(rest[0] if rest else 1))
            cv2.circle(canvas, (round(x), round(y)), radius, index, cv2.FILLED)
    elif kind == "multipolygon":
        cv2.fillPoly(canvas, [_to_points(polygon[0]) for polygon in coordinates], index)
    else:
        thickness = max(1, canvas.shape[1] // 500)
        cv2.polylines(canvas, [_to_points(line) for line in coordinates], False, index, thickness)


def _to_points(points: Any) -> NDArray[np.int32]:
    return np.asarray([point[:2] for point in points], np.float64).round().astype(np.int32)


def _read_colour(fill: str) -> tuple[int, int, int]:
    """Red, green, blue of ``#rrggbb``, ``rgb(…)`` or ``rgba(…)``."""
    if fill.startswith("#") and len(fill) >= 7:
        return int(fill[1:3], 16), int(fill[3:5], 16), int(fill[5:7], 16)
    numbers = [int(float(number)) for number in _NUMBERS.findall(fill)[:3]]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else _DEFAULT_COLOUR
