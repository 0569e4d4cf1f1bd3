"""An invented person: a seed and a skin tone decide everything about the looks."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

import numpy as np

Lab = tuple[float, float, float]


class SkinTone(StrEnum):
    """Six tones from very light to dark, one in each class of the individual typology angle."""

    VERY_LIGHT = "very_light"
    LIGHT = "light"
    INTERMEDIATE = "intermediate"
    TAN = "tan"
    BROWN = "brown"
    DARK = "dark"


SKIN_LAB: Final[dict[SkinTone, Lab]] = {
    SkinTone.VERY_LIGHT: (78.0, 9.0, 14.5),
    SkinTone.LIGHT: (72.0, 10.5, 17.5),
    SkinTone.INTERMEDIATE: (66.0, 11.5, 20.0),
    SkinTone.TAN: (58.5, 12.5, 21.5),
    SkinTone.BROWN: (44.0, 13.0, 19.5),
    SkinTone.DARK: (33.0, 11.0, 14.0),
}
"""CIELAB of evenly lit skin; the angles of the six lie about 62, 52, 39, 22, -17, -50 degrees."""

_LIGHT_HAIR: Final[tuple[Lab, ...]] = (
    (58, 8, 28),
    (34, 8, 16),
    (24, 6, 9),
    (40, 16, 26),
    (60, 0, 4),
)
_DARK_HAIR: Final[tuple[Lab, ...]] = ((14, 2, 3), (18, 4, 5), (11, 1, 1), (38, 0, 2))
_LIGHT_IRIS: Final[tuple[Lab, ...]] = ((50, -4, -16), (46, -8, 12), (34, 8, 18), (52, -3, -6))
_DARK_IRIS: Final[tuple[Lab, ...]] = ((22, 9, 13), (18, 7, 9), (27, 11, 17))


class HairStyle(StrEnum):
    """How the hair is kept off the face."""

    CROPPED = "cropped"
    TIED = "tied"
    HEADBAND = "headband"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who does not exist."""

    seed: int
    skin_tone: SkinTone


@dataclass(frozen=True, slots=True)
class Looks:
    """What a person looks like apart from what ails the skin; lengths in head units."""

    skin: Lab
    hair: Lab
    iris: Lab
    hair_style: HairStyle
    age: int
    width: float
    jaw: float
    chin: float
    nose: float
    lips: float
    brows: float
    eyes: float
    gown_hue: float


@cache
def looks_of(person: Person) -> Looks:
    """The looks that belong to the person's seed and tone."""
    rng = np.random.default_rng([person.seed, 1])
    dark = person.skin_tone in (SkinTone.TAN, SkinTone.BROWN, SkinTone.DARK)
    hairs, irises = (_DARK_HAIR, _DARK_IRIS) if dark else (_LIGHT_HAIR, _LIGHT_IRIS)
    age = int(rng.integers(24, 64))
    hair = hairs[int(rng.integers(len(hairs)))]
    return Looks(
        skin=SKIN_LAB[person.skin_tone],
        hair=hair,
        iris=irises[int(rng.integers(len(irises)))],
        hair_style=list(HairStyle)[int(rng.integers(3))],
        age=age,
        width=float(rng.uniform(0.95, 1.04)),
        jaw=float(rng.uniform(0.92, 1.06)),
        chin=float(rng.uniform(-0.04, 0.04)),
        nose=float(rng.uniform(0.88, 1.12)) * (1.1 if dark else 1.0),
        lips=float(rng.uniform(0.85, 1.05)) * (1.18 if dark else 1.0),
        brows=float(rng.uniform(0.8, 1.2)),
        eyes=float(rng.uniform(0.94, 1.06)),
        gown_hue=float(rng.uniform(0.0, 1.0)),
    )
