"""Notices that the wall clock was set back, and lets what waits follow it."""

import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.clock import Clock
from haut_desktop.services.pauses import Uptime, uptime

if TYPE_CHECKING:
    from haut_desktop.store.waits import WaitStore

STEP_S: Final = 2.0
"""Seconds by which the wall clock falls behind before that is a step: slower ones are drift."""

_log = logging.getLogger(__name__)


class ClockSteps:
    """Compares the wall clock with the loop's, which nobody sets, from one look to the next.

    A clock that runs ahead is left alone: a computer that slept looks just like it.
    """

    def __init__(self, *, waits: "WaitStore", clock: Clock, uptime: Uptime = uptime) -> None:
        self._waits = waits
        self._clock = clock
        self._uptime = uptime
        self._seen: tuple[float, float] | None = None

    async def follow(self) -> None:
        """Look; a step back shortens every stored wait by as much. Raises StationError."""
        wall_s, loop_s = self._clock().timestamp(), self._uptime()
        if self._seen is None:
            # the opening may have found no room for it
            await self._waits.open()
        else:
            behind_s = (loop_s - self._seen[1]) - (wall_s - self._seen[0])
            if behind_s > STEP_S:
                number = await self._waits.set_back(timedelta(seconds=behind_s))
                _log.info("the clock was set back by %.0f s; %d waits follow it", behind_s, number)
        # only now: what could not be written is tried again
        self._seen = wall_s, loop_s
