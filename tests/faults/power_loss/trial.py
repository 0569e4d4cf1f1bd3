"""Opens what a power cut left, with the real program, and looks whether every promise is kept."""

from pathlib import Path

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState
from haut_desktop.domain.ids import OriginalId, SubjectId, VisitId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.visits import VisitStatus
from haut_desktop.store.driver import connect
from haut_desktop.store.keys import NoRecovery
from haut_desktop.store.spool import SPOOL, Spool
from haut_desktop.store.station import (
    DATABASE,
    Station,
    create_station,
    has_station,
    open_station,
)
from tests.fakes.keyring import FakeSecrets
from tests.faults.power_loss.promises import Promises

_CONFIRMED = frozenset({ImageState.STORED, ImageState.ERASED})
_COMPUTING = frozenset({BatchState.SUBMITTING, BatchState.SUBMITTED})


class BrokenPromiseError(Exception):
    """Something that was shown is not there any more, or what is there is not whole."""


async def try_out(folder: Path, promises: Promises) -> None:
    """Open the station in ``folder``; raises BrokenPromiseError or whatever opening raises."""
    secrets = FakeSecrets(promises.secrets)
    station = await open_as_the_program_does(folder, promises, secrets)
    try:
        erased = await _check_erased(station, promises)
        await _check_whole(station, erased)
        await _check_kept(station, promises, erased)
        await check_spooled(station, promises)
        await _check_written_first(station, promises)
    finally:
        await station.aclose()
    # Closing has put the write-ahead log into the file; before that its pages may be torn.
    faults = _faults_of_pages(folder / DATABASE, station.keys.database_key)
    _demand(not faults, f"the database says: {faults[:3]}")


async def open_as_the_program_does(
    folder: Path, promises: Promises, secrets: FakeSecrets
) -> Station:
    """Open the station, or make it where the first start had not come to its end."""
    if has_station(folder):
        station = await open_station(folder, secrets, system_clock)
        if await station.studies.station() is not None:
            return station
        await station.aclose()
    if promises.is_made:
        raise BrokenPromiseError("the station is gone")
    return await create_station(
        folder,
        secrets,
        system_clock,
        recovery=NoRecovery("test"),
        site_code="B01",
        zone="Europe/Berlin",
        station_name="Capture 1",
    )


async def _check_erased(station: Station, promises: Promises) -> frozenset[str]:
    """What was said to be erased is, and nothing else; the names in the vault that may be gone.

    An erasure that was answered is on record, with the sealed file gone. One that was only asked
    for is on record, to be finished at the next start, or it never began and the picture is whole.
    """
    on_record = set((await station.erasures.remains()).original_ids)
    going = {erasure.original_id for erasure in await station.erasures.pending()}
    _demand(set(promises.erased) <= on_record, "a picture is there as if it was never erased")
    _demand(on_record <= set(promises.erasing), "a picture is erased that nobody asked to erase")
    for original in on_record - going:
        is_there = station.vault.name_for(original) in station.vault.names()
        _demand(not is_there, "a picture that left the disk is back")
    _demand(not going & set(promises.erased), "an erasure that was answered is not finished")
    return frozenset(on_record)


async def check_spooled(station: Station, promises: Promises) -> None:
    """Each picture that was sealed without the keys is in the spool, or in vault and record."""
    spool = Spool(station.folder / SPOOL, station.keys.recipient, system_clock)
    waiting = {}
    for name in spool.names():
        note, _ = spool.open(name, station.keys.identity)
        waiting[str(note.original_id)] = note.digest.sha256
    held = {str(one.original.id): one.original for one in await station.rebuilt.held_pictures()}
    for original, sha256 in promises.spooled.items():
        if waiting.get(original) == sha256:
            continue
        _demand(original in held, "a picture is neither in the spool nor in the record")
        station.vault.open(held[original].vault_name, sha256)


async def _check_whole(station: Station, erased: frozenset[str]) -> None:
    """The audit's chain and every file of the vault authenticate, but for what is being erased."""
    _demand(await station.audit.verify() is None, "the audit's chain is broken")
    going = {station.vault.name_for(OriginalId(original)) for original in erased}
    for name in set(station.vault.names()) - going:
        sidecar = station.vault.sidecar(name)
        station.vault.open(name, sidecar.digest.sha256)


def _faults_of_pages(path: Path, key: bytes) -> list[str]:
    """Whether every page authenticates and every row is where it belongs."""
    connection = connect(path)
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        faults = [str(row[0]) for row in connection.execute("PRAGMA cipher_integrity_check")]
        checked = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
        loose = [str(row[0]) for row in connection.execute("PRAGMA foreign_key_check")]
    finally:
        connection.close()
    return faults + [word for word in checked if word != "ok"] + loose


async def _check_kept(station: Station, promises: Promises, erased: frozenset[str]) -> None:
    """What was shown is still there."""
    if promises.is_signed_in:
        _demand(await station.credentials.load() is not None, "nobody is signed in")
    for subject in promises.subjects:
        await station.subjects.get(SubjectId(subject))
    for visit in promises.visits:
        await station.visits.get(VisitId(visit))
    for original, (vault_name, sha256) in promises.sealed.items():
        row = await station.pictures.original(OriginalId(original))
        _demand(row.vault_name == vault_name, "a picture has another name")
        _demand(row.digest.sha256 == sha256, "a picture has another hash")
        if original not in erased:
            station.vault.open(vault_name, sha256)
    for visit in promises.finished:
        status = (await station.visits.get(VisitId(visit))).status
        _demand(status is VisitStatus.FINISHED, f"a finished visit is {status}")
    batches = await _batches(station)
    states = {image.id: image.state for batch in batches for image in batch.images}
    for image in promises.stored:
        state = states.get(image)  # type: ignore[call-overload]
        _demand(state in _CONFIRMED, f"a confirmed picture is {state}")
    done = [i for b in batches for i in b.images if i.state is ImageState.ERASED]
    _demand(len(done) <= len(erased), "a picture is called erased that is not")
    submitted = {batch.id for batch in batches if batch.state is BatchState.SUBMITTED}
    _demand(set(promises.submitted) <= submitted, "a submitted batch is not")


async def _check_written_first(station: Station, promises: Promises) -> None:
    """No request that changes something left before its attempt was on the disk."""
    batches = await _batches(station)
    images = [image for batch in batches for image in batch.images]
    begun = [b for b in batches if b.platform_id or b.state is not BatchState.OPEN]
    asked = [*promises.asked_for("POST", "/upload/"), *promises.asked_for("POST", "/batches/")]
    _demand(len(begun) >= len(asked), "initiated unwritten")
    sent = [image for image in images if image.state is not ImageState.SEALED]
    left = promises.times_asked_for("PUT", "/original") + promises.times_asked_for(
        "POST", "/images/"
    )
    _demand(len(sent) >= left, "a picture left unwritten")
    computing = {batch.platform_id for batch in batches if batch.state in _COMPUTING}
    for path in promises.asked_for("POST", "/compute/"):
        _demand(path.split("/")[-3] in computing, "computing was asked for unwritten")
    if promises.asked_for("POST", "/subjects/"):
        for subject in promises.subjects:
            found = await station.subjects.get(SubjectId(subject))
            states = {registration.state for registration in found.registrations}
            _demand(RegistrationState.DRAFT not in states, "registered unwritten")


async def _batches(station: Station) -> list[Batch]:
    deliveries = await station.outbox.deliveries(1000)
    return [batch for delivery in deliveries for batch in delivery.batches]


def _demand(is_so: bool, words: str) -> None:
    if not is_so:
        raise BrokenPromiseError(words)
