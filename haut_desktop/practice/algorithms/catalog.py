"""The applications of the practice platform and the algorithms they are made of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from haut_desktop.practice.algorithms.alignment import align_face
from haut_desktop.practice.algorithms.effect import predict_effect
from haut_desktop.practice.algorithms.eyes import measure_dark_circles
from haut_desktop.practice.algorithms.face_areas import find_face_areas
from haut_desktop.practice.algorithms.lines import measure_lines
from haut_desktop.practice.algorithms.measurement import AlgorithmFailedError, Measurement
from haut_desktop.practice.algorithms.picture import Picture
from haut_desktop.practice.algorithms.quality import measure_quality
from haut_desktop.practice.algorithms.redness import measure_redness, measure_redness_by_mean
from haut_desktop.practice.algorithms.spots import (
    measure_breakouts,
    measure_pigmentation,
    measure_pores,
)
from haut_desktop.practice.algorithms.tone import (
    measure_skin_tone,
    measure_tone_class,
    measure_uniformness,
)

__all__ = [
    "ALGORITHMS",
    "APPLICATIONS",
    "Algorithm",
    "Application",
    "align_face",
    "analyse",
    "predict_effect",
]

ImageType = Literal["selfie", "skin", "visia"]
Purpose = Literal["metrics", "simulation"]
Generation = Literal["v1", "v3"]
Measure = Callable[[Picture], Measurement]

_CAUTION: Final = "<p>A practice value from the picture's pixels, not a measurement.</p>"


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
    """The key in the answer of the third generation."""
    measure: Measure


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


@dataclass(frozen=True, slots=True)
class _Kind:
    """What one algorithm is, whichever family of pictures it works on."""

    number: int
    tech_name: str
    version: str
    name: str
    description: str
    parameter: str
    measure: Measure

    def of(self, family: str, family_number: int, needs_face: bool) -> Algorithm:
        return Algorithm(
            family_number + self.number,
            f"{family}.{self.tech_name}",
            self.tech_name,
            self.version,
            self.name,
            f"<p>{self.description}</p>{_CAUTION}",
            needs_face,
            self.parameter,
            self.measure,
        )


_REDNESS_1: Final = _Kind(
    1, "redness", "1.0", "Redness",
    "How red the skin is on average. 100 is not red at all.", "redness", measure_redness_by_mean,
)  # fmt: skip
_REDNESS_2: Final = _Kind(
    2, "redness", "2.0", "Redness",
    "How far areas of the skin are redder than the rest of it, overall and at the reddest places. "
    "100 is not red at all.", "redness", measure_redness,
)  # fmt: skip
_PIGMENTATION: Final = _Kind(
    3, "pigmentation", "2.0", "Pigmentation",
    "Brown spots: how many, how large, how dark. 100 is without any.",
    "pigmentation", measure_pigmentation,
)  # fmt: skip
_PORES: Final = _Kind(
    4, "pores", "2.0", "Pores",
    "Small dark dots on nose, cheeks and forehead. 100 is without any.", "pores", measure_pores,
)  # fmt: skip
_BREAKOUTS: Final = _Kind(
    5, "acne", "2.0", "Breakouts",
    "Small, round, red places. 100 is without any.", "breakouts", measure_breakouts,
)  # fmt: skip
_LINES: Final = _Kind(
    6, "lines", "2.0", "Lines",
    "Fine and deep lines on forehead, around the eyes and on the cheeks. 100 is without any.",
    "lines", measure_lines,
)  # fmt: skip
_UNIFORMNESS: Final = _Kind(
    7, "uniformness", "1.0", "Uniformness",
    "How even the colour of the skin is. 100 is wholly even.", "uniformness", measure_uniformness,
)  # fmt: skip
_DARK_CIRCLES: Final = _Kind(
    8, "dark_circles", "1.0", "Dark circles",
    "How much darker the skin under the eyes is than the cheeks. 100 is no darker.",
    "dark_circles", measure_dark_circles,
)  # fmt: skip
_SKIN_TONE: Final = _Kind(
    9, "skin_tone", "1.0", "Skin tone",
    "The individual typology angle, from -90 (dark) to 90 (light) degrees. Neither good nor bad.",
    "ita", measure_skin_tone,
)  # fmt: skip
_TONE_CLASS: Final = _Kind(
    10, "skintone_classification", "1.0", "Skin tone class",
    "One of six classes from very light to dark, by the individual typology angle.",
    "skintone", measure_tone_class,
)  # fmt: skip
_QUALITY: Final = _Kind(
    11, "quality", "1.0", "Image quality",
    "Whether the picture is sharp, well lit, straight and complete. Below 50, take it again.",
    "quality", measure_quality,
)  # fmt: skip
_FACE_AREAS: Final = _Kind(
    12, "front_face_areas", "1.0", "Face areas",
    "Where forehead, nose, cheeks, chin and eye areas lie.", "face_areas", find_face_areas,
)  # fmt: skip

_FACE_KINDS: Final = (
    _REDNESS_2, _PIGMENTATION, _PORES, _BREAKOUTS, _LINES, _UNIFORMNESS, _DARK_CIRCLES,
    _SKIN_TONE, _TONE_CLASS, _QUALITY, _FACE_AREAS,
)  # fmt: skip
_SELFIE: Final = tuple(
    kind.of("selfie_v2", 200, needs_face=True) for kind in (_REDNESS_1, *_FACE_KINDS)
)
_SELFIE_3: Final = tuple(kind.of("selfie_v3", 300, needs_face=True) for kind in _FACE_KINDS)
_SKIN: Final = tuple(
    kind.of("skin", 400, needs_face=False)
    for kind in (
        _REDNESS_1, _REDNESS_2, _PIGMENTATION, _BREAKOUTS, _UNIFORMNESS, _SKIN_TONE, _TONE_CLASS,
        _QUALITY,
    )
)  # fmt: skip
_VISIA: Final = tuple(
    kind.of("visia", 500, needs_face=True)
    for kind in (_REDNESS_2, _PIGMENTATION, _PORES, _LINES, _UNIFORMNESS, _QUALITY)
)

ALGORITHMS: Final[tuple[Algorithm, ...]] = (*_SELFIE, *_SELFIE_3, *_SKIN, *_VISIA)
APPLICATIONS: Final[tuple[Application, ...]] = (
    Application(
        "face_skin_metrics_3.0", "Face Skin Metrics 3.0",
        "Practice metrics of a face from front, left and right.",
        "selfie", "metrics", "v3", _SELFIE_3,
    ),
    Application(
        "face_skin_metrics_2.0", "Face Skin Metrics 2.0",
        "Practice metrics of a face, redness in two versions.",
        "selfie", "metrics", "v1", _SELFIE,
    ),
    Application(
        "skin_metrics", "Skin Metrics",
        "Practice metrics of any patch of skin.", "skin", "metrics", "v1", _SKIN,
    ),
    Application(
        "visia_metrics", "VISIA Metrics",
        "Practice metrics of a face under standard, cross-polarised or ultraviolet light.",
        "visia", "metrics", "v1", _VISIA,
    ),
    Application(
        "product_effect_simulation", "Product Effect Simulation",
        "A predicted picture with less redness and paler spots; nothing that was photographed.",
        "selfie", "simulation", "v1", (),
    ),
)  # fmt: skip


def analyse(algorithm: Algorithm, picture: Picture) -> Measurement:
    """What `algorithm` says about `picture`; raises AlgorithmFailedError when it cannot."""
    if algorithm.needs_face and picture.face is None:
        raise AlgorithmFailedError("No face detected")
    return algorithm.measure(picture)
