"""A set-up station's stores over a real encrypted database, for the tests of the services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from haut_desktop.domain.audit import BY_ITSELF
from haut_desktop.domain.clock import Clock
from haut_desktop.store.credentials import CredentialStore
from haut_desktop.store.database import Database
from haut_desktop.store.studies import StudyStore

KEY = bytes(range(32))


@dataclass
class StationStores:
    """What a session and the studies are kept in."""

    database: Database
    credentials: CredentialStore
    studies: StudyStore


@asynccontextmanager
async def open_stores(folder: Path, clock: Clock) -> AsyncIterator[StationStores]:
    """Open the database in ``folder``, set up at its first time."""
    database = Database.open(folder / "station.db", KEY, expect_existing=False)
    try:
        studies = StudyStore(database, clock)
        await studies.set_up("DE-01", "Europe/Berlin", "Room 2", BY_ITSELF)
        yield StationStores(database, CredentialStore(database, clock), studies)
    finally:
        await database.aclose()
