"""A station's record as the verbs use it: read beside the window, or held alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from haut_desktop.domain.errors import StationError
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.store.station import Station

_PAGE: Final = 200


async def deliveries(station: Station) -> list[VisitDelivery]:
    """Every visit that is to be sent or was, with its batches, the newest first."""
    found: list[VisitDelivery] = []
    while page := await station.outbox.deliveries(_PAGE, len(found)):
        found += page
    return found


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keep the window out; raises StationError while it is open."""
    from haut_desktop.desktop.instance import FolderLock  # with Qt, which only a change needs

    lock = FolderLock(folder)
    if not lock.acquire():
        raise StationError(
            "Haut Desktop is open on this station. Close it and try again; nothing was changed.",
            title="The station is in use",
        )
    try:
        yield
    finally:
        lock.release()
