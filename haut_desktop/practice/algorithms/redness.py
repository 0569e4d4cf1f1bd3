"""Redness of the skin from the a* axis of CIELAB, in two versions.

The a* axis follows erythema (Weatherall and Coombs, J. Invest. Dermatol. 99, 1992).
"""

import numpy as np

from haut_desktop.practice.algorithms.measurement import Area, Measurement, score
from haut_desktop.practice.algorithms.overlays import make_heatmap_mask, make_raster
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.regions import (
    Plane,
    Region,
    fall_off,
    find_regions,
    smooth_within,
)

_AREAS = ("forehead", "nose", "left_cheek", "right_cheek")
_FULL_AT = 10.0
_FILL = "rgba(214, 40, 57, 0.55)"


def measure_redness_by_mean(picture: Picture) -> Measurement:
    """Version 1.0: mean a* of the skin, 100 at a* = 4 and 0 at a* = 29, and where a* exceeds 16.

    It cannot tell redness from a complexion that is reddish all over, which is why version 2.0
    exists.
    """
    work = picture.working
    red = smooth_within(work.lab[..., 1], work.skin, 0.012 * work.unit_px)
    areas = tuple(
        Area(name, score("Redness", "redness_score", 116.0 - 4.0 * float(red[region].mean())))
        for name, region in find_regions(work, _AREAS).items()
    )
    heat = np.asarray(np.clip((red - 16.0) / _FULL_AT, 0.0, 1.0) * work.skin, np.float32)
    return _report(picture, areas, heat)


def measure_redness(picture: Picture) -> Measurement:
    """Version 2.0: how far a* rises above the same skin's own typical a*.

    Typical is the 35th percentile, so that two red cheeks do not hide each other. The global score
    is the mean rise, 50 at 2.2; the local one the 95th percentile of the rise, 50 at 8.
    """
    work = picture.working
    rise = find_redness(picture)
    areas = tuple(_rate(name, rise, region) for name, region in find_regions(work, _AREAS).items())
    heat = np.asarray(np.clip((rise - 2.0) / _FULL_AT, 0.0, 1.0) * work.skin, np.float32)
    return _report(picture, areas, heat)


def find_redness(picture: Picture) -> Plane:
    """Height x width (working): a* above the typical a* of the skin, 0 outside the skin."""
    work = picture.working
    red = smooth_within(work.lab[..., 1], work.skin, 0.012 * work.unit_px)
    typical = float(np.percentile(red[work.skin], 35)) if work.skin.any() else 0.0
    return np.asarray(np.maximum(red - typical, 0.0) * work.skin, np.float32)


def _rate(name: str, rise: Plane, region: Region) -> Area:
    general = fall_off(float(rise[region].mean()), 2.2)
    local = fall_off(float(np.percentile(rise[region], 95)), 8.0)
    return Area(
        name,
        score("Redness", "redness_score", 0.5 * general + 0.5 * local),
        (
            score("Local redness", "redness_local_score", local),
            score("Global redness", "redness_global_score", general),
        ),
    )


def _report(picture: Picture, areas: tuple[Area, ...], heat: Plane) -> Measurement:
    mask = make_heatmap_mask(picture, "redness_mask", _FILL, heat)
    return Measurement(areas, (mask,), make_raster(picture, heat))
