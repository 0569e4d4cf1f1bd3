"""Dark and red round findings: pigmentation, pores, breakouts."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from haut_desktop.practice.algorithms.blobs import Blob, draw_blobs, find_blobs
from haut_desktop.practice.algorithms.measurement import (
    Area,
    Measurement,
    Metric,
    count,
    density,
    score,
)
from haut_desktop.practice.algorithms.overlays import (
    make_heatmap_mask,
    make_point_mask,
    make_raster,
)
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.regions import (
    Plane,
    Region,
    fall_off,
    find_regions,
    shrink,
    smooth_within,
)

_SPOT_RADII: Final = (0.009, 0.013, 0.018, 0.025, 0.034)
_PIMPLE_RADII: Final = (0.012, 0.018, 0.026)
_PORE_RADII: Final = (0.004, 0.006)
"""In units of about half a head."""
_LEAST_SPOT_DEPTH: Final = 0.062
_LEAST_PORE_DEPTH: Final = 0.022
"""Loss of lightness as a share of the skin's own."""
_LEAST_SPOT_DROP: Final = 1.0
_LEAST_PORE_DROP: Final = 0.5
"""L* that the loss must exceed in any case: noise does not fade as skin gets darker."""
_LEAST_PIMPLE_RISE: Final = 3.6
"""Rise of a* above the surroundings."""


def measure_pigmentation(picture: Picture) -> Measurement:
    """Spots darker than the skin around them: blobs in L* of 1 to 3 mm radius on a face.

    Depth is the loss of L* as a share of the skin's median L*, so that dark and light skin are
    treated alike. The score halves when spots cover 12 per mille of the skin at full depth.
    """
    spots = find_spots(picture)
    regions = find_regions(
        picture.working, ("forehead", "nose", "left_cheek", "right_cheek", "chin")
    )
    areas = tuple(
        _rate_regions("pigmentation_score", "Pigmentation", name, spots, region, 12.0, 0.15)
        for name, region in regions.items()
    )
    return _report(picture, areas, spots, "pigmentation_mask", "rgba(139, 90, 43, 0.6)", 0.2)


def find_spots(picture: Picture) -> list[Blob]:
    """Brown spots in working pixels; the contrast is the share of lightness that is missing."""
    work = picture.working
    lightness = work.lab[..., 0]
    typical = max(5.0, float(np.median(lightness[work.skin]))) if work.skin.any() else 50.0
    inside = shrink(work.skin, 0.03 * work.unit_px)
    found = find_blobs(
        np.asarray(lightness / typical, np.float32), inside, _radii(picture, _SPOT_RADII),
        _LEAST_SPOT_DEPTH + _LEAST_SPOT_DROP / typical,
    )  # fmt: skip
    red = work.lab[..., 1] - smooth_within(work.lab[..., 1], work.skin, 0.06 * work.unit_px)
    return [blob for blob in found if _at(red, blob) < 0.55 * blob.contrast * typical + 1.0]


def measure_pores(picture: Picture) -> Measurement:
    """Small dark blobs in L* on nose, cheeks and forehead, well below a millimetre in radius.

    The score halves at 900 of them per squared unit (about a palm) of skin.
    """
    work = picture.working
    names = ("forehead", "nose", "left_cheek", "right_cheek")
    regions = dict(find_regions(work, names))
    searched = np.zeros_like(work.skin)
    for name, region in regions.items():
        if name != "face":
            searched |= region
    typical = max(5.0, float(np.median(work.lab[..., 0][work.skin])))
    radii = _radii(picture, _PORE_RADII)
    plane = np.asarray(work.lab[..., 0] / typical, np.float32)
    pores = find_blobs(
        plane, shrink(searched, 2), radii, _LEAST_PORE_DEPTH + _LEAST_PORE_DROP / typical
    )
    spots = draw_blobs(find_spots(picture), work.skin.shape, 0.01) > 0
    pores = [pore for pore in pores if not spots[int(pore.y), int(pore.x)]]
    areas = []
    for name, region in regions.items():
        area = searched if name == "face" else region
        inside = _inside(pores, area)
        per_unit = len(inside) / max(1.0, float(area.sum())) * work.unit_px**2
        subs: tuple[Metric, ...] = ()
        if name in ("face", "skin"):
            subs = (
                count("Number of pores", "pores_number", len(inside)),
                density("Pore density", "pores_density", per_unit),
            )
        areas.append(Area(name, score("Pores", "pores_score", fall_off(per_unit, 900.0)), subs))
    mask = make_point_mask(picture, "pores_mask", "rgba(48, 99, 142, 0.8)", pores, 0.08)
    heat = draw_blobs(pores, work.skin.shape, 0.06)
    return Measurement(tuple(areas), (mask,), make_raster(picture, heat))


