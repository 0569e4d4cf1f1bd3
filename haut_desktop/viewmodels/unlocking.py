"""A station that doesn't open: what it is called, and which ways lead on from there."""

from dataclasses import dataclass
from enum import Flag, auto
from typing import Final

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.errors import (
    DiskFullError,
    HautError,
    KeyringError,
    RecoveryKeyError,
    StoreBusyError,
    StoreCannotOpenError,
    StoreIOError,
    StoreKeyError,
    StoreLockedError,
    StoreMissingError,
    StoreNewerError,
    StoreReadOnlyError,
)


class Way(Flag):
    """What may be done about it, besides trying again and closing."""

    NONE = 0
    RECOVERY_KEY = auto()
    """The keys are the trouble, and another one opens them."""
    PICTURES = auto()
    """The folder takes pictures: they can be sealed meanwhile."""
    REBUILD = auto()
    """The record can be made anew from the sealed pictures."""


@dataclass(frozen=True, slots=True)
class Impasse:
    """What is shown of a station that doesn't open."""

    heading: str
    title: str
    message: str
    ways: Way = Way.NONE


_LOCKED: Final = "The station is locked"
_SHUT: Final = "The station can't be opened"
_FULL: Final = "There is no room for the station's record"
_WAYS: Final[tuple[tuple[type[HautError], str, Way], ...]] = (
    (KeyringError, _LOCKED, Way.RECOVERY_KEY | Way.PICTURES),
    (RecoveryKeyError, _LOCKED, Way.RECOVERY_KEY | Way.PICTURES),
    (StoreMissingError, _SHUT, Way.REBUILD | Way.PICTURES),
    (StoreBusyError, _SHUT, Way.PICTURES),
    (StoreLockedError, _SHUT, Way.PICTURES),
    (StoreKeyError, _SHUT, Way.PICTURES),
    (StoreNewerError, _SHUT, Way.PICTURES),
    (StoreCannotOpenError, _SHUT, Way.PICTURES),
    # a folder or a disk that takes nothing takes no pictures either
    (DiskFullError, _FULL, Way.NONE),
    (StoreReadOnlyError, _SHUT, Way.NONE),
    (StoreIOError, _SHUT, Way.NONE),
)


def impasse_of(error: HautError) -> Impasse:
    """Say what stands in the way and which ways lead on."""
    for kind, heading, ways in _WAYS:
        if isinstance(error, kind):
            return Impasse(heading, error.title, error.message, ways)
    return Impasse(_SHUT, error.title, error.message)


class RebuildProgress(QObject):
    """Carries word from the thread that rebuilds to the window that shows it."""

    went_on = Signal(object)
    """Carries how many notes are read, and of how many."""

    def tell(self, done: int, total: int) -> None:
        """Tell how far it is; from any thread."""
        self.went_on.emit((done, total))
