"""A station's folder, made once and opened at every start: keys, database, vault, cache."""

import asyncio
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import (
    HautError,
    KeyringError,
    StoreCorruptError,
    StoreMissingError,
)
from haut_desktop.domain.ids import StationId
from haut_desktop.store.asides import AsideStore
from haut_desktop.store.audit_log import AuditLog
from haut_desktop.store.cache import PictureCache
from haut_desktop.store.clocks import CameraClockStore
from haut_desktop.store.credentials import CredentialStore
from haut_desktop.store.database import Database
from haut_desktop.store.destinations import DestinationStore
from haut_desktop.store.driver import Connection
from haut_desktop.store.erasures import ErasureStore
from haut_desktop.store.files import make_folder
from haut_desktop.store.former import FormerStore
from haut_desktop.store.hand_overs import HandOverStore
from haut_desktop.store.keys import KeyChest, Keys, NoRecovery, Recovery, RecoveryPassphrase
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.outbox import OutboxStore
from haut_desktop.store.pictures import PictureStore
from haut_desktop.store.rebuilt import RebuiltStore
from haut_desktop.store.rechecks import RecheckStore
from haut_desktop.store.record_reading import read_station_frame
from haut_desktop.store.registrations import RegistrationStore
from haut_desktop.store.results import ResultStore
from haut_desktop.store.retractions import RetractionStore
from haut_desktop.store.secrets import Secrets
from haut_desktop.store.studies import StudyStore
from haut_desktop.store.subjects import SubjectStore
from haut_desktop.store.takes import TakeStore
from haut_desktop.store.vault import Vault
from haut_desktop.store.visits import VisitStore
from haut_desktop.store.waits import WaitStore

_log = logging.getLogger(__name__)

DATABASE: Final = "station.db"


@dataclass(frozen=True, slots=True)
class Station:
    """Everything that lies in one station's folder, opened."""

    folder: Path
    keys: Keys
    database: Database
    vault: Vault
    cache: PictureCache
    studies: StudyStore
    subjects: SubjectStore
    registrations: RegistrationStore
    visits: VisitStore
    pictures: PictureStore
    takes: TakeStore
    hand_overs: HandOverStore
    outbox: OutboxStore
    destinations: DestinationStore
    results: ResultStore
    credentials: CredentialStore
    clocks: CameraClockStore
    audit: AuditLog
    rebuilt: RebuiltStore
    former: FormerStore
    retractions: RetractionStore
    erasures: ErasureStore
    asides: AsideStore
    waits: WaitStore
    rechecks: RecheckStore

    @classmethod
    def assemble(
        cls, folder: Path, keys: Keys, clock: Clock, *, is_for_reading: bool = False
    ) -> Self:
        """Open the database and build the stores on it; blocking."""
        vault = Vault(folder / "vault", keys.recipient, keys.identity, keys.hmac_key)
        path = folder / DATABASE
        if is_for_reading:
            database = Database.open_for_reading(path, keys.database_key)
        else:
            database = Database.open(path, keys.database_key, expect_existing=not vault.is_empty())
        return cls(
            folder=folder,
            keys=keys,
            database=database,
            vault=vault,
            cache=PictureCache(folder / "cache", keys.recipient, keys.identity),
            studies=StudyStore(database, clock),
            subjects=SubjectStore(database, clock),
            registrations=RegistrationStore(database, clock),
            visits=VisitStore(database, clock),
            pictures=PictureStore(database, clock),
            takes=TakeStore(database, clock),
            hand_overs=HandOverStore(database, clock),
            outbox=OutboxStore(database, clock),
            destinations=DestinationStore(database),
            results=ResultStore(database, clock),
            credentials=CredentialStore(database, clock),
            clocks=CameraClockStore(database, clock),
            audit=AuditLog(database),
            rebuilt=RebuiltStore(database, clock),
            former=FormerStore(database, clock),
            retractions=RetractionStore(database, clock),
            erasures=ErasureStore(database, clock),
            asides=AsideStore(database),
            waits=WaitStore(database, clock),
            rechecks=RecheckStore(database, clock),
        )

    async def aclose(self) -> None:
        """Finish every transaction and close the database."""
        await self.database.aclose()


def has_station(folder: Path) -> bool:
    """Whether a station was made in the folder."""
    return (folder / "keys.age").is_file()


def refuse_lost_keys(folder: Path) -> None:
    """Raise StoreMissingError where a station's data lie in a folder without its keys; blocking."""
    if any((folder / "vault").glob("*.age")) or (folder / DATABASE).exists():
        raise StoreMissingError(
            "The folder holds sealed pictures or their record, but the keys are gone. Nothing was "
            "changed; restore keys.age from a backup, or choose another folder.",
            title="The station's keys are missing",
        )


