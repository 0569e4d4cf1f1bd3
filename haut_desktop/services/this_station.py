"""This station: what it is called, how much room it has, and the limits a person sets for it."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from haut_desktop.domain.audit import Act, given_reason
from haut_desktop.domain.errors import ItemError
from haut_desktop.domain.space import Room, SpaceLimits, StationFacts
from haut_desktop.services.disk_space import DiskSpace

if TYPE_CHECKING:
    from haut_desktop.store.studies import StudyStore


class ThisStation:
    """Knows the computer and its disk; what a person changes stands in the audit trail."""

    def __init__(
        self, *, studies: "StudyStore", space: DiskSpace, act: Callable[[str], Act]
    ) -> None:
        self._studies = studies
        self._space = space
        self._act = act

    async def facts(self) -> StationFacts:
        """Read everything anew; raises ``StoreIOError`` when the disk does not answer."""
        site, station = await self._studies.site(), await self._studies.station()
        assert site is not None and station is not None, "a workplace has a station"  # noqa: PT018
        return StationFacts(site, station, await self.room())

    async def room(self) -> Room:
        """Look at the disk in a thread: a drive that sleeps takes its time."""
        return await asyncio.to_thread(self._space.room)

    async def set_limits(self, limits: SpaceLimits, reason: str) -> None:
        """Warn and stop at other limits from now on; raises ItemError and changes nothing then."""
        if problem := limits.problem():
            raise ItemError(problem, title="The limits were not changed")
        await self._space.set_limits(self._studies, limits, self._act(given_reason(reason)))
