"""The dictionaries: image types with sides and lights, sexes, aux image types, algorithms."""

import uuid
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from haut_desktop.practice.algorithms.catalog import Algorithm
from haut_desktop.practice.calls import Call, Endpoint
from haut_desktop.practice.offer import ALGORITHMS
from haut_desktop.practice.pages import answer_rows
from haut_desktop.practice.quirks import Quirk
from haut_desktop.practice.service import Service


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a dictionary with an integer id."""

    id: int
    name: str
    tech_name: str

    def show(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "tech_name": self.tech_name}


@dataclass(frozen=True, slots=True)
class ImageType:
    """A kind of picture with the sides and lights it may be taken from and under."""

    entry: Entry
    sides: tuple[Entry, ...]
    lights: tuple[Entry, ...]

    def show(self) -> dict[str, Any]:
        return {
            **self.entry.show(),
            "sides": [side.show() for side in self.sides],
            "lights": [light.show() for light in self.lights],
        }


# Sides 1 to 3 and light 1 are documented; all other ids are this platform's own.
_FRONT: Final = Entry(1, "Front", "front")
_RIGHT: Final = Entry(2, "Right", "right")
_LEFT: Final = Entry(3, "Left", "left")
_REGULAR: Final = Entry(1, "Regular light", "regular")
_VISIA_LIGHTS: Final = (
    _REGULAR,
    Entry(2, "Cross-polarised light", "cross_polarised"),
    Entry(3, "Parallel-polarised light", "parallel_polarised"),
    Entry(4, "Ultraviolet light", "uv"),
)
_FACE_SIDES: Final = (_FRONT, _RIGHT, _LEFT)

IMAGE_TYPES: Final = (
    ImageType(Entry(1, "Selfie", "selfie"), _FACE_SIDES, (_REGULAR,)),
    ImageType(Entry(2, "Skin", "skin"), (_FRONT,), (_REGULAR,)),
    ImageType(Entry(3, "VISIA", "visia"), _FACE_SIDES, _VISIA_LIGHTS),
    ImageType(
        Entry(4, "Hair", "hair"),
        (_FRONT, Entry(4, "Top", "top"), Entry(5, "Back", "back")),
        (_REGULAR,),
    ),
)
_BY_ID: Final = {image_type.entry.id: image_type for image_type in IMAGE_TYPES}
SIDES: Final = {side.id: side for kind in IMAGE_TYPES for side in kind.sides}
LIGHTS: Final = {light.id: light for kind in IMAGE_TYPES for light in kind.lights}
SEXES: Final = {"female": "Female", "male": "Male", "intersex": "Intersex"}
AUX_TYPES: Final = {
    "selfie_front_face_restored_rgba": "Restored face, front",
    "selfie_right_face_restored_rgba": "Restored face, right",
    "selfie_left_face_restored_rgba": "Restored face, left",
    "product_effect_predicted": "Predicted product effect",
}
_WORD_IDS: Final = uuid.UUID("6f0f7f62-5d2a-4d38-9a53-1d0e0f6a2a11")


def find_image_type(image_type_id: int) -> ImageType | None:
    return _BY_ID.get(image_type_id)


def show_word(service: Service, tech_name: str, name: str) -> dict[str, str]:
    """An entry whose id is a UUID, or the word itself by quirk."""
    is_word = service.has(Quirk.IDS_AS_WORDS)
    word_id = tech_name if is_word else str(uuid.uuid5(_WORD_IDS, tech_name))
    return {"id": word_id, "name": name, "tech_name": tech_name}


def find_sex(text: str) -> str | None:
    """The tech name of a sex given by id or tech name."""
    by_id = {str(uuid.uuid5(_WORD_IDS, tech_name)): tech_name for tech_name in SEXES}
    return by_id.get(text, text if text in SEXES else None)


def show_sex(service: Service, tech_name: str | None) -> dict[str, str] | None:
    return None if tech_name is None else show_word(service, tech_name, SEXES[tech_name])


def show_algorithm(algorithm: Algorithm) -> dict[str, Any]:
    """An algorithm version, with the keys of both known readers."""
    return {
        "id": algorithm.version_id,
        "name": algorithm.name,
        "tech_name": algorithm.tech_name,
        "algorithm_tech_name": algorithm.tech_name,
        "version": algorithm.version,
        "html_description": algorithm.html_description,
        "algorithm_family": {
            "name": algorithm.name,
            "tech_name": algorithm.family_tech_name,
        },
    }


def _answer(call: Call, rows: list[Any]) -> Response:
    return answer_rows(call, rows, is_paged=call.service.has(Quirk.DICTIONARIES_PAGED))


def _list_image_types(call: Call) -> Response:
    return _answer(call, [image_type.show() for image_type in IMAGE_TYPES])


def _list_algorithms(call: Call) -> Response:
    return _answer(call, [show_algorithm(algorithm) for algorithm in ALGORITHMS])


def _list_sexes(call: Call) -> Response:
    return _answer(call, [show_word(call.service, *item) for item in SEXES.items()])


def _list_aux_types(call: Call) -> Response:
    return _answer(call, [show_word(call.service, *item) for item in AUX_TYPES.items()])


# Paths other than algorithms and image_types are guesses.
ENDPOINTS: Final = (
    Endpoint("GET", "/api/v1/dicts/algorithms/", _list_algorithms, is_public=True),
    Endpoint("GET", "/api/v1/dicts/image_types/", _list_image_types, is_public=True),
    Endpoint("GET", "/api/v1/dicts/biological_sexes/", _list_sexes, is_public=True),
    Endpoint("GET", "/api/v1/dicts/biological_sex/", _list_sexes, is_public=True),
    Endpoint("GET", "/api/v1/dicts/aux_image_types/", _list_aux_types, is_public=True),
)
