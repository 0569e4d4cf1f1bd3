"""What the viewer shows: pictures of a visit by view and space, and the masks that lie on them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from haut_desktop.domain.analysis import AlgorithmResult
from haut_desktop.domain.imaging import REGULAR, Side
from haut_desktop.domain.words import plain_words
from haut_desktop.services.results import MaskLayer, ResultPicture, VisitResults
from haut_desktop.services.results_order import UNKNOWN
from haut_desktop.viewmodels.results_words import application_words, space_words

PALETTE: Final = (
    *("#ff6b6b", "#4dd4c6", "#ffd166", "#8ab6ff", "#d59bf6", "#9be15d", "#ff9f5a", "#f48fb1"),
    *("#5555ee", "#dd00bb", "#998800", "#007788", "#ddddff", "#00aa44", "#cc2255", "#11aacc"),
    *("#447744", "#bbeeff", "#0077cc", "#99aa88", "#009988", "#776677", "#cceecc", "#9999aa"),
)
"""Colours that are told apart on skin and on black; each mask also has its name in the list.

Each later one was the furthest from all before it and from skin of every tone (CIEDE2000).
"""

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


def lights_of(visit: VisitResults, side: Side) -> tuple[str, ...]:
    """Lights in which a side has a picture or a result, the usual one first."""
    have = [picture.light for picture in visit.pictures if picture.side is side]
    said = [s.result for s in visit.results if s.result.platform_image_id is not None]
    have += [result.light for result in said if result.side is side]
    return tuple(sorted(dict.fromkeys(have), key=lambda light: light != REGULAR))


def choices(visit: VisitResults, side: Side, light: str) -> tuple[Choice, ...]:
    """Pictures of a view: as captured, aligned, then what was predicted."""
    here = [p for p in visit.pictures if (p.side, p.light) == (side, light)]
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


def layers(
    masks: Sequence[MaskLayer], picture: ResultPicture, results: Iterable[AlgorithmResult] = ()
) -> tuple[Layer, ...]:
    """The masks that lie on a picture: same view, same space, one switch for each result.

    ``results`` are those of the table beside it, of which some may have no mask.
    """
    if picture.is_predicted:
        return ()
    place = (picture.side, picture.light, picture.space)
    applications: dict[str, dict[str, list[MaskLayer]]] = {}
    for layer in masks:
        if (layer.mask.side, layer.light, layer.mask.space) == place:
            own = applications.setdefault(layer.result.application, {})
            own.setdefault(layer_id(layer.result), []).append(layer)
    are_several = len(applications) > 1
    versions = _versions((*results, *(layer.result for layer in masks)))
    colours = _colours(
        [(key, group[0].place) for own in applications.values() for key, group in own.items()]
    )
    return tuple(
        Layer(
            key,
            _name(group[0].result, versions),
            colours[key],
            tuple(group),
            application_words(word) * are_several,
        )
        for word, own in applications.items()
        for key, group in own.items()
    )


def _colours(places: Sequence[tuple[str, int]]) -> dict[str, str]:
    """Give each layer on the picture a colour of its own, as long as there are that many.

    Each of the first places among all algorithms means the same colour at every visit. The places
    after those, and what no list names, come last and take what is left.
    """
    found: dict[str, str] = {}
    for key, place in sorted(places, key=itemgetter(1)):
        first = 0 if place == UNKNOWN else place % len(PALETTE)
        turns = (*PALETTE[first:], *PALETTE[:first])
        found[key] = next((one for one in turns if one not in found.values()), turns[0])
    return found


def _versions(results: Iterable[AlgorithmResult]) -> dict[tuple[str, str], set[str]]:
    """The versions of each name within its application."""
    found: dict[tuple[str, str], set[str]] = {}
    for result in results:
        found.setdefault((result.application, _plain(result)), set()).add(result.version)
    return found


def _name(result: AlgorithmResult, versions: dict[tuple[str, str], set[str]]) -> str:
    """The name, with the version where the application has the name twice."""
    name = _plain(result)
    are_several = len(versions[result.application, name]) > 1
    return f"{name} {result.version}".strip() if are_several else name


def _plain(result: AlgorithmResult) -> str:
    return result.name or plain_words(result.algorithm)
