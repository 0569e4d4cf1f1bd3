"""First start: site, station and recovery key, checked before the station is created."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.errors import HautError
from haut_desktop.services.tasks import TaskScope

_BECH32: Final = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
"""The letters of bech32, each for the five bits of its place."""

_BECH32_GENERATORS: Final = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)

_PUBLIC_KEY: Final = re.compile(rf"age1[{_BECH32}]{{58}}")
"""An age X25519 recipient: bech32 with the prefix ``age``."""

_SITE_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}")

_FAULT_TITLE: Final = "The station could not be created"
_FAULT: Final = "The program has a fault here. Try again; if it stays, tell the study's support."


class RecoveryWay(StrEnum):
    """How the pictures open when this computer is gone."""

    PASSPHRASE = "passphrase"  # noqa: S105 - a word, no secret
    PUBLIC_KEY = "public-key"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class SetUp:
    """Everything a new station is made from; its ``repr`` shows no secret."""

    site_code: str
    zone: str
    station_name: str
    way: RecoveryWay = RecoveryWay.PASSPHRASE
    recovery: str = field(default="", repr=False)
    """The passphrase, the study's public key, or the reason for having none."""


@dataclass(frozen=True, slots=True)
class FirstStartState:
    """What the window shows beside the fields."""

    is_busy: bool = False
    title: str = ""
    message: str = ""


def site_problem(code: str) -> str:
    """Say what is wrong with a site's code, or nothing."""
    if not code.strip():
        return "Type the code that your study gave this site, for example B01."
    if _SITE_CODE.fullmatch(code.strip()) is None:
        return "A site code has letters, digits and hyphens, at most 16."
    return ""


def public_key_problem(key: str) -> str:
    """Say what is wrong with a study's public key, or nothing."""
    if _PUBLIC_KEY.fullmatch(key.strip()) is None:
        return "A public key begins with age1 and has 62 characters. Paste the whole line."
    if not _checks_out(key.strip()):
        return "A letter of this key is wrong. Copy the whole line again and paste it."
    return ""


def _checks_out(key: str) -> bool:
    """Whether the last six letters are bech32's check of the others (BIP 173)."""
    prefix, _, letters = key.partition("1")
    words = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    check = 1
    for word in [*words, *map(_BECH32.index, letters)]:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ word
        for bit, generator in enumerate(_BECH32_GENERATORS):
            check ^= generator if top >> bit & 1 else 0
    return check == 1


def zone_problem(zone: str) -> str:
    """Say what is wrong with a time zone's name, or nothing."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return "Choose a zone from the list: a region and a city, for example Europe/Berlin."
    return ""


def station_problem(name: str) -> str:
    """Say what is wrong with a station's name, or nothing."""
    return "" if name.strip() else "Type a name for this computer, for example Capture 1."


class FirstStartViewModel(QObject):
    """Holds the new passphrase, asks two of its groups back, and has the station created."""

    changed = Signal(object)
    created = Signal()
    practice_requested = Signal()
    print_requested = Signal(object)
    """Carries the passphrase for paper."""

    def __init__(
        self,
        create_station: Callable[[SetUp], Awaitable[object]],
        tasks: TaskScope,
        *,
        passphrase: str,
        asked: tuple[int, int] = (1, 4),
    ) -> None:
        super().__init__()
        self._create_station = create_station
        self._tasks = tasks
        self.passphrase = passphrase
        self.asked = asked
        """Which groups are to be typed back, counted from 0."""
        self._state = FirstStartState()

    @property
    def state(self) -> FirstStartState:
        """What is shown now."""
        return self._state

    @property
    def groups(self) -> tuple[str, ...]:
        """The passphrase in the groups it is printed in."""
        return tuple(re.split(r"[\s-]+", self.passphrase.strip()))

    def is_typed_back(self, first: str, second: str) -> bool:
        """Whether the two groups that were asked for are right, in any case."""
        typed = (first.strip().casefold(), second.strip().casefold())
        return typed == tuple(self.groups[number].casefold() for number in self.asked)

    def group_problem(self, number: int, typed: str) -> str:
        """Say that what was typed whole is not the group of this number, counted from 0."""
        group, text = self.groups[number], typed.strip()
        if len(text) < len(group) or text.casefold() == group.casefold():
            return ""
        return f"This is not group {number + 1}. Read it from the paper again."

    def create(self, set_up: SetUp) -> None:
        """Create the station; an error is shown and nothing typed is lost."""
        if not self._state.is_busy:
            self._show(FirstStartState(is_busy=True))
            self._tasks.start(self._create(set_up), name="create station")

    def ask_for_practice(self) -> None:
        """Ask for the practice platform instead."""
        self.practice_requested.emit()

    def ask_for_paper(self) -> None:
        """Ask for the passphrase to be printed."""
        self.print_requested.emit(self.passphrase)

    async def _create(self, set_up: SetUp) -> None:
        try:
            await self._create_station(set_up)
        except HautError as error:
            self._show(FirstStartState(title=error.title, message=error.message))
        else:
            self._show(FirstStartState())
            self.created.emit()
        finally:
            # no fault may leave a window that waits for ever
            if self._state.is_busy:
                self._show(FirstStartState(title=_FAULT_TITLE, message=_FAULT))

    def _show(self, state: FirstStartState) -> None:
        self._state = state
        self.changed.emit(state)
