"""The platform's batches that were begun and left behind: they are never computed."""

import json
from collections.abc import Mapping
from typing import Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import (
    BatchState,
    ImageEvent,
    ImageState,
    TransitionError,
    Waiting,
)
from haut_desktop.domain.ids import BatchId, ImageId, new_id
from haut_desktop.domain.imaging import Batch, Image
from haut_desktop.domain.outbox import AbandonedBatch
from haut_desktop.store.driver import Connection
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.moves import move
from haut_desktop.store.rows import Value, moment, update

_STARTED: Final = frozenset({ImageState.UPLOADING, ImageState.UNSETTLED, ImageState.STORED})
_FORGOTTEN: Final[Mapping[str, Value]] = {
    "platform_id": None,
    "address": None,
    "proof_kind": None,
    "proof_detail": None,
    "proof_at": None,
    "body_drops": 0,
}
"""What an abandoned batch of the platform leaves on an image of ours: nothing."""


def abandon(ledger: Ledger, batch: Batch, reason: str) -> None:
    """Leave the platform's batch behind, within the caller's transaction.

    Its pictures are SEALED again; raises TransitionError once its computation was asked for.
    """
    if BatchState.OPEN not in (batch.state, batch.held_from):
        raise TransitionError(f"a batch that is {batch.state} cannot be abandoned")
    _note(ledger, batch, reason)
    for image in batch.images:
        _abandon_image(ledger, image)
    columns = {"platform_id": None, "abandoned": batch.abandoned + 1}
    update(ledger.connection, "batch", batch.id, columns)


def times_abandoned(connection: Connection, batch_id: BatchId, reason: str) -> int:
    """Count how often a batch of the platform was left behind for this reason."""
    statement = "SELECT count(*) AS times FROM abandoned_batch WHERE batch_id = ? AND reason = ?"
    return int(connection.execute(statement, (batch_id, reason)).fetchone()["times"])


def read_abandoned(connection: Connection) -> tuple[AbandonedBatch, ...]:
    """Give every batch of the platform that was left behind, oldest first."""
    return tuple(
        AbandonedBatch(
            BatchId(row["batch_id"]),
            row["platform_id"] or "",
            tuple(
                (ImageId(ours), theirs or "") for ours, theirs in json.loads(row["images"]).items()
            ),
            row["reason"],
            moment(row["written_at"]),
        )
        for row in connection.execute("SELECT * FROM abandoned_batch ORDER BY rowid")
    )


def _note(ledger: Ledger, batch: Batch, reason: str) -> None:
    images = {image.id: image.platform_id for image in batch.images}
    ledger.insert(
        "abandoned_batch",
        id=new_id(),
        batch_id=batch.id,
        platform_id=batch.platform_id,
        images=json.dumps(images),
        reason=reason,
    )
    ledger.audit(
        Act(reason=reason), "batch.abandoned", "batch", batch.id, old=batch.platform_id or ""
    )


def _abandon_image(ledger: Ledger, image: Image) -> None:
    columns = dict(_FORGOTTEN)
    if image.state in _STARTED:
        event = ImageEvent.ABANDON
        move(ledger, ImageState, image.id, event, columns=columns, waiting=Waiting())
        return
    if image.held_from is not None:  # still held, but nothing of it is on the platform any more
        columns["held_from"] = ImageState.SEALED.value
    if image.state is not ImageState.ERASED:
        update(ledger.connection, "image", image.id, columns)
