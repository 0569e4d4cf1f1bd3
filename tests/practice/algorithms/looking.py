"""How the tests look at pictures and at what was measured."""

from collections.abc import Callable, Iterator
from typing import Any

from haut_desktop.practice.algorithms.catalog import APPLICATIONS, Algorithm
from haut_desktop.practice.algorithms.measurement import Mask, Measurement
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.pictures import DrawnPicture

Draw = Callable[..., tuple[Picture, DrawnPicture]]
FACE = next(app for app in APPLICATIONS if app.tech_name == "face_skin_metrics_2.0")


def points_of(mask: Mask) -> Iterator[tuple[float, float]]:
    """All points of all features, whatever their geometry."""

    def walk(node: Any) -> Iterator[tuple[float, float]]:
        if isinstance(node[0], list):
            for child in node:
                yield from walk(child)
        else:
            yield node[0], node[1]

    for feature in mask.features:
        yield from walk(feature["geometry"]["coordinates"])


def main_value(measurement: Measurement) -> float:
    return float(measurement.areas[0].main_metric.value)


def face_algorithm(tech_name: str, version: str | None = None) -> Algorithm:
    return next(
        algorithm
        for algorithm in FACE.algorithms
        if algorithm.tech_name == tech_name and version in (None, algorithm.version)
    )
