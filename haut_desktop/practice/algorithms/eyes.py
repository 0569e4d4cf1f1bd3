"""The skin under the eyes."""

from typing import Final

import numpy as np

from haut_desktop.practice.algorithms.face_model import fill
from haut_desktop.practice.algorithms.measurement import (
    AlgorithmFailedError,
    Area,
    Measurement,
    density,
    score,
)
from haut_desktop.practice.algorithms.overlays import make_heatmap_mask, make_raster
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.regions import (
    fall_off,
    find_regions,
    require_full_face,
    smooth_within,
)

_UNDER_EYE: Final = np.array(
    [(0.24, 0.08), (0.37, 0.10), (0.50, 0.08), (0.50, 0.17), (0.37, 0.20), (0.24, 0.17)],
    np.float32,
)
_BELOW: Final = np.array([(0.28, 0.25), (0.60, 0.24), (0.60, 0.36), (0.28, 0.36)], np.float32)


def measure_dark_circles(picture: Picture) -> Measurement:
    """How much darker the skin under the eyes is than the cheek just below.

    The darker quarter of L* there against the cheek's median, as a share of it; three per cent,
    which the eye's own shadow costs, are added. The score halves with every ten per cent.
    """
    work = picture.working
    require_full_face(work)
    face = work.face
    regions = find_regions(work, ("left_cheek", "right_cheek"))
    smooth = smooth_within(work.lab[..., 0], work.skin, 0.012 * work.unit_px)
    heat = np.zeros(work.skin.shape, np.float32)
    found: dict[str, float] = {}
    for side, sign in (("left", 1), ("right", -1)):
        if face is None or f"{side}_cheek" not in regions:
            continue
        mirror = np.array([sign, 1], np.float32)
        under, below = (
            work.skin & fill(face.pose.project(part * mirror), work.skin.shape)
            for part in (_UNDER_EYE, _BELOW)
        )
        if min(int(under.sum()), int(below.sum())) < 12:
            continue
        cheek = max(5.0, float(np.median(smooth[below])))
        found[side] = max(0.0, 1.0 - float(np.percentile(smooth[under], 25)) / cheek)
        heat[under] = np.clip((1.0 - smooth[under] / cheek) / 0.12, 0.0, 1.0)
    if not found:
        raise AlgorithmFailedError("Not full face")
    mean = sum(found.values()) / len(found)
    areas = [_rate("face", mean), *(_rate(f"{side}_eye_area", v) for side, v in found.items())]
    mask = make_heatmap_mask(
        picture, "dark_circles_mask", "rgba(84, 66, 130, 0.55)", heat, "polygon_mask"
    )
    return Measurement(tuple(areas), (mask,), make_raster(picture, heat))


def _rate(area: str, darkening: float) -> Area:
    return Area(
        area,
        score("Dark circles", "dark_circles_score", fall_off(darkening + 0.03, 0.10)),
        (density("Darkening", "dark_circles_depth", darkening * 100, "%"),),
    )
