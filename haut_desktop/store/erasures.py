"""Pictures that leave the disk: refused while their fate is open, written down before they go."""

import json
from datetime import datetime
from typing import Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import BatchState, ImageEvent, ImageState
from haut_desktop.domain.erasure import Erasure, Remains
from haut_desktop.domain.errors import ErasureRefusedError
from haut_desktop.domain.ids import BatchId, ImageId, OriginalId, StudyId, VisitId, new_id
from haut_desktop.domain.imaging import Side
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.moves import move
from haut_desktop.store.retractions import ask_for
from haut_desktop.store.rows import Value, moment, one, text_of, update
from haut_desktop.store.takes import count_newest

_ORIGINAL: Final = """
SELECT original.*, take.id AS take_id, take.slot_id, take.removed_at, slot.visit_id, visit.status,
    EXISTS (SELECT 1 FROM held_picture WHERE original_id = original.id) AS is_held
FROM original
LEFT JOIN take ON take.id = original.take_id
LEFT JOIN slot ON slot.id = take.slot_id
LEFT JOIN visit ON visit.id = slot.visit_id
WHERE original.id = ?
"""

_IMAGES: Final = """
SELECT image.id, image.state, image.held_from, image.batch_id, batch.state AS batch_state,
    EXISTS (SELECT 1 FROM rebuilt_batch WHERE rebuilt_batch.batch_id = batch.id) AS is_rebuilt
FROM image JOIN batch ON batch.id = image.batch_id
JOIN rendition ON rendition.id = image.rendition_id
WHERE rendition.original_id = ?
ORDER BY image.rowid
"""

_FILES: Final = """
SELECT vault_name FROM original WHERE id = :id
UNION SELECT vault_name FROM rendition WHERE original_id = :id
"""

_PENDING: Final = """
SELECT erasure.*, slot.visit_id, (
    SELECT json_group_array(json_array(image.batch_id, image.side)) FROM image
    JOIN rendition ON rendition.id = image.rendition_id
    WHERE rendition.original_id = erasure.original_id) AS seen_in
FROM erasure
JOIN original ON original.id = erasure.original_id
LEFT JOIN take ON take.id = original.take_id
LEFT JOIN slot ON slot.id = take.slot_id
"""

# Another picture of the same side keeps what was fetched of the side.
# Little is erased of much that was sent, which no planner knows: a cross join keeps this order.
_ERASED_SIDES: Final = """
SELECT DISTINCT image.batch_id, image.side,
    EXISTS (SELECT 1 FROM image AS other WHERE other.batch_id = image.batch_id
        AND other.side = image.side AND other.state <> 'ERASED') AS is_shared
FROM erasure
CROSS JOIN rendition ON rendition.original_id = erasure.original_id
CROSS JOIN image ON image.rendition_id = rendition.id
"""

# Proven to be on the platform, in a batch that will not need the bytes again. The index image_sent
# gives what was proven long enough ago.
_OUTLIVED: Final = """
SELECT DISTINCT rendition.original_id AS id FROM image
JOIN rendition ON rendition.id = image.rendition_id AND rendition.erased_at IS NULL
JOIN batch ON batch.id = image.batch_id
JOIN visit ON visit.id = batch.visit_id
WHERE image.proof_at IS NOT NULL AND image.proof_at <= :until AND image.state = 'STORED'
    AND batch.state = 'SUBMITTED' AND visit.study_id = :study
ORDER BY image.proof_at
LIMIT :limit
"""

_UNDER_WAY: Final = frozenset({BatchState.INITIATING, BatchState.SUBMITTING, BatchState.RETRACTING})
_IN_FLIGHT: Final = frozenset({ImageState.UPLOADING, ImageState.UNSETTLED})


