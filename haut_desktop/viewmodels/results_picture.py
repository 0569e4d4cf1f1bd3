"""What the viewer shows: pictures of a visit by side and space, and the masks that lie on them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from haut_desktop.domain.imaging import Side
from haut_desktop.services.results import MaskLayer, ResultPicture, VisitResults
from haut_desktop.viewmodels.results_words import plain_words, space_words

PALETTE: Final = ("#ff6b6b", "#4dd4c6", "#ffd166", "#8ab6ff", "#d59bf6", "#9be15d", "#ff9f5a",
                  "#f48fb1")  # fmt: skip
"""Colours that are told apart on skin and on black; each mask also has its name in the list."""

_SIDES: Final = (Side.FRONT, Side.LEFT, Side.RIGHT, Side.OTHER)
_SPACES: Final = ("original", "aligned_face", "restored", "anonymised")


@dataclass(frozen=True, slots=True)
class Layer:
    """One mask that can be switched."""

    id: str
    name: str
    colour: str
    """``#rrggbb``."""
    mask: MaskLayer


@dataclass(frozen=True, slots=True)
class Choice:
    """One picture to look at."""

    id: str
    name: str
    picture: ResultPicture


def sides_of(visit: VisitResults) -> tuple[Side, ...]:
    """Sides with a picture or a result, front first."""
    have = {picture.side for picture in visit.pictures}
    have |= {s.result.side for s in visit.results if s.result.platform_image_id is not None}
    return tuple(side for side in _SIDES if side in have)


def choices(visit: VisitResults, side: Side) -> tuple[Choice, ...]:
    """Pictures of a side: as captured, aligned, then what was predicted."""
    here = [picture for picture in visit.pictures if picture.side is side]
    order = {space: place for place, space in enumerate(_SPACES)}
    here.sort(key=lambda p: (p.is_predicted, order.get(p.space, len(order))))
    found: dict[str, Choice] = {}
    for picture in here:
        name = space_words(picture.space)
        if picture.is_predicted:
            name = f"Predicted: {plain_words(picture.name or picture.space)}"
        found.setdefault(name, Choice(picture.key, name, picture))
    return tuple(found.values())


def layers(masks: Iterable[MaskLayer], picture: ResultPicture) -> tuple[Layer, ...]:
    """The masks that lie on a picture: same side, same space, one switch for each."""
    here = [m for m in masks if m.mask.side is picture.side and m.mask.space == picture.space]
    found: list[Layer] = []
    for mask in () if picture.is_predicted else here:
        result = mask.result
        layer_id = f"{result.algorithm}/{result.version}/{mask.mask.tech_name}"
        several = sum(m.result.algorithm == result.algorithm for m in here) > 1
        name = result.name or plain_words(result.algorithm)
        if several:
            name = f"{name}: {_mask_name(mask.mask.tech_name)} {result.version}".strip()
        colour = PALETTE[len(found) % len(PALETTE)]
        found.append(Layer(layer_id, name, colour, mask))
    return tuple(found)


def _mask_name(tech_name: str) -> str:
    """``wrinkles_polyline_mask_original`` → ``wrinkles polyline``."""
    parts = [p for p in tech_name.split("_") if p not in {"mask", "original", "restored", "origin"}]
    return " ".join(parts)
