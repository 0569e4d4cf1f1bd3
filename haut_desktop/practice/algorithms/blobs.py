"""Round dark (or, on a negated plane, bright) findings by differences of Gaussians."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from haut_desktop.practice.algorithms.regions import Plane, Region, smooth_within

_STEP: Final = 1.6
"""Ratio of the two Gaussians; 1.6 comes closest to the Laplacian (Marr and Hildreth, 1980)."""
_DISC_RESPONSE: Final = 0.30
"""Largest response of the difference, at 1.6, to a disc of contrast 1."""
_LEAST_ROUNDNESS: Final = 0.40


@dataclass(frozen=True, slots=True)
class Blob:
    """A round finding in working pixels; the contrast in units of the plane."""

    x: float
    y: float
    radius: float
    contrast: float


def find_blobs(
    plane: Plane, region: Region, radii_px: Sequence[float], least_contrast: float
) -> list[Blob]:
    """Dark blobs of about these radii in the region, strongest first, none inside another.

    Scale space extrema of the difference of Gaussians (Lowe, IJCV 60, 2004); long ridges are
    dropped by the ratio of the eigenvalues of the Hessian.
    """
    filled = np.where(region, plane, smooth_within(plane, region, max(radii_px) * 2)).astype(
        np.float32
    )
    found: list[Blob] = []
    for radius in radii_px:
        found += _extrema(filled, region, radius, least_contrast)
    return _keep_strongest(found)


def _extrema(plane: Plane, region: Region, radius: float, least_contrast: float) -> list[Blob]:
    sigma = radius / np.sqrt(2 * np.log(_STEP**2) / (1 - 1 / _STEP**2)) * 1.1
    inner = np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32)
    response = np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma * _STEP), np.float32) - inner
    size = max(1, round(radius)) * 2 + 1
    peak = cv2.dilate(response, np.ones((size, size), np.uint8))
    at = (response >= peak) & region & (response > least_contrast * _DISC_RESPONSE)
    at &= _is_round(inner)
    rows, columns = np.nonzero(at)
    return [
        Blob(float(x), float(y), radius, float(response[y, x]) / _DISC_RESPONSE)
        for y, x in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def _is_round(plane: Plane) -> NDArray[np.bool_]:
    xx = cv2.Sobel(plane, cv2.CV_32F, 2, 0, ksize=3)
    yy = cv2.Sobel(plane, cv2.CV_32F, 0, 2, ksize=3)
    xy = cv2.Sobel(plane, cv2.CV_32F, 1, 1, ksize=3) * 0.5
    half, spread = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + (2 * xy) ** 2)
    return np.asarray((half - spread) > _LEAST_ROUNDNESS * (half + spread), np.bool_)


def _keep_strongest(blobs: list[Blob]) -> list[Blob]:
    kept: list[Blob] = []
    cells: dict[tuple[int, int], list[Blob]] = {}
    reach = 2 * max((blob.radius for blob in blobs), default=1.0)
    for blob in sorted(blobs, key=lambda b: -b.contrast):
        column, row = int(blob.x // reach), int(blob.y // reach)
        near = (
            other
            for i in (column - 1, column, column + 1)
            for j in (row - 1, row, row + 1)
            for other in cells.get((i, j), ())
        )
        if all(np.hypot(o.x - blob.x, o.y - blob.y) > o.radius + 0.5 * blob.radius for o in near):
            cells.setdefault((column, row), []).append(blob)
            kept.append(blob)
    return kept


def draw_blobs(blobs: Sequence[Blob], shape: tuple[int, int], full_at: float) -> Plane:
    """Height x width, 0..1: soft discs as strong as the blobs' contrast."""
    plane = np.zeros(shape, np.float32)
    for blob in sorted(blobs, key=lambda b: b.contrast):
        centre = (round(blob.x), round(blob.y))
        cv2.circle(plane, centre, max(1, round(blob.radius)), min(1.0, blob.contrast / full_at), -1)
    return plane
