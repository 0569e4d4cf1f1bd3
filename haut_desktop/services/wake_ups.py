"""Notices that the computer slept, and ends the waits that stood still meanwhile."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from haut_desktop.domain.clock import Clock
from haut_desktop.services.pauses import Pause, Uptime, pause, uptime

LOOK_S: Final = 5.0
"""Seconds between two looks; so long after it woke a computer's sleep is noticed at the latest."""

_SLEEP_S: Final = 30.0
"""Seconds by which the wall clock has gone ahead of the loop's: less than this is drift."""

_log = logging.getLogger(__name__)


class WakeUps:
    """Compares the wall clock with the loop's, which stands still while the computer sleeps.

    A wall clock that somebody sets ahead looks the same, and then something is looked at once too
    early. Where the loop's clock goes on in sleep nothing is noticed and nothing has to be: what
    waits by it is due by itself.
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

    async def run(self) -> None:
        """Watch until cancelled."""
        never = asyncio.Event()
        while True:
            wall_s, loop_s = self._clock().timestamp(), self._uptime()
            await self._pause(never, LOOK_S)
            passed_s, worked_s = self._clock().timestamp() - wall_s, self._uptime() - loop_s
            if (slept_s := passed_s - worked_s) > _SLEEP_S:
                _log.info("the computer slept for %.0f s, or its clock was set ahead", slept_s)
                self._on_woken()
