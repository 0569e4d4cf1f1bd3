"""The applications of the practice platform and the algorithms they are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from haut_desktop.practice.algorithms.measurement import AlgorithmFailedError, Measurement
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.redness import measure_redness

ImageType = Literal["selfie", "skin", "visia"]
Purpose = Literal["metrics", "simulation"]
Generation = Literal["v1", "v3"]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One measure at one version."""

    version_id: int
    family_tech_name: str
    tech_name: str
    version: str
    name: str
    html_description: str
    needs_face: bool
    parameter: str
    measure: Callable[[Picture], Measurement]


@dataclass(frozen=True, slots=True)
class Application:
    """A named set of algorithms for one image type and one purpose."""

    tech_name: str
    name: str
    description: str
    image_type: ImageType
    purpose: Purpose
    generation: Generation
    algorithms: tuple[Algorithm, ...]


ALGORITHMS: tuple[Algorithm, ...] = (
    Algorithm(
        9001,
        "selfie_v2.redness",
        "redness",
        "1.0",
        "Redness",
        "Practice value.",
        True,
        "redness",
        measure_redness,
    ),
)
APPLICATIONS: tuple[Application, ...] = (
    Application(
        "face_skin_metrics_3.0",
        "Face Skin Metrics 3.0",
        "Practice.",
        "selfie",
        "metrics",
        "v3",
        ALGORITHMS,
    ),
    Application(
        "face_skin_metrics_2.0",
        "Face Skin Metrics 2.0",
        "Practice.",
        "selfie",
        "metrics",
        "v1",
        ALGORITHMS,
    ),
)


def analyse(algorithm: Algorithm, picture: Picture) -> Measurement:
    """What `algorithm` says about `picture`; raises AlgorithmFailedError when it cannot."""
    if algorithm.needs_face and picture.face is None:
        raise AlgorithmFailedError("No face detected")
    return algorithm.measure(picture)
