"""The notes beside the sealed pictures, kept true: from them alone the outbox can be rebuilt."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.erasure import Erasure
from haut_desktop.domain.errors import HautError, StoreError, VaultError
from haut_desktop.domain.ids import BatchId, VisitId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.visits import Visit
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.finishing import slot_words
from haut_desktop.services.pauses import pause
from haut_desktop.services.writing import to_its_end

if TYPE_CHECKING:
    from haut_desktop.store.outbox import OutboxStore
    from haut_desktop.store.picture_record import PictureRecord
    from haut_desktop.store.pictures import PictureStore
    from haut_desktop.store.vault import Sidecar, Vault

_log = logging.getLogger(__name__)

_STANDS: frozenset[BatchState] = frozenset(
    {BatchState.SUBMITTED, BatchState.RETRACTING, BatchState.RETRACTED, BatchState.HELD}
)
"""States that a rebuild must know, for nothing tells them but the record."""

AGAIN_S: Final = 300.0
"""Seconds before notes are written again that could not be, on a full disk for one."""


class Sidecars:
    """Rewrites what lies beside a visit's pictures from what the record says."""

    def __init__(self, *, pictures: "PictureStore", vault: "Vault") -> None:
        self._pictures = pictures
        self._vault = vault

    async def follow(self, visit_id: VisitId) -> bool:
        """Bring the visit's sidecars up to date; False where one fails, the record stays right."""
        try:
            records = await self._pictures.records(visit_id)
            await to_its_end(self._rewrite, records)
        except HautError:
            _log.exception("the sidecars of visit %s could not be rewritten", visit_id)
            return False
        return True

    async def precede(self, visit: Visit, batches: Iterable[Batch]) -> None:
        """Write what the record is about to say of ``visit``; raises DiskFullError or VaultError.

        A picture's id for the platform must lie beside it before anything can be sent: a rebuild
        then asks for it instead of sending the picture once more.
        """
        together = tuple(batches)
        records = [
            replace(record, frame=replace(record.frame, visit=visit)).in_batch(together)
            for record in await self._pictures.records(visit.id)
        ]
        await to_its_end(self._rewrite, records)

    async def say_erased(self, erasure: Erasure) -> None:
        """Say beside a picture that it is erased, for as long as its file can't be removed.

        A rebuild then lets it leave, too, and calls it missing in no batch.
        """
        try:
            await to_its_end(self._mark, erasure)
        except HautError:
            _log.exception("the note of %s does not say yet that it is erased", erasure.original_id)
        if erasure.visit_id is not None:
            await self.follow(erasure.visit_id)

    def _mark(self, erasure: Erasure) -> None:
        for name in erasure.files:
            note = self._before(name) or self._claimed(name)
            if note is not None and note.erasure is None:
                self._vault.renew_sidecar(name, replace(note, erasure=erasure))

    def _claimed(self, vault_name: str) -> "Sidecar | None":
        """What a note that is not ours says; nothing of it may come into a record."""
        from haut_desktop.store.vault import UnauthenticatedSidecarError

        try:
            return self._vault.sidecar(vault_name)
        except UnauthenticatedSidecarError as error:
            return replace(error.claim, record=None) if error.claim else None
        except VaultError:
            return None

    def _rewrite(self, records: Iterable["PictureRecord"]) -> None:
        for record in records:
            name = record.original.vault_name
            before = self._before(name)
            if before is not None and before.erasure is not None:
                continue
            known = before.record if before else None
            if known is not None:
                frame = replace(record.frame, operator=known.frame.operator)
                record = replace(record, frame=frame)
            if known is None or replace(record, written_at=known.written_at) != known:
                self._vault.renew_sidecar(name, sidecar_of(record))

    def _before(self, vault_name: str) -> "Sidecar | None":
        try:
            return self._vault.sidecar(vault_name)
        except VaultError:
            # what is not ours, or is damaged, is replaced by what the record knows
            return None


class SidecarFollower:
    """Writes beside the pictures how their delivery ended."""

    def __init__(
        self,
        *,
        sidecars: Sidecars,
        outbox: "OutboxStore",
        changes: Changes,
        again_s: float = AGAIN_S,
    ) -> None:
        self._sidecars = sidecars
        self._outbox = outbox
        self._changes = changes
        self._again_s = again_s
        self._told: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._written: dict[str, BatchState] = {}

    async def run(self) -> None:
        """Follow until cancelled."""
        unsubscribe = self._changes.subscribe(self._on_change)
        try:
            while True:
                # what could not be written is left in it
                await pause(self._woken, self._again_s if self._told else None)
                self._woken.clear()
                told, self._told = self._told, {}
                for key in told:
                    if not await self._follow(BatchId(key)):
                        self._told[key] = None
        finally:
            unsubscribe()

    def _on_change(self, change: Change) -> None:
        if change.topic is Topic.OUTBOX and change.ids:
            self._told.update(dict.fromkeys(change.ids))
            self._woken.set()

    async def _follow(self, batch_id: BatchId) -> bool:
        """Write what is to be written; False when it could not be."""
        try:
            batch = await self._outbox.find(batch_id)
        except StoreError:
            return False
        if batch is None:
            return True  # news of something else
        if batch.state in _STANDS and self._written.get(batch_id) is not batch.state:
            if not await self._sidecars.follow(batch.visit_id):
                return False
            self._written[batch_id] = batch.state
        return True


def sidecar_of(record: "PictureRecord") -> "Sidecar":
    """Put a picture's record into a note that a person can read as well."""
    from haut_desktop.store.vault import Sidecar

    frame, original = record.frame, record.original
    return Sidecar(
        original_id=original.id,
        digest=original.digest,
        study_id=frame.study.id,
        subject_id=frame.visit.subject_id,
        subject_code=frame.subject.code if frame.subject else "",
        visit_id=frame.visit.id,
        visit_name=frame.visit.name,
        slot=slot_words(record.slot),
        take=record.take.number,
        captured_at=original.captured.utc,
        received_at=original.received_at,
        station_id=frame.station.id,
        operator_id=frame.operator.id if frame.operator else None,
        media_type=original.media_type,
        file_name=original.file_name,
        record=record,
    )
