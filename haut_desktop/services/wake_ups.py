"""Notices that the computer slept, and ends the waits that stood still meanwhile."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

from haut_desktop.domain.clock import Clock
from haut_desktop.services.pauses import Pause, Uptime, pause, uptime

LOOK_S: Final = 3.0
"""Seconds between two looks; so long after it woke a computer's sleep is noticed at the latest."""

_SLEEP_S: Final = 30.0
"""Seconds by which a look took too long: less than this is drift, or a busy computer."""

_ONE_WAKE_UP_S: Final = 2 * LOOK_S
"""Seconds in which what is noticed is the wake-up that was noticed already."""

_log = logging.getLogger(__name__)


class WakeUps:
    """Hears of a wake-up from the system, and sees it by the clock where the system says nothing.

    A look that took far longer by the wall clock than it waits was a sleep, whether the loop's
    clock stood still meanwhile or went on. A wall clock that somebody sets ahead looks the same,
    and so does a computer that was stuck; then something is looked at once too early. One wake-up
    ends the waits once, however many tell of it.
    """

    def __init__(
        self,
        on_woken: Callable[[], None],
        *,
        clock: Clock,
        pause: Pause = pause,
        uptime: Uptime = uptime,
    ) -> None:
        self._on_woken = on_woken
        self._clock = clock
        self._pause = pause
        self._uptime = uptime
        self._noticed: tuple[datetime, float] | None = None
        """When the last wake-up was noticed, by both clocks."""

    def hear(self) -> None:
        """The system says that the computer woke."""
        self._notice("the system says that the computer woke")

    async def run(self) -> None:
        """Watch until cancelled."""
        never = asyncio.Event()
        while True:
            began = self._clock()
            await self._pause(never, LOOK_S)
            slept_s = (self._clock() - began).total_seconds() - LOOK_S
            if slept_s > _SLEEP_S:
                self._notice(f"the computer slept for {slept_s:.0f} s, or its clock was set ahead")

    def _notice(self, word: str) -> None:
        now, now_s = self._clock(), self._uptime()
        if self._noticed is not None:
            # the loop's clock alone may have stood still in another sleep since then
            by_wall_s = (now - self._noticed[0]).total_seconds()
            if max(by_wall_s, now_s - self._noticed[1]) < _ONE_WAKE_UP_S:
                return
        self._noticed = now, now_s
        _log.info(word)
        self._on_woken()