class ErasureStore:
    """Keeps what is erased, and what of it has not left the disk yet."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def write(self, original_id: OriginalId, act: Act) -> Erasure | None:
        """Write down that a picture is erased, with the act's reason; None if it is already.

        Its deliveries are ERASED; a batch of which nothing would be left to send is taken back.
        Raises ErasureRefusedError while a picture's fate is open, StoreError for an unknown one.
        """

        def work(connection: Connection) -> Erasure | None:
            row = one(connection.execute(_ORIGINAL, (original_id,)).fetchone(), "original")
            if row["erased_at"] is not None:
                return None
            images = connection.execute(_IMAGES, (original_id,)).fetchall()
            for image in images:
                _check(image)
            ledger = Ledger(connection, self._clock)
            erasure_id = note_erased(ledger, original_id, act)
            for image in images:
                _erase_image(ledger, image, act)
            if row["status"] == "open" and row["removed_at"] is None:
                _leave_the_visit(ledger, row, act)
            return _read(connection, erasure_id)

        return await self._database.write(work)

    async def pending(self) -> tuple[Erasure, ...]:
        """Give what is written down as erased and may still lie on the disk, oldest first."""
        statement = f"{_PENDING} WHERE erasure.done_at IS NULL ORDER BY erasure.written_at"

        def work(connection: Connection) -> tuple[Erasure, ...]:
            return tuple(_erasure(row) for row in connection.execute(statement))

        return await self._database.read(work)

    async def done(self, erasure: Erasure) -> None:
        """Note that nothing of the picture lies on the disk any more."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            update(connection, "erasure", erasure.id, {"done_at": text_of(ledger.at)})
            act = Act(reason=erasure.reason)
            ledger.audit(act, "picture.left-the-disk", "original", erasure.original_id)

        await self._database.write(work)

    async def remains(self) -> Remains:
        """Say under which names copies of everything that is erased may still be kept."""

        def work(connection: Connection) -> Remains:
            originals = connection.execute("SELECT original_id FROM erasure")
            found = [
                (BatchId(row["batch_id"]), Side(row["side"]), bool(row["is_shared"]))
                for row in connection.execute(_ERASED_SIDES)
            ]
            return Remains(
                original_ids=tuple(OriginalId(row["original_id"]) for row in originals),
                sides=tuple((batch, side) for batch, side, is_shared in found if not is_shared),
                shared=tuple((batch, side) for batch, side, is_shared in found if is_shared),
            )

        return await self._database.read(work)

    async def outlived(
        self, study_id: StudyId, until: datetime, limit: int
    ) -> tuple[OriginalId, ...]:
        """Give pictures of a study whose delivery was proven by then, oldest first."""

        def work(connection: Connection) -> tuple[OriginalId, ...]:
            values = {
                "until": text_of(until),
                "study": study_id,
                "limit": limit,
            }
            return tuple(OriginalId(row["id"]) for row in connection.execute(_OUTLIVED, values))

        return await self._database.read(work)


def _check(image: Row) -> None:
    """Refuse while nobody knows what becomes of the picture."""
    if image["batch_state"] == BatchState.RETRACTED and image["state"] == ImageState.HELD:
        return  # nothing of it is sent or asked for any more
    if image["state"] in _IN_FLIGHT or image["held_from"] == ImageState.UNSETTLED:
        raise ErasureRefusedError(
            "The picture is on its way to the platform, or the station is asking whether it "
            "arrived. Nothing was erased. Wait until that is known, or take the batch back first."
        )
    if image["batch_state"] in _UNDER_WAY or image["is_rebuilt"]:
        raise ErasureRefusedError(
            "A step of the picture's batch is under way. Nothing was erased. Wait until it has "
            "ended, then erase the picture."
        )


def note_erased(ledger: Ledger, original_id: OriginalId, act: Act) -> str:
    """Write down, within the caller's transaction, that a picture leaves the disk."""
    connection, erasure_id = ledger.connection, new_id()
    files = [row["vault_name"] for row in connection.execute(_FILES, {"id": original_id})]
    ledger.insert(
        "erasure",
        id=erasure_id,
        original_id=original_id,
        operator_id=act.operator_id,
        reason=act.reason,
        files=json.dumps(files),
    )
    at = text_of(ledger.at)
    update(connection, "original", original_id, {"erased_at": at})
    connection.execute(
        "UPDATE rendition SET erased_at = ? WHERE original_id = ?", (at, original_id)
    )
    connection.execute("DELETE FROM held_picture WHERE original_id = ?", (original_id,))
    ledger.audit(act, "picture.erased", "original", original_id)
    return erasure_id


def _erase_image(ledger: Ledger, image: Row, act: Act) -> None:
    if image["state"] == ImageState.ERASED:
        return
    image_id, batch_id = ImageId(image["id"]), BatchId(image["batch_id"])
    columns = {"address": None}
    move(ledger, ImageState, image_id, ImageEvent.ERASE, columns=columns, act=act)
    left = ledger.connection.execute(
        "SELECT 1 FROM image WHERE batch_id = ? AND state <> 'ERASED'", (batch_id,)
    ).fetchone()
    if left is None and image["batch_state"] in (BatchState.OPEN, BatchState.HELD):
        ask_for(ledger, batch_id, act)


def _leave_the_visit(ledger: Ledger, row: Row, act: Act) -> None:
    """In an open visit another take may count instead; a finished one stays as it was sent."""
    columns: dict[str, Value] = {
        "counts": 0,
        "reason": act.reason,
        "removed_at": text_of(ledger.at),
    }
    update(ledger.connection, "take", row["take_id"], columns)
    count_newest(ledger.connection, row["slot_id"])


def _read(connection: Connection, erasure_id: str) -> Erasure:
    row = connection.execute(f"{_PENDING} WHERE erasure.id = ?", (erasure_id,)).fetchone()
    return _erasure(one(row, "erasure"))


def _erasure(row: Row) -> Erasure:
    return Erasure(
        id=row["id"],
        original_id=OriginalId(row["original_id"]),
        reason=row["reason"],
        asked_at=moment(row["written_at"]),
        files=tuple(json.loads(row["files"])),
        visit_id=VisitId(row["visit_id"]) if row["visit_id"] else None,
        seen_in=tuple((BatchId(batch), Side(side)) for batch, side in json.loads(row["seen_in"])),
    )
