"""Finds in the record what an earlier batch had computed, and lets nothing of it go by itself."""

import json
from collections.abc import Iterable
from typing import Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.computed_before import ComputedAlreadyError, ComputedBefore, hashes_of
from haut_desktop.domain.delivery import BatchState, ImageState, Route
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch
from haut_desktop.domain.retraction import Computed, Remnant
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.imaging_rows import remnants_of
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.retractions import computed_by_moves
from haut_desktop.store.rows import moment_or_none

_EARLIER: Final = """
SELECT rendition.sha256, coalesce(image.held_from, image.state) AS image_state,
    image.proof_kind IS NOT NULL OR EXISTS (
        SELECT 1 FROM transition WHERE entity_id = image.id AND event = 'claim'
    ) AS was_begun,
    image.proof_kind IS NOT NULL AS has_proof,
    EXISTS (SELECT 1 FROM transition WHERE entity_id = image.id AND event = 'lose') AS was_lost,
    batch.id AS batch_id, batch.route, batch.state, batch.submitted_at, batch.platform_id,
    batch.again, batch.moves_lost,
    coalesce(retraction.remnants, '[]') AS remnants
FROM rendition
JOIN image ON image.rendition_id = rendition.id
JOIN batch ON batch.id = image.batch_id
LEFT JOIN retraction ON retraction.batch_id = batch.id
WHERE rendition.sha256 IN (SELECT value FROM json_each(?))
ORDER BY batch.rowid
"""


def read_computed_before(
    connection: Connection, hashes: Iterable[str]
) -> tuple[ComputedBefore, ...]:
    """Give those of the pictures that were computed before, or may have been: each once.

    One that was certainly computed says more than a doubt; of two of a kind the later one counts.
    """
    found: dict[str, ComputedBefore] = {}
    for row in connection.execute(_EARLIER, (json.dumps(sorted(hashes)),)).fetchall():
        computed = _computed(connection, row)
        before = found.get(row["sha256"])
        is_doubt = computed is Computed.UNKNOWN
        if computed is Computed.NO or (is_doubt and before and before.computed is Computed.YES):
            continue
        found[row["sha256"]] = ComputedBefore(
            row["sha256"], BatchId(row["batch_id"]), computed, moment_or_none(row["submitted_at"])
        )
    return tuple(found.values())


def check_may_compute(ledger: Ledger, batches: Iterable[Batch], act: Act) -> None:
    """Refuse, before they are added, batches that nobody has said may be computed once more.

    A person's word is audited with each batch. Raises ComputedAlreadyError.
    """
    for batch in batches:
        before = read_computed_before(ledger.connection, hashes_of([batch]))
        if before and not batch.again:
            raise ComputedAlreadyError(before)
        if before:
            word = Act(act.operator_id, batch.again)
            earlier = " ".join(dict.fromkeys(one.batch_id for one in before))
            ledger.audit(word, "batch.computed-again", "batch", batch.id, old=earlier)


def _computed(connection: Connection, row: Row) -> Computed:
    """Say whether a picture was computed in a batch that it lies in."""
    left = remnants_of(row["remnants"])
    if row["route"] == Route.INLINE and (posted := _posted_computed(row, left)) is not None:
        return posted
    computed = _batch_computed(connection, row, left)
    if _may_have_arrived(row, left):
        return computed
    if row["image_state"] == ImageState.ERASED and not row["was_begun"]:
        return Computed.NO
    if row["image_state"] == ImageState.SEALED:  # it never arrived, or what arrived was abandoned
        is_certain = computed is Computed.YES and row["route"] == Route.SIGNED
        return computed if is_certain else Computed.NO
    return computed


def _posted_computed(row: Row, left: Iterable[Remnant]) -> Computed | None:
    """Say it of a picture that is computed by itself once it is posted; None where this is open.

    That the platform's batch lists it not proves that it never arrived. A batch that is gone from
    the platform proves nothing: it may have been deleted there after it was computed.
    """
    if row["has_proof"]:
        return Computed.YES
    is_listed = any(remnant.platform_id == row["platform_id"] for remnant in left)
    is_gone = row["state"] == BatchState.RETRACTED and not is_listed
    return Computed.UNKNOWN if row["was_lost"] and is_gone else None


def _may_have_arrived(row: Row, left: Iterable[Remnant]) -> bool:
    """Whether the picture's own state says nothing, as it was there before the record was.

    A rebuild seals anew what it is not sure of, and keeps no id of the platform's then.
    """
    if any(remnant.is_doubt for remnant in left):
        return True
    is_sealed_anew = row["moves_lost"] and row["platform_id"] is None
    return bool(is_sealed_anew) and (bool(row["again"]) or any(one.pictures for one in left))


def _batch_computed(connection: Connection, row: Row, left: Iterable[Remnant]) -> Computed:
    words = {remnant.computed for remnant in left}
    is_told = any(remnant.platform_id == row["platform_id"] for remnant in left)
    if not (row["moves_lost"] and is_told):
        words.add(computed_by_moves(connection, BatchId(row["batch_id"])))
    if row["state"] == BatchState.SUBMITTED or Computed.YES in words:
        return Computed.YES
    if row["state"] != BatchState.RETRACTED or Computed.UNKNOWN in words:
        return Computed.UNKNOWN  # what stands will be computed; what is being taken back may be
    return Computed.NO
