"""The colour of the skin: individual typology angle, its class, and how even it is."""

from typing import Final

import numpy as np

from haut_desktop.practice.algorithms.measurement import Area, Measurement, Metric, score
from haut_desktop.practice.algorithms.overlays import make_heatmap_mask, make_raster
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.regions import (
    Region,
    fall_off,
    find_regions,
    shrink,
    smooth_within,
)

_AREAS: Final = ("forehead", "left_cheek", "right_cheek")
_CLASSES: Final = (
    (55.0, "Very light"),
    (41.0, "Light"),
    (28.0, "Intermediate"),
    (-10.0, "Tan"),
    (-30.0, "Brown"),
)


def typology_angle(lightness: float, yellow: float) -> float:
    """ITA = arctan((L* - 50) / b*) * 180 / pi, degrees, -90..90.

    Chardon, Cretois and Hourseau, Int. J. Cosmet. Sci. 13, 1991.
    """
    return float(np.degrees(np.arctan2(lightness - 50.0, max(yellow, 0.01))))


def classify_angle(angle: float) -> str:
    """The platform's six classes; its bound between Tan and Brown is -10, where others use 10."""
    return next((name for bound, name in _CLASSES if angle > bound), "Dark")


def _median_lab(picture: Picture, region: Region) -> tuple[float, float, float]:
    """The medians leave out findings and shine."""
    lightness, red, yellow = np.median(picture.working.lab[region], axis=0)
    return float(lightness), float(red), float(yellow)


def measure_skin_tone(picture: Picture) -> Measurement:
    """The individual typology angle from the median L* and b* of each area."""
    areas = []
    for name, region in find_regions(picture.working, _AREAS).items():
        lab = _median_lab(picture, region)
        angle = Metric("ita_score", "ITA", round(typology_angle(lab[0], lab[2]), 1), "ITA", "deg")
        medians = tuple(
            Metric(f"median_{key}", f"Median {title}", round(value, 1), "numeric")
            for key, title, value in zip("lab", ("L*", "a*", "b*"), lab, strict=True)
        )
        areas.append(Area(name, angle, medians))
    return Measurement(tuple(areas))


def measure_tone_class(picture: Picture) -> Measurement:
    """The class of the individual typology angle of the whole skin."""
    name, region = next(iter(find_regions(picture.working).items()))
    lab = _median_lab(picture, region)
    tone = classify_angle(typology_angle(lab[0], lab[2]))
    return Measurement((Area(name, Metric("skintone_class", "Skin tone", tone, "category")),))


def measure_uniformness(picture: Picture) -> Measurement:
    """How far neighbouring skin differs in colour: CIE 1976 difference from the surroundings.

    Surroundings are a Gaussian of a quarter unit, wide enough to take the light's fall-off with
    it. The score halves at a mean difference of 3.5.
    """
    work = picture.working
    inside = shrink(work.skin, 0.03 * work.unit_px)
    inside = inside if inside.any() else work.skin
    squares = np.zeros(work.skin.shape, np.float32)
    for channel in range(3):
        plane = smooth_within(work.lab[..., channel], inside, 0.01 * work.unit_px)
        around = smooth_within(work.lab[..., channel], inside, 0.25 * work.unit_px)
        squares += (plane - around) ** 2
    difference = np.asarray(np.sqrt(squares) * inside, np.float32)
    areas = tuple(
        Area(
            name,
            score(
                "Uniformness",
                "uniformness_score",
                fall_off(float(difference[region & inside].mean()), 3.5),
            ),
        )
        for name, region in find_regions(work, _AREAS).items()
        if (region & inside).any()
    )
    heat = np.asarray(np.clip((difference - 3.0) / 9.0, 0.0, 1.0), np.float32)
    mask = make_heatmap_mask(picture, "uniformness_mask", "rgba(233, 162, 59, 0.5)", heat)
    return Measurement(areas, (mask,), make_raster(picture, heat))
