"""What the viewer shows: pictures of a visit by side and space, and the masks that lie on them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from haut_desktop.domain.analysis import AlgorithmResult
from haut_desktop.domain.imaging import Side
from haut_desktop.services.results import MaskLayer, ResultPicture, VisitResults
from haut_desktop.services.results_order import UNKNOWN
from haut_desktop.viewmodels.results_words import application_words, plain_words, space_words

PALETTE: Final = ("#ff6b6b", "#4dd4c6", "#ffd166", "#8ab6ff", "#d59bf6", "#9be15d", "#ff9f5a",
                  "#f48fb1")  # fmt: skip
"""Colours that are told apart on skin and on black; each mask also has its name in the list."""

_SIDES: Final = (Side.FRONT, Side.LEFT, Side.RIGHT, Side.OTHER)
_SPACES: Final = ("original", "aligned_face", "restored", "anonymised")


@dataclass(frozen=True, slots=True)
class Layer:
    """All masks of one result on one picture: what is switched on and off."""

    id: str
    name: str
    colour: str
    """``#rrggbb``."""
    masks: tuple[MaskLayer, ...]
    group: str = ""
    """The application in words, where masks of several lie on the picture."""


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
            words = plain_words(picture.name or picture.space).removeprefix("Predicted ")
            name = f"Predicted: {words}"
        found.setdefault(name, Choice(picture.key, name, picture))
    return tuple(found.values())


def layer_id(result: AlgorithmResult) -> str:
    """Name a result's layer, the same on every picture and at every visit."""
    return f"{result.algorithm}/{result.version}/{result.application}"


def layers(masks: Iterable[MaskLayer], picture: ResultPicture) -> tuple[Layer, ...]:
    """The masks that lie on a picture: same side, same space, one switch for each result."""
    if picture.is_predicted:
        return ()
    applications: dict[str, dict[str, list[MaskLayer]]] = {}
    for layer in masks:
        if layer.mask.side is picture.side and layer.mask.space == picture.space:
            own = applications.setdefault(layer.result.application, {})
            own.setdefault(layer_id(layer.result), []).append(layer)
    are_several = len(applications) > 1
    return tuple(
        Layer(
            key,
            name,
            _colour(group[0], number),
            tuple(group),
            application_words(word) * are_several,
        )
        for word, own in applications.items()
        for number, ((key, group), name) in enumerate(
            zip(own.items(), _names(own.values()), strict=True)
        )
    )


def _colour(layer: MaskLayer, number: int) -> str:
    """An algorithm keeps its colour at every visit; one that no list names takes its turn."""
    place = number if layer.place == UNKNOWN else layer.place
    return PALETTE[place % len(PALETTE)]


def _names(groups: Iterable[Sequence[MaskLayer]]) -> Iterator[str]:
    """Names within one application; with the version where a name stands there twice."""
    results = [group[0].result for group in groups]
    plain = [result.name or plain_words(result.algorithm) for result in results]
    for name, result in zip(plain, results, strict=True):
        yield name if plain.count(name) == 1 else f"{name} {result.version}".strip()
