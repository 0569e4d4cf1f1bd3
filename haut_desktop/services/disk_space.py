"""Room on the station's disk: a warning while there is time, a refusal before it is too late."""

import logging
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from haut_desktop.domain.audit import Act
from haut_desktop.domain.errors import DiskFullError, StoreIOError
from haut_desktop.domain.space import Room, SpaceLevel, SpaceLimits, megabytes

if TYPE_CHECKING:
    from haut_desktop.store.studies import StudyStore

_SETTING: Final = "disk-limits"
_log = logging.getLogger(__name__)


def _free_bytes(folder: Path) -> int:
    """Free bytes of the disk on which ``folder`` lies or will be made."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


@dataclass(slots=True)
class DiskSpace:
    """Watches the disk that holds ``folder`` (blocking calls)."""

    folder: Path
    limits: SpaceLimits = field(default_factory=SpaceLimits)
    free_bytes_of: Callable[[Path], int] = _free_bytes

    def room(self) -> Room:
        """Look at the disk; raises ``StoreIOError``."""
        try:
            return Room(self.free_bytes_of(self.folder), self.limits)
        except OSError as error:
            raise StoreIOError from error

    def check(self) -> None:
        """Raise ``DiskFullError`` when no further picture may be taken in, or ``StoreIOError``."""
        room = self.room()
        if room.level is SpaceLevel.STOPPED:
            raise DiskFullError(
                f"Only {megabytes(room.free_bytes)} are free, so no more pictures are taken in. "
                "Make room on this computer's disk; what is sealed already is safe and goes on "
                "being sent."
            )

    async def load_limits(self, studies: "StudyStore") -> None:
        """Take up the limits that were set for this station; ones that can't be read are not."""
        kept = await studies.setting(_SETTING)
        if kept is None:
            return
        try:
            limits = msgspec.json.decode(kept, type=SpaceLimits)
        except msgspec.DecodeError:
            _log.warning("the kept disk limits can't be read")
            return
        if not limits.problem():
            self.limits = limits

    async def set_limits(self, studies: "StudyStore", limits: SpaceLimits, act: Act) -> None:
        """Keep the station's limits and who set them; raises ValueError if they protect nothing."""
        if problem := limits.problem():
            raise ValueError(problem)
        await studies.change_setting(_SETTING, msgspec.json.encode(limits).decode(), act)
        self.limits = limits
