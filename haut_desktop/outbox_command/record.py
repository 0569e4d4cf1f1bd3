"""A station's record as the verbs use it: read beside the window, or held alone."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import StationError
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.store.secrets import Secrets
from haut_desktop.store.station import Station, open_station

_PAGE: Final = 200


class StationInUseError(StationError):
    """The window is open on the station, so that nobody else may change it."""

    default_title = "The station is in use"
    default_message = (
        "Haut Desktop is open on this station. Close it and try again; nothing was changed."
    )


async def deliveries(station: Station) -> list[VisitDelivery]:
    """Every visit that is to be sent or was, with its batches, the newest first."""
    found: list[VisitDelivery] = []
    while page := await station.outbox.deliveries(_PAGE, len(found)):
        found += page
    return found


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep the window out; raises StationInUseError while it is open."""
    from haut_desktop.desktop.instance import FolderLock  # with Qt, which only a change needs

    lock = FolderLock(folder)
    if not lock.acquire():
        raise StationInUseError
    try:
        yield
    finally:
        lock.release()


@asynccontextmanager
async def open_alone(folder: Path, secrets: Secrets, key: str | None) -> AsyncIterator[Station]:
    """Open the station to change it; raises StationInUseError while the window is open."""
    with alone(folder):
        station = await open_station(folder, secrets, system_clock, recovery_secret=key)
        try:
            yield station
        finally:
            await station.aclose()
