"""Draws vector masks as transparent pictures, in the original's or the aligned face's space."""

import re
from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.measurement import Feature, Mask, Measurement

Matrix = NDArray[np.floating[Any]]
"""2 x 3: original pixels to aligned pixels."""
Pixels = NDArray[np.uint8]
_NUMBERS: Final = re.compile(r"[\d.]+")
_DEFAULT_COLOUR: Final = (220, 40, 60)


def draw_masks(measurement: Measurement, width: int, height: int) -> Pixels | None:
    """Height x width x 4, RGBA, of all masks together; None without any mask."""
    if not measurement.masks:
        return _draw_raster(measurement)
    canvas = np.zeros((height, width, 4), np.uint8)
    for mask in measurement.masks:
        for feature in mask.features:
            _draw_feature(canvas, mask, feature)
    return canvas


def align_mask(mask: Pixels, matrix: Matrix, width: int, height: int) -> Pixels:
    """The mask in the aligned face's space."""
    return np.asarray(cv2.warpAffine(mask, matrix, (width, height)), np.uint8)


def encode_png(rgba: Pixels) -> bytes:
    """A PNG of RGBA pixels, packed for speed."""
    bgra = cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA)
    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    return cv2.imencode(".png", bgra, fast)[1].tobytes()


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


def _draw_raster(measurement: Measurement) -> Pixels | None:
    if measurement.raster is None:
        return None
    canvas = np.zeros((*measurement.raster.shape, 4), np.uint8)
    canvas[..., :3] = _DEFAULT_COLOUR
    canvas[..., 3] = measurement.raster
    return canvas


def _draw_feature(canvas: Pixels, mask: Mask, feature: Feature) -> None:
    kind = feature["geometry"]["type"].lower()
    coordinates = feature["geometry"]["coordinates"]
    opacity = float(feature.get("properties", {}).get("intensity", 1.0))
    colour = (*_read_colour(mask.fill), round(255 * min(1.0, max(0.0, opacity))))
    if kind == "multipoint":
        for x, y, *rest in coordinates:
            radius = max(1, round(rest[0] if rest else 1))
            cv2.circle(canvas, (round(x), round(y)), radius, colour, cv2.FILLED)
    elif kind == "multipolygon":
        cv2.fillPoly(canvas, [_to_points(polygon[0]) for polygon in coordinates], colour)
    else:
        thickness = max(1, canvas.shape[1] // 500)
        cv2.polylines(canvas, [_to_points(line) for line in coordinates], False, colour, thickness)


def _to_points(points: Any) -> NDArray[np.int32]:
    return np.asarray([point[:2] for point in points], np.float64).round().astype(np.int32)


def _read_colour(fill: str) -> tuple[int, int, int]:
    """Red, green, blue of ``#rrggbb``, ``rgb(…)`` or ``rgba(…)``."""
    if fill.startswith("#") and len(fill) >= 7:
        return int(fill[1:3], 16), int(fill[3:5], 16), int(fill[5:7], 16)
    numbers = [int(float(number)) for number in _NUMBERS.findall(fill)[:3]]
    return (numbers[0], numbers[1], numbers[2]) if len(numbers) == 3 else _DEFAULT_COLOUR
