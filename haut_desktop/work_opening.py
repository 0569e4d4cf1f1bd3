"""Opening the work of one mode: the practice platform, the station, and what works on them."""

import asyncio
import importlib
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import StationError
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import PRODUCTION_SERVER, AppPaths
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.sign_in import PracticeAccount
from haut_desktop.widgets.ask import Ask

if TYPE_CHECKING:
    from haut_desktop.api.transport import Network
    from haut_desktop.practice_process import PracticeProcess
    from haut_desktop.services.spooling import Drained
    from haut_desktop.store.secrets import Secrets
    from haut_desktop.store.station import Station
    from haut_desktop.workplace import Pacing, Workplace


class Mode(StrEnum):
    """Whose work is done."""

    STUDY = "study"
    PRACTICE = "practice"


class WorkOpener:
    """Opens a workplace; what it has opened goes with the stack, the window last of all."""

    def __init__(
        self,
        paths: AppPaths,
        *,
        notices: NoticesViewModel,
        tasks: TaskScope,
        ask: Ask,
        close_window: Callable[[], None],
        secrets: "Secrets | None",
        platform: str,
        pacing: "Pacing | None",
        locked: Path,
    ) -> None:
        self._paths = paths
        self._notices = notices
        self._tasks = tasks
        self._ask = ask
        self._close_window = close_window
        self._secrets = secrets
        self._platform = platform
        self._pacing = pacing
        self._locked = locked
        """The folder that whoever starts the program has locked."""
        self._practice: PracticeProcess | None = None

    @property
    def server(self) -> str:
        """The platform that one signs in to, unless a kept sign-in says another."""
        return self._platform or (self._practice.url if self._practice else PRODUCTION_SERVER)

    @property
    def practice_accounts(self) -> tuple[PracticeAccount, ...]:
        """The accounts of the practice platform that runs here; none for a study's work."""
        if self._practice is None:
            return ()
        return tuple(
            PracticeAccount(a.username, a.password, a.role, a.mfa) for a in self._practice.accounts
        )

    async def open(self, mode: Mode, stack: AsyncExitStack) -> "Workplace | None":
        """Open the station and what works on it; None when the user leaves.

        Raises PracticeWanted when the user would rather practise first.
        """
        store = await self._open_station(mode, stack)
        return None if store is None else await self._open_workplace(store, stack)

    async def _open_station(self, mode: Mode, stack: AsyncExitStack) -> "Station | None":
        await load("haut_desktop.opening")
        from haut_desktop.opening import StationOpener, passing_notice, rebuilt_notice

        opener = StationOpener(
            self._paths, clock=system_clock, tasks=self._tasks, ask=self._ask, secrets=self._secrets
        )
        try:
            if mode is Mode.PRACTICE:
                self._lock_practice(stack)
                if not self._platform:
                    await self._start_practice(stack)
                station = await opener.open_for_practice(stack)
                if opener.is_passing:
                    told = passing_notice()
                    self._notices.show(told)
                    stack.callback(self._notices.withdraw, told)
                return station
            return await opener.open_for_study()
        finally:
            if opener.rebuilt is not None:
                self._notices.show(rebuilt_notice(opener.rebuilt))

    def _lock_practice(self, stack: AsyncExitStack) -> None:
        """Take the practice station for this window, unless it was taken at the start."""
        from haut_desktop.desktop.instance import FolderLock

        folder = self._paths.practice_station
        if folder == self._locked:
            return
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder)
        if not lock.acquire():
            raise StationError(
                "Another window practises on this computer. Go on there, or close it first.",
                title="Practice is open already",
            )
        stack.callback(lock.release)

    async def _start_practice(self, stack: AsyncExitStack) -> None:
        from haut_desktop.practice_process import PracticeProcess

        folder = self._paths.practice_platform
        self._practice = await asyncio.to_thread(PracticeProcess.start, folder)
        stack.push_async_callback(self._stop_practice, self._practice)

    async def _stop_practice(self, practice: "PracticeProcess") -> None:
        self._practice = None
        await asyncio.to_thread(practice.stop)

    async def _open_workplace(self, store: "Station", stack: AsyncExitStack) -> "Workplace":
        await load("haut_desktop.workplace")
        from haut_desktop.workplace import Workplace

        station = await store.studies.station()
        if station is None:
            raise StationError("The station has no site. Set it up again in an empty folder.")
        work = Workplace(
            store,
            station.id,
            report=self._notices.report,
            server=self.server,
            network=await self._network(store),
            pacing=self._pacing,
        )
        # the window goes last, when everything behind it has ended
        stack.callback(self._close_window)
        stack.push_async_callback(work.aclose)
        # before anything can be taken in: the usual limits may be too late for this station
        await work.space.load_limits(store.studies)
        work.place_spooled(lambda drained: self._tell_of_spooled(drained, work, stack))
        return work

    def _tell_of_spooled(
        self, drained: "Drained", work: "Workplace", stack: AsyncExitStack
    ) -> None:
        """Say what became of the spool's pictures for as long as it is so."""
        from haut_desktop.viewmodels.counted_notice import CountedNotice
        from haut_desktop.viewmodels.spool import drained_notice

        told = CountedNotice(
            len(drained.placed),
            count=partial(work.store.rebuilt.count_held, drained.placed),
            say=lambda number: drained_notice(replace(drained, placed=drained.placed[:number])),
            notices=self._notices,
            changes=work.changes,
            tasks=work.tasks,
        )
        stack.callback(told.close)

    async def _network(self, store: "Station") -> "Network":
        """The way to the server that the kept sign-in belongs to."""
        from haut_desktop.api.transport import Network

        if self._platform or self._practice:
            return Network()
        from haut_desktop.desktop.proxy import system_proxy

        kept = await store.credentials.load()
        server = kept.account.server if kept else self.server
        return Network(proxy=await asyncio.to_thread(system_proxy, server))


async def load(module: str) -> None:
    """Import a module with everything behind it, while windows stay alive."""
    await asyncio.to_thread(importlib.import_module, module)
