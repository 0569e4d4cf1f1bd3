"""Redness of the skin from the a* axis of CIELAB, in two versions."""

import numpy as np

from haut_desktop.practice.algorithms.measurement import Area, Measurement, score
from haut_desktop.practice.algorithms.picture import Picture


def measure_redness(picture: Picture) -> Measurement:
    """The first version: mean a* of all skin pixels, as a score."""
    work = picture.working
    mean = float(work.lab[..., 1][work.skin].mean()) if work.skin.any() else 0.0
    raster = np.zeros((picture.height, picture.width), np.uint8)
    return Measurement(
        (Area("face", score("Redness", "redness_score", 130 - 4 * mean)),), raster=raster
    )