def measure_breakouts(picture: Picture) -> Measurement:
    """Small round islands of a* well above the skin around them, as inflamed pimples are.

    The score halves when they cover 5 per mille of the skin.
    """
    work = picture.working
    inside = shrink(work.skin, 0.02 * work.unit_px)
    found = find_blobs(
        np.asarray(-work.lab[..., 1], np.float32), inside, _radii(picture, _PIMPLE_RADII),
        _LEAST_PIMPLE_RISE,
    )  # fmt: skip
    lightness = work.lab[..., 0]
    drop = smooth_within(lightness, work.skin, 0.06 * work.unit_px) - lightness
    pimples = [blob for blob in found if _at(drop, blob) < 1.2 * blob.contrast]
    names = ("forehead", "nose", "left_cheek", "right_cheek", "chin")
    areas = tuple(
        _rate_regions("acne_score", "Breakouts", name, pimples, region, 5.0, 10.0)
        for name, region in find_regions(work, names).items()
    )
    return _report(picture, areas, pimples, "acne_mask", "rgba(230, 57, 70, 0.65)", 10.0)


def _radii(picture: Picture, units: Sequence[float]) -> tuple[float, ...]:
    return tuple(dict.fromkeys(max(1.2, unit * picture.working.unit_px) for unit in units))


def _at(plane: Plane, blob: Blob) -> float:
    row, column, reach = int(blob.y), int(blob.x), max(1, int(blob.radius * 0.6))
    top, left = max(0, row - reach), max(0, column - reach)
    return float(plane[top : row + reach + 1, left : column + reach + 1].mean())


def _inside(blobs: Sequence[Blob], region: Region) -> list[Blob]:
    return [blob for blob in blobs if region[int(blob.y), int(blob.x)]]


def _rate_regions(
    tech_name: str,
    name: str,
    area: str,
    blobs: Sequence[Blob],
    region: Region,
    half_at: float,
    full_at: float,
) -> Area:
    inside = _inside(blobs, region)
    sizes = np.array([np.pi * blob.radius**2 for blob in inside] or [0.0])
    strengths = np.array([min(1.0, blob.contrast / full_at) for blob in inside] or [0.0])
    skin_px = max(1.0, float(region.sum()))
    covered = float((sizes * strengths).sum()) / skin_px * 1000
    return Area(
        area,
        score(name, tech_name, fall_off(covered, half_at)),
        (
            count("Number of regions", "number_of_regions", len(inside)),
            density("Density", "density_score", float(sizes.sum()) / skin_px * 1000, "per mille"),
            density("Average intensity", "average_intensity_score", float(strengths.mean()) * 100),
            density("Average region size", "average_region_size", float(sizes.mean()), "px"),
            density("Spread of region sizes", "region_size_std", float(sizes.std()), "px"),
        ),
    )


def _report(
    picture: Picture,
    areas: tuple[Area, ...],
    blobs: Sequence[Blob],
    mask_name: str,
    fill: str,
    full_at: float,
) -> Measurement:
    heat = draw_blobs(blobs, picture.working.skin.shape, full_at)
    mask = make_heatmap_mask(picture, mask_name, fill, heat, "polygon_mask")
    return Measurement(areas, (mask,), make_raster(picture, heat))
