"""The platform's dictionaries, applications and datasets, from JSON to domain objects."""

from dataclasses import dataclass
from typing import Any, Final

from haut_desktop.api.fields import Fields
from haut_desktop.domain.analysis import Algorithm, Application, Purpose, bare_name
from haut_desktop.domain.ids import PlatformDatasetId
from haut_desktop.domain.imaging import ImageType
from haut_desktop.domain.study import PlatformDataset

GUESS_SEX_PATHS: Final = ("biological_sexes", "biological_sex")
"""§3: the dictionary of biological sexes is implied by the subjects' page, its path is unknown;
these are tried in turn. Without one the technical name itself is sent as the id."""

GUESS_SIMULATION_WORDS: Final = ("simulation", "skingpt", "comparison", "predicted", "generated")
"""§7.1 and §7.10: nothing in an application's record says whether it measures or simulates; its
technical name, its name or an aux image's type with one of these words is a simulation's."""

GUESS_CONNECTED_KEYS: Final = ("tech_name", "application_tech_name", "application_name", "name")
"""§4.2: what an entry of ``connected_applications`` holds is cut off; the first of these keys that
it has, at its top or in an object ``application``, names the application."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a dictionary."""

    id: str
    tech_name: str
    name: str


@dataclass(frozen=True, slots=True)
class ImageTypeEntry:
    """An image type with the sides and lights it knows."""

    id: str
    tech_name: str
    name: str
    sides: tuple[Entry, ...]
    lights: tuple[Entry, ...]


def parse_entry(fields: Fields) -> Entry:
    """An entry with an id, which may be a number, a UUID or a word."""
    return Entry(fields.needed("id"), fields.text("tech_name", "name"), fields.text("name"))


def parse_image_type(fields: Fields) -> ImageTypeEntry:
    """An image type (§3.1)."""
    entry = parse_entry(fields)
    return ImageTypeEntry(
        id=entry.id,
        tech_name=entry.tech_name,
        name=entry.name,
        sides=tuple(parse_entry(side) for side in fields.parts("sides")),
        lights=tuple(parse_entry(light) for light in fields.parts("lights")),
    )


def parse_algorithm(fields: Fields) -> Algorithm:
    """An algorithm version; the dictionary and the applications spell it differently (§3)."""
    family = fields.part("algorithm_family")
    word = fields.text("tech_name", "algorithm_tech_name") or family.text("tech_name", "name")
    return Algorithm(
        version_id=fields.integer("id"),
        tech_name=bare_name(word),
        version=fields.text("version"),
        name=fields.text("name") or family.text("name") or bare_name(word),
        description_html=fields.text("html_description", "description"),
    )


def parse_application(fields: Fields) -> Application:
    """An application with its algorithm versions (§7.1)."""
    tech_name, name = fields.text("tech_name"), fields.text("name")
    return Application(
        id=fields.needed("id"),
        tech_name=tech_name or name,
        name=name,
        image_type=parse_image_type_word(fields),
        purpose=Purpose.SIMULATION if is_simulation(tech_name, name) else Purpose.METRICS,
        algorithms=tuple(parse_algorithm(item) for item in fields.parts("algorithms_versions")),
        description=fields.text("description"),
    )


def parse_dataset(fields: Fields) -> PlatformDataset:
    """A dataset; a short listing does not say which applications it has."""
    connected = fields.get("connected_applications")
    return PlatformDataset(
        id=PlatformDatasetId(fields.needed("id")),
        name=fields.text("name"),
        image_type=parse_image_type_word(fields),
        applications=_parse_connected(fields, connected) if isinstance(connected, list) else None,
        keeps_images=fields.get("clean_images_as_soon_as_ready") is not True,
    )


def parse_image_type_word(fields: Fields) -> ImageType | str:
    """The image type as our word, or the platform's own where we have none."""
    word = fields.text("image_type_tech_name") or fields.part("image_type").text("tech_name")
    word = (word or fields.text("image_type")).lower()
    return next((known for known in ImageType if known == word), word)


def is_simulation(*words: str) -> bool:
    """Whether an application or a picture of these names is a prediction, not a measurement."""
    return any(sign in word.lower() for word in words for sign in GUESS_SIMULATION_WORDS)


def _parse_connected(fields: Fields, entries: list[Any]) -> tuple[str, ...]:
    names = []
    for entry in entries:
        if isinstance(entry, str):
            names.append(entry)
        elif isinstance(entry, dict):
            run = Fields(fields.call, entry)
            inner = run.part("application")
            names.append(inner.text(*GUESS_CONNECTED_KEYS) or run.text(*GUESS_CONNECTED_KEYS))
    # an entry without any name still says that something is connected
    return tuple(name or "unknown" for name in names)
