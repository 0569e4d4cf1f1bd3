"""The record's own words as a reader's: the same on the screens, in reports and in receipts."""

from typing import Final

from haut_desktop.domain.delivery import BatchState, ImageState, Proof
from haut_desktop.domain.imaging import REGULAR, Side, Transform, light_words

TAKEN_BACK: Final = frozenset({BatchState.RETRACTING, BatchState.RETRACTED})
"""Batches of which nothing goes on, because a person took them back."""

_SIDES: Final = {
    Side.FRONT: "Front",
    Side.LEFT: "Left",
    Side.RIGHT: "Right",
    Side.OTHER: "Other view",
}
_PROOFS: Final = {
    Proof.STORE_HASH: "Proven by the store's own checksum",
    Proof.LENGTH_ONLY: "Proven by its length; the store gave no checksum",
    Proof.SERVER_ID_ONLY: "Accepted by the platform under its id; no checksum was given",
}
_STATES: Final = {
    ImageState.SEALED: "Sealed here",
    ImageState.UPLOADING: "Sending",
    ImageState.UNSETTLED: "Asking whether it arrived",
    ImageState.STORED: "Arrived",
    ImageState.HELD: "Held",
}
_NOT_THERE: Final = {
    ImageState.SEALED: "Not sent, sealed here",
    ImageState.HELD: "No proof it arrived, sealed here",
}
"""Of a batch that is taken back, what is not on the platform stays here."""
_SOURCES: Final = {
    "exif-original": "the camera's time of exposure",
    "exif": "the camera's time in the file",
    "file": "the file's own time",
    "station": "this station's clock",
}


def side_words(side: Side) -> str:
    """A side's name; left and right are the subject's own."""
    return _SIDES[side]


def picture_words(side: Side, light: str) -> str:
    """A view's name: ``Front``; ``Left, parallel polarised light``."""
    return _SIDES[side] if light == REGULAR else f"{_SIDES[side]}, {light_words(light)}"


def proof_words(proof: Proof) -> str:
    """How it is proven that the platform holds a picture's bytes."""
    return _PROOFS[proof]


def state_words(state: ImageState, *, is_proven: bool, is_taken_back: bool = False) -> str:
    """Where one picture stands, by the record alone; ``is_taken_back`` is said of its batch."""
    if state is ImageState.ERASED:
        return "Arrived, erased here" if is_proven else "Erased, no proof it arrived"
    if is_taken_back and state in _NOT_THERE:
        return _NOT_THERE[state]
    return _STATES[state]


def transform_words(transform: Transform) -> str:
    """What was done to an original before it was sent."""
    if transform.name == Transform().name:
        return "unchanged original"
    return f"changed by {plain_words(transform.name).lower()}, version {transform.version}"


def source_words(source: str) -> str:
    """Where the moment at which a picture was taken was read."""
    return _SOURCES.get(source, source)


def plain_words(tech_name: str) -> str:
    """A technical name made readable: ``right_cheek_large`` → ``Right cheek large``."""
    words = tech_name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
