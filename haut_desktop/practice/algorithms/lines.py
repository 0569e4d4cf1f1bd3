"""Lines and wrinkles as dark ridges in the lightness of the skin."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.measurement import Area, Measurement, density, score
from haut_desktop.practice.algorithms.overlays import (
    Line,
    make_polygon_mask,
    make_polyline_mask,
    make_raster,
)
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.regions import (
    Plane,
    Region,
    fall_off,
    find_regions,
    require_full_face,
    shrink,
)

_AREAS: Final = ("forehead", "left_eye_area", "right_eye_area", "left_cheek", "right_cheek")
_SCALES: Final = (0.006, 0.011)
_LEAST_DEPTH: Final = 0.016
_DEEP: Final = 0.06
"""Loss of lightness as a share of the skin's own."""
_LEAST_LENGTH: Final = 0.10


@dataclass(frozen=True, slots=True, eq=False)
class _Ridge:
    line: Line
    pixels: tuple[NDArray[np.intp], NDArray[np.intp]]
    depth: float
    length: float


def measure_lines(picture: Picture) -> Measurement:
    """Ridges by the eigenvalues of the Hessian at two scales (Frangi et al., MICCAI 1998).

    What is dark across and even along is a ridge; connected ridges of enough length are lines,
    deep above six per cent loss of lightness. The score halves at a summed length times relative
    depth of 0.35 units per squared unit of skin.
    """
    work = picture.working
    require_full_face(work)
    typical = max(5.0, float(np.median(work.lab[..., 0][work.skin]))) if work.skin.any() else 50.0
    strength = _find_ridges(np.asarray(work.lab[..., 0] / typical, np.float32), work.unit_px)
    strength *= shrink(work.skin, 0.03 * work.unit_px)
    ridges = _collect(strength, work.unit_px)
    marks = np.zeros(work.skin.shape, np.float32)
    for ridge in ridges:
        marks[ridge.pixels] = min(1.0, ridge.depth / (1.5 * _DEEP))
    areas = tuple(
        _rate(name, ridges, region, work.unit_px)
        for name, region in find_regions(work, _AREAS).items()
    )
    deep = np.zeros(work.skin.shape, np.bool_)
    for ridge in ridges:
        if ridge.depth >= _DEEP:
            deep[ridge.pixels] = True
    fine = [ridge.line for ridge in ridges if ridge.depth < _DEEP]
    masks = (
        make_polygon_mask(picture, "deep_lines_mask", "rgba(69, 58, 148, 0.75)", deep),
        make_polyline_mask(picture, "fine_lines_mask", "rgba(111, 134, 214, 0.9)", fine),
    )
    return Measurement(areas, masks, make_raster(picture, marks))


def _find_ridges(plane: Plane, unit_px: float) -> Plane:
    """Height x width: contrast of dark ridges, 0 where there is none."""
    best = np.zeros(plane.shape, np.float32)
    for scale in _SCALES:
        sigma = max(1.0, scale * unit_px)
        smooth = cv2.GaussianBlur(plane, (0, 0), sigma)
        xx = cv2.Sobel(smooth, cv2.CV_32F, 2, 0, ksize=3, scale=0.25)
        yy = cv2.Sobel(smooth, cv2.CV_32F, 0, 2, ksize=3, scale=0.25)
        xy = cv2.Sobel(smooth, cv2.CV_32F, 1, 1, ksize=3, scale=0.25)
        half, spread = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy**2)
        across, along = half + spread, np.abs(half - spread)
        ridge = np.where(across > 0, sigma**2 * (across - 1.5 * along), 0.0)
        best = np.maximum(best, ridge.astype(np.float32))
    return best


def _collect(strength: Plane, unit_px: float) -> list[_Ridge]:
    """Hysteresis: weak ridge pixels count where they hang together with strong ones."""
    weak = (strength > 0.5 * _LEAST_DEPTH).astype(np.uint8)
    number, labels, stats, _ = cv2.connectedComponentsWithStats(weak, connectivity=8)
    ridges = []
    for label in range(1, number):
        x, y, w, h, area = (int(v) for v in stats[label])
        if np.hypot(w, h) < _LEAST_LENGTH * unit_px or area < 6:
            continue
        rows, columns = np.nonzero(labels[y : y + h, x : x + w] == label)
        rows, columns = rows + y, columns + x
        depth = float(np.percentile(strength[rows, columns], 80))
        line, length = _straighten(rows, columns)
        slim = length / max(1.0, area / max(1.0, length))
        if depth >= _LEAST_DEPTH and length >= _LEAST_LENGTH * unit_px and slim > 4.0:
            ridges.append(_Ridge(line, (rows, columns), depth * 2.0, length))
    return ridges


def _straighten(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> tuple[Line, float]:
    """A polyline along the main direction of the pixels, and its length."""
    points = np.stack([columns, rows], axis=1).astype(np.float32)
    centre = points.mean(axis=0)
    _, vectors = np.linalg.eigh(np.cov((points - centre).T))
    along = (points - centre) @ vectors[:, 1]
    edges = np.linspace(along.min(), along.max() + 1e-3, max(3, int(np.ptp(along) / 6)) + 1)
    slot = np.digitize(along, edges) - 1
    nodes = [points[slot == k].mean(axis=0) for k in range(len(edges) - 1) if (slot == k).any()]
    line = np.asarray(nodes, np.float32)
    steps = np.diff(line, axis=0)
    return line, float(np.hypot(steps[:, 0], steps[:, 1]).sum())


def _rate(name: str, ridges: list[_Ridge], region: Region, unit_px: float) -> Area:
    skin = max(1.0, float(region.sum())) / unit_px**2
    deep = fine = burden = 0.0
    for ridge in ridges:
        share = float(region[ridge.pixels].mean())
        length = share * ridge.length / unit_px
        burden += length * min(2.0, ridge.depth / _DEEP)
        deep, fine = (deep + length, fine) if ridge.depth >= _DEEP else (deep, fine + length)
    return Area(
        name,
        score("Lines", "lines_score", fall_off(burden / skin, 2.2)),
        (
            density("Deep lines", "deep_lines_density", deep / skin),
            density("Fine lines", "fine_lines_density", fine / skin),
        ),
    )
