"""Rebuilds the record from the vault alone, after the database was lost or damaged.

The sidecars that authenticate say whose the pictures are, in which batches they were to go and how
their delivery ended. What was finished but not known to have ended waits until the platform was
asked for it; what does not authenticate waits for a person. The old file is moved aside, never
deleted, and only when the new one is whole.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from haut_desktop.domain.audit import BY_ITSELF, Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import StationError, StoreError, VaultError
from haut_desktop.domain.ids import OriginalId, RenditionId, new_id
from haut_desktop.domain.imaging import CaptureTime, Digest, Original, Rendition, Transform
from haut_desktop.store.database import Database, move_aside
from haut_desktop.store.driver import Connection
from haut_desktop.store.erasures import note_erased
from haut_desktop.store.files import flush_folder
from haut_desktop.store.keys import Keys
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.need_of_rebuild import Why
from haut_desktop.store.picture_record import PictureRecord, StationFrame
from haut_desktop.store.picture_rows import insert_picture
from haut_desktop.store.rebuild_rows import RecordWriter
from haut_desktop.store.rebuilt import NOTE_NOT_OURS, NOTE_UNREADABLE, insert_held
from haut_desktop.store.rows import text_of
from haut_desktop.store.secrets import Secrets
from haut_desktop.store.station import DATABASE, Station, open_keys
from haut_desktop.store.vault import Sidecar, UnauthenticatedSidecarError, Vault

NOT_IN_VAULT: Final = (
    "the audit trail so far",
    "what the quality checks said in visits that were not finished",
    "what was erased",
    "what was begun on the platform and left behind",
    "subjects and visits without pictures",
    "camera clocks",
    "the pause, times and limit that were set for sending",
    "limits of disk space, and how long pictures stay, as they were set",
)
"""What no note beside a picture tells."""

OnProgress = Callable[[int, int], None]
"""Called with the number of notes read and of all, from the thread that reads them."""

_NEW: Final = "station.db.rebuilt"
_ANY_TYPE: Final = "application/octet-stream"
_UNKNOWN: Final = Digest("0" * 64, "0" * 32, 1)
"""Of a picture that is erased and opens no more."""
_OLD_NOTE: Final = "The note beside this picture is of an older kind. Say whose it is."
_CLASH: Final = (
    "The note beside this picture names a code that another subject has as well. Say whose it is."
)


_ASKED_FOR: Final = "asked for on the command line, whatever state the record was in"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A sealed picture that is not where it was, and why."""

    vault_name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found."""

    subjects: int = 0
    visits: int = 0
    pictures: int = 0
    waiting_batches: int = 0
    """Are sent only after the platform was asked for them."""
    held: tuple[LeftOut, ...] = ()
    """Pictures that wait until a person says whose they are."""
    unreadable: tuple[LeftOut, ...] = ()
    """Pictures that do not open; their files are left where they are."""
    lost: tuple[str, ...] = NOT_IN_VAULT
    """What did not come back; only the former database has it."""
    moved_to: Path | None = None
    """Where the former database lies now."""


@dataclass(slots=True)
class _Reading:
    """What the vault says."""

    records: list[PictureRecord] = field(default_factory=list)
    held: dict[str, tuple[str, Sidecar | None]] = field(default_factory=dict)
    leaving: dict[str, tuple[str, Sidecar]] = field(default_factory=dict)
    """What somebody erased and could not be removed yet, with the reason."""


async def recover_station(
    folder: Path,
    secrets: Secrets,
    clock: Clock,
    *,
    recovery_secret: str | None = None,
    on_progress: OnProgress | None = None,
    why: Why = Why.DAMAGED,
) -> tuple[Station, Rebuilt]:
    """Rebuild the record of the station in ``folder`` and open it.

    The caller holds the instance lock and knows ``why``. Raises the KeyringError or StoreError
    that fits; then the former database is where it was.
    """
    keys = await asyncio.to_thread(open_keys, folder, secrets, recovery_secret)
    rebuilt = await asyncio.to_thread(rebuild, folder, keys, clock, on_progress, why)
    return await asyncio.to_thread(Station.assemble, folder, keys, clock), rebuilt


def rebuild(
    folder: Path,
    keys: Keys,
    clock: Clock,
    on_progress: OnProgress | None = None,
    why: Why = Why.DAMAGED,
) -> Rebuilt:
    """Make the record anew beside the old one, then let it take its place; blocking."""
    vault = Vault(folder / "vault", keys.recipient, keys.identity, keys.hmac_key)
    reading = _read(vault, on_progress or (lambda _done, _all: None))
    frame = vault.frame() or _newest_frame(reading.records)
    if frame is None:
        raise StoreError(
            "No note in the vault says whose station this is. Restore the station's folder from a "
            "backup, or call your study's IT; the sealed pictures stay as they are.",
            title="The outbox can't be rebuilt",
        )
    _discard(folder)
    database = Database.open(folder / _NEW, keys.database_key, expect_existing=False)
    try:
        rebuilt = database.write_now(lambda c: _fill(c, frame, reading, vault, clock, why))
    except BaseException:
        database.close()
        _discard(folder)
        raise
    database.close()
    return _take_place(folder, rebuilt, clock(), why)


# ---- reading -----------------------------------------------------------------------------------


def _read(vault: Vault, on_progress: OnProgress) -> _Reading:
    reading = _Reading()
    names = vault.names()
    for done, name in enumerate(names, start=1):
        _read_one(vault, name, reading)
        on_progress(done, len(names))
    return reading


def _read_one(vault: Vault, name: str, reading: _Reading) -> None:
    try:
        sidecar = vault.sidecar(name)
    except UnauthenticatedSidecarError as error:
        reading.held[name] = (NOTE_NOT_OURS, error.claim)
        return
    except VaultError:
        reading.held[name] = (NOTE_UNREADABLE, None)
        return
    record = sidecar.record
    if sidecar.erasure is not None:
        reading.leaving[name] = (sidecar.erasure.reason, sidecar)
    elif record is None or record.original.vault_name != name:
        reading.held[name] = (_OLD_NOTE, sidecar)
    else:
        reading.records.append(record)


def _newest_frame(records: list[PictureRecord]) -> StationFrame | None:
    newest = max(records, key=lambda record: record.written_at, default=None)
    return None if newest is None else StationFrame(newest.frame.site, newest.frame.station)


# ---- writing -----------------------------------------------------------------------------------


def _fill(
    connection: Connection,
    frame: StationFrame,
    reading: _Reading,
    vault: Vault,
    clock: Clock,
    why: Why,
) -> Rebuilt:
    now = clock()
    _insert_frame(connection, frame, now)
    ledger = Ledger(connection, lambda: now)
    writer = RecordWriter(ledger)
    clashing = writer.write(reading.records)
    held = [
        _hold(ledger, record.original, record.rendition, _CLASH, _claim_of(record))
        for record in clashing
    ]
    for name, (reason, sidecar) in reading.leaving.items():
        original, rendition = _leaving(vault, name, sidecar, now)
        insert_picture(ledger, original, rendition)
        note_erased(ledger, original.id, Act(reason=reason))
    unreadable: list[LeftOut] = []
    for name, (reason, claim) in reading.held.items():
        try:
            original, rendition = _describe(vault, name, claim, now)
        except VaultError as error:
            ledger.audit(Act(reason=error.message), "picture.unreadable", "original", name)
            unreadable.append(LeftOut(name, error.message))
            continue
        held.append(_hold(ledger, original, rendition, reason, _claim(claim)))
    words = f"{writer.pictures} pictures, {len(held)} held, {len(unreadable)} unreadable"
    act = Act(reason=_ASKED_FOR) if why is Why.ASKED_FOR else BY_ITSELF
    ledger.audit(act, "outbox.rebuilt", "station", frame.station.id, new=words)
    return Rebuilt(
        subjects=writer.subjects,
        visits=writer.visits,
        pictures=writer.pictures,
        waiting_batches=writer.waiting_batches,
        held=tuple(held),
        unreadable=tuple(unreadable),
    )


def _insert_frame(connection: Connection, frame: StationFrame, now: datetime) -> None:
    site, station = frame.site, frame.station
    connection.execute(
        "INSERT INTO site VALUES (?, ?, ?, ?)", (site.id, site.code, site.zone, text_of(now))
    )
    connection.execute(
        "INSERT INTO station VALUES (?, ?, ?, 1, ?)",
        (station.id, site.id, station.name, text_of(now)),
    )


def _hold(
    ledger: Ledger,
    original: Original,
    rendition: Rendition,
    reason: str,
    claim: Mapping[str, str],
) -> LeftOut:
    insert_held(ledger, original, rendition, reason, claim)
    return LeftOut(original.vault_name, reason)


def _leaving(
    vault: Vault, name: str, sidecar: Sidecar, now: datetime
) -> tuple[Original, Rendition]:
    """Describe an erased picture, which stays out of everything; its file goes at the next start.

    Without a record its note may repeat what a strange one claimed: the bytes say more, while they
    open.
    """
    if sidecar.record is not None:
        return _unproven(name, sidecar.digest, sidecar.media_type, sidecar.received_at)
    try:
        return _describe(vault, name, None, now)
    except VaultError:
        return _unproven(name, _UNKNOWN, _ANY_TYPE, now)


def _describe(
    vault: Vault, name: str, claim: Sidecar | None, now: datetime
) -> tuple[Original, Rendition]:
    """Describe a picture by its own bytes, for its note proves nothing; raises VaultError."""
    data = vault.open_unproven(name)
    digest = Digest(
        hashlib.sha256(data).hexdigest(),
        hashlib.md5(data, usedforsecurity=False).hexdigest(),
        len(data),
    )
    if not data:
        raise VaultError("The sealed picture is empty.")
    media_type = claim.media_type if claim else _ANY_TYPE
    return _unproven(name, digest, media_type, min(vault.sealed_at(name), now))


def _unproven(
    name: str, digest: Digest, media_type: str, sealed_at: datetime
) -> tuple[Original, Rendition]:
    """Describe a picture that is in no slot."""
    original = Original(
        id=OriginalId(name.removesuffix(".age")),
        take_id=None,
        digest=digest,
        media_type=media_type,
        width=0,
        height=0,
        orientation=1,
        file_name="",
        captured=CaptureTime("", None, "station", sealed_at),
        received_at=sealed_at,
        vault_name=name,
    )
    rendition = Rendition(
        RenditionId(new_id()), original.id, Transform(), digest, original.media_type, name
    )
    return original, rendition


def _claim(sidecar: Sidecar | None) -> Mapping[str, str]:
    if sidecar is None:
        return {}
    return {
        "subject_code": sidecar.subject_code,
        "visit": sidecar.visit_name,
        "slot": sidecar.slot,
        "take": str(sidecar.take),
        # as it stands there: a claimed time may be none in UTC
        "received_at": sidecar.received_at.isoformat(),
    }


def _claim_of(record: PictureRecord) -> Mapping[str, str]:
    subject = record.frame.subject
    return {
        "subject_code": subject.code if subject else "",
        "visit": record.frame.visit.name,
        "slot": f"{record.slot.side} {record.slot.light}",
        "take": str(record.take.number),
        "received_at": record.original.received_at.astimezone(UTC).isoformat(),
    }


# ---- taking its place --------------------------------------------------------------------------


def _take_place(folder: Path, rebuilt: Rebuilt, at: datetime, why: Why) -> Rebuilt:
    """Move the former database aside and the new one to its place.

    Between the two the database is missing, which opens as what it is and is rebuilt again.
    """
    path, new = folder / DATABASE, folder / _NEW
    try:
        moved_to = move_aside(path, at, why=why) if path.exists() else None
        new.with_name(f"{_NEW}.fingerprint").replace(path.with_name(f"{DATABASE}.fingerprint"))
        new.replace(path)
        flush_folder(folder)
    except OSError as error:
        raise StationError(
            "The rebuilt outbox could not take its place. Nothing is lost; close other programs "
            "that use the station's folder and try again."
        ) from error
    return replace(rebuilt, moved_to=moved_to)


def _discard(folder: Path) -> None:
    """Remove what an interrupted rebuild left; it was never anybody's record."""
    for companion in ("", "-wal", "-shm", ".fingerprint", ".suspect"):
        (folder / f"{_NEW}{companion}").unlink(missing_ok=True)
