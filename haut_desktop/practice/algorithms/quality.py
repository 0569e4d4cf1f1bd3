"""Whether a picture is good enough to be measured."""

import cv2
import numpy as np

from haut_desktop.practice.algorithms.measurement import Area, Measurement, Metric, density, score
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.regions import Region, find_regions, share_of_face

_FULLY_SHARP = 2.2


def measure_quality(picture: Picture) -> Measurement:
    """Face complete, straight, in focus, well lit; the whole is as good as its worst part.

    Focus is the standard deviation of the Laplacian of L* on the skin (Pech-Pacheco et al.,
    ICPR 2000). Lightness looks at burnt and drowned pixels only, never at how dark the skin is.
    """
    work = picture.working
    name, region = next(iter(find_regions(work).items()))
    sharpness = _sharpness(picture, region)
    lightness = work.lab[..., 0][region]
    burnt, drowned = float((lightness > 97).mean()), float((lightness < 5).mean())
    parts = [
        score("Focus", "focus_score", 100 * sharpness / _FULLY_SHARP),
        score("Lightness", "lightness_score", 100 - 500 * burnt - 250 * drowned),
    ]
    raw: list[Metric] = []
    if work.face is not None:
        pose = work.face.pose
        roll, yaw = float(np.degrees(pose.roll)), float(np.degrees(pose.yaw))
        parts += [
            score("Full face", "full_face_score", 100 * (share_of_face(work) - 0.5) / 0.5),
            score("Rotation", "rotation_score", 100 - 2.2 * abs(roll) - 1.2 * abs(yaw)),
        ]
        raw = [
            Metric("angles_yaw_angle_degree", "Yaw", round(yaw, 1), "numeric", "deg"),
            Metric("angles_roll_angle_degree", "Roll", round(roll, 1), "numeric", "deg"),
        ]
    raw += [
        density("Sharpness", "raw_sharpness", sharpness),
        density("Intensity", "intensity", float(lightness.mean())),
    ]
    worst = min(float(part.value) for part in parts)
    whole = score("Image quality", "image_quality_score", worst)
    return Measurement((Area(name, whole, (*parts, *raw)),))


def _sharpness(picture: Picture, region: Region) -> float:
    edges = cv2.Laplacian(picture.working.lab[..., 0], cv2.CV_32F)
    return float(np.asarray(edges)[region].std())
