"""Sides and lights as numbers: v1 wants ids, the record has words (§3.1)."""

from collections.abc import Iterable, Sequence

from haut_desktop.api.wire import GUESS_LIGHT_1_IS_REGULAR, SIDE_IDS
from haut_desktop.api.wire_catalog import Entry, ImageTypeEntry
from haut_desktop.domain.errors import ItemError
from haut_desktop.domain.imaging import ImageType, Side


def side_id(
    types: Sequence[ImageTypeEntry], image_type: ImageType | None, side: Side
) -> int | None:
    """The id of a side; None lets the platform take the image type's first one.

    So it does for a side that the image type does not have: skin has no left, and the picture's
    name keeps the word.
    """
    if side is Side.OTHER:
        return None
    own = [kind for kind in types if image_type is not None and kind.tech_name == image_type]
    entries = [entry for kind in own or types for entry in kind.sides]
    found = _find(entries, side.value)
    return found if found is not None or any(kind.sides for kind in own) else SIDE_IDS[side]


def light_id(types: Sequence[ImageTypeEntry], image_type: ImageType | None, light: str) -> int:
    """The id of a light; raises ItemError for one that the platform does not know.

    To leave it out would file the picture under another light than it was taken in.
    """
    entries = (entry for kind in _of(types, image_type) for entry in kind.lights)
    found = _find(entries, light)
    documented = {word: number for number, word in GUESS_LIGHT_1_IS_REGULAR.items()}
    found = found or documented.get(light)
    if found is None:
        raise ItemError(
            f"The platform knows no light called “{light}” for this kind of picture. The picture "
            "is held; correct the imaging plan or the picture's light.",
            title="Unknown light",
        )
    return found


def _of(types: Iterable[ImageTypeEntry], image_type: ImageType | None) -> list[ImageTypeEntry]:
    kinds = list(types)
    own = [kind for kind in kinds if image_type is not None and kind.tech_name == image_type]
    return own or kinds


def _find(entries: Iterable[Entry], word: str) -> int | None:
    ids = (entry.id for entry in entries if entry.tech_name.lower() == word)
    return next((int(number) for number in ids if number.isdecimal()), None)