async def create_station(
    folder: Path,
    secrets: Secrets,
    clock: Clock,
    *,
    recovery: Recovery,
    site_code: str,
    zone: str,
    station_name: str,
    act: Act = BY_ITSELF,
) -> Station:
    """Make a station; one that a crash left half made is completed with the keys it has.

    What opens it in an emergency is ``recovery`` then, too: nobody has the paper of the first time.
    """
    was_begun = has_station(folder)
    keys = await asyncio.to_thread(_make_keys, folder, secrets, recovery)
    station = await asyncio.to_thread(Station.assemble, folder, keys, clock)
    if was_begun and await station.studies.station() is None:
        keys = await asyncio.to_thread(KeyChest(folder, secrets).change_recovery, keys, recovery)
        station = replace(station, keys=keys)
    made = await station.studies.set_up(site_code, zone, station_name, act)
    words = Act(act.operator_id, recovery.reason if isinstance(recovery, NoRecovery) else "")

    def note(connection: Connection) -> None:
        Ledger(connection, clock).audit(
            words, "recovery.set-up", "station", made.id, new=_recovery_word(recovery)
        )

    await station.database.write(note)
    await _say_whose(station)
    return station


async def open_station(
    folder: Path, secrets: Secrets, clock: Clock, *, recovery_secret: str | None = None
) -> Station:
    """Open a station with this account's keyring, or with the recovery key.

    The recovery key also lets this account in from now on, where its keyring can keep a key. Raises
    the KeyringError, RecoveryKeyError or StoreError that fits; nothing is changed then.
    """
    keys = await asyncio.to_thread(open_keys, folder, secrets, recovery_secret)
    station = await asyncio.to_thread(Station.assemble, folder, keys, clock)
    try:
        if (made := await station.studies.station()) is not None:
            await _follow_clock(station)
            if recovery_secret is not None:
                await _note_recovery(station, made.id, clock)
            await _say_whose(station)
    except BaseException:
        # damage is often met with the first row; the file must be closed to be moved aside
        await station.aclose()
        raise
    return station


async def _note_recovery(station: Station, station_id: StationId, clock: Clock) -> None:
    """Leave in the trail that the recovery key was used; nobody is signed in yet to be named."""

    def note(connection: Connection) -> None:
        Ledger(connection, clock).audit(BY_ITSELF, "recovery.used", "station", station_id)

    await station.database.write(note)


async def open_station_for_reading(
    folder: Path, secrets: Secrets, clock: Clock, *, recovery_secret: str | None = None
) -> Station:
    """Open a station beside whoever works in it; nothing at all is written."""
    keys = await asyncio.to_thread(read_keys, folder, secrets, recovery_secret)
    return await asyncio.to_thread(Station.assemble, folder, keys, clock, is_for_reading=True)


async def _follow_clock(station: Station) -> None:
    """Let what waits follow a clock that was set back meanwhile; a full disk stops no opening."""
    try:
        await station.waits.open()
    except StoreCorruptError:
        raise
    except HautError as error:
        _log.warning("stored waits could not follow the clock: %s", error.kind)


async def _say_whose(station: Station) -> None:
    """Leave in the vault which station's it is; a full disk stops nobody from opening."""
    frame = await station.database.read(read_station_frame)

    def leave() -> None:
        if station.vault.frame() != frame:
            station.vault.set_frame(frame)

    try:
        await asyncio.to_thread(leave)
    except HautError:
        _log.exception("the vault could not be told whose it is")


def _make_keys(folder: Path, secrets: Secrets, recovery: Recovery) -> Keys:
    make_folder(folder)
    chest = KeyChest(folder, secrets)
    if chest.exists():
        return chest.open()
    refuse_lost_keys(folder)
    return chest.create(recovery)


def read_keys(folder: Path, secrets: Secrets, recovery_secret: str | None) -> Keys:
    """Open the keys and leave everything as it is; blocking."""
    chest = KeyChest(folder, secrets)
    return chest.open() if recovery_secret is None else chest.open_with_recovery(recovery_secret)


def open_keys(folder: Path, secrets: Secrets, recovery_secret: str | None) -> Keys:
    """Open the keys; the recovery key also lets this account in from now on; blocking.

    An account whose keyring can keep no key at the moment is let in this once.
    """
    chest = KeyChest(folder, secrets)
    if recovery_secret is None:
        return chest.open()
    keys = chest.open_with_recovery(recovery_secret)
    try:
        return chest.add_account(keys)
    except KeyringError as error:
        _log.info("opened with the recovery key, this once: %s", error.kind)
        return keys


def _recovery_word(recovery: Recovery) -> str:
    if isinstance(recovery, NoRecovery):
        return "declined"
    return "passphrase" if isinstance(recovery, RecoveryPassphrase) else "study key"
