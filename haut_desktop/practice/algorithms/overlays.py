"""Vector masks and rasters in the original picture's pixels from what was found in working ones."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.blobs import Blob
from haut_desktop.practice.algorithms.measurement import Feature, GeometryType, Mask, MaskType
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.regions import Plane

Line = NDArray[np.float32]

_BANDS: Final = (0.3, 0.65, 1.0)
_LEAST_AREA_PX: Final = 8


def make_raster(picture: Picture, intensity: Plane) -> NDArray[np.uint8]:
    """A working plane of 0..1 as 0..255 in the size of the picture."""
    small = np.asarray(np.clip(intensity, 0.0, 1.0) * 255.0 + 0.5, np.uint8)
    size = (picture.width, picture.height)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _feature(intensity: float, kind: GeometryType, coordinates: list[object]) -> Feature:
    return {
        "properties": {"intensity": round(intensity, 2)},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def _to_original(points: Line, scale: float) -> list[list[float]]:
    moved = (points.astype(np.float64) + 0.5) * scale - 0.5
    return [[round(float(x), 1), round(float(y), 1)] for x, y in moved]


def trace(region: NDArray[np.bool_], scale: float) -> list[object]:
    """The outer rings of a working region as the coordinates of a MultiPolygon."""
    contours, _ = cv2.findContours(
        region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    polygons: list[object] = []
    for contour in sorted(contours, key=cv2.contourArea, reverse=True)[:400]:
        if cv2.contourArea(contour) < _LEAST_AREA_PX:
            break
        simple = cv2.approxPolyDP(contour, 0.8, True).reshape(-1, 2).astype(np.float32)
        if len(simple) >= 3:
            ring = _to_original(np.vstack([simple, simple[:1]]), scale)
            polygons.append([ring])
    return polygons


def make_polygon_mask(
    picture: Picture, name: str, fill: str, region: NDArray[np.bool_], intensity: float = 0.6
) -> Mask:
    """The outlines of one region."""
    polygons = trace(region, picture.working.scale)
    features = (_feature(intensity, "MultiPolygon", polygons),) if polygons else ()
    return Mask(name, "polygon_mask", fill, features)


def make_heatmap_mask(
    picture: Picture, name: str, fill: str, intensity: Plane, kind: MaskType = "heatmap_mask"
) -> Mask:
    """Stacked polygons, one feature for each third of the intensity (0..1)."""
    features = []
    for lower, upper in zip((0.12, *_BANDS), _BANDS, strict=False):
        polygons = trace(intensity >= lower, picture.working.scale)
        if polygons:
            features.append(_feature(upper, "MultiPolygon", polygons))
    return Mask(name, kind, fill, tuple(features))


def make_point_mask(
    picture: Picture, name: str, fill: str, blobs: Sequence[Blob], full_at: float
) -> Mask:
    """Circles, grouped by contrast."""
    scale = picture.working.scale
    bands: dict[float, list[object]] = {}
    for blob in blobs:
        strength = min(1.0, blob.contrast / full_at)
        band = next(limit for limit in _BANDS if strength <= limit)
        x, y = _to_original(np.array([[blob.x, blob.y]], np.float32), scale)[0]
        bands.setdefault(band, []).append([x, y, round(blob.radius * scale, 1)])
    features = tuple(_feature(band, "MultiPoint", bands[band]) for band in sorted(bands))
    return Mask(name, "point_mask", fill, features)


def make_polyline_mask(picture: Picture, name: str, fill: str, lines: Sequence[Line]) -> Mask:
    """Lines through working points."""
    drawn: list[object] = [_to_original(line, picture.working.scale) for line in lines]
    features = (_feature(0.7, "MultiLineString", drawn),) if drawn else ()
    return Mask(name, "polyline_mask", fill, features)
