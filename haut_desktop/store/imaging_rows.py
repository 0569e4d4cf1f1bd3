"""Between rows and what is delivered: batches, their images, proofs, addresses, retractions."""

import json
from collections.abc import Iterable

from haut_desktop.domain.delivery import BatchState, ImageState, Proof, Route
from haut_desktop.domain.ids import (
    BatchId,
    DatasetId,
    ImageId,
    OperatorId,
    OriginalId,
    PlatformBatchId,
    PlatformImageId,
    RenditionId,
    VisitId,
)
from haut_desktop.domain.imaging import (
    Batch,
    Image,
    ProofOfDelivery,
    Rendition,
    Side,
    Transform,
    UploadAddress,
)
from haut_desktop.domain.retraction import Computed, Remnant, Retraction
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.picture_rows import digest_of
from haut_desktop.store.rows import (
    moment,
    moment_or_none,
    text_of,
    text_or_none,
    waiting_columns,
    waiting_of,
)

_IMAGES = """
SELECT image.*, rendition.original_id, rendition.transform_name, rendition.transform_version,
    rendition.sha256, rendition.md5, rendition.media_type, rendition.vault_name
FROM image JOIN rendition ON rendition.id = image.rendition_id
WHERE image.batch_id IN (SELECT value FROM json_each(?))
ORDER BY image.rowid
"""
_RETRACTIONS = "SELECT * FROM retraction WHERE batch_id IN (SELECT value FROM json_each(?))"


def read_batches(connection: Connection, rows: Iterable[Row]) -> tuple[Batch, ...]:
    """Complete batch rows with their images, in the rows' order."""
    rows = list(rows)
    ids = json.dumps([row["id"] for row in rows])
    images: dict[str, list[Image]] = {row["id"]: [] for row in rows}
    for row in connection.execute(_IMAGES, (ids,)):
        images[row["batch_id"]].append(image_of(row))
    retractions = {
        row["batch_id"]: _retraction(row) for row in connection.execute(_RETRACTIONS, (ids,))
    }
    return tuple(_batch(row, tuple(images[row["id"]]), retractions.get(row["id"])) for row in rows)


def batches_of_visits(connection: Connection, visit_ids: Iterable[str]) -> tuple[Batch, ...]:
    """Give the visits' batches, oldest first."""
    rows = connection.execute(
        "SELECT * FROM batch WHERE visit_id IN (SELECT value FROM json_each(?)) ORDER BY rowid",
        (json.dumps(list(visit_ids)),),
    )
    return read_batches(connection, rows)


def insert_batch(ledger: Ledger, batch: Batch, *, visit_at: str) -> None:
    """Add a batch with its images."""
    ledger.insert(
        "batch",
        id=batch.id,
        visit_id=batch.visit_id,
        dataset_id=batch.dataset_id,
        route=batch.route.value,
        state=batch.state.value,
        held_from=batch.held_from.value if batch.held_from else None,
        platform_id=batch.platform_id,
        supersedes=batch.supersedes,
        created_at=text_of(batch.created_at),
        visit_at=visit_at,
        not_before=text_or_none(batch.not_before),
        abandoned=batch.abandoned,
        submitted_at=text_or_none(batch.submitted_at),
        again=batch.again,
        **waiting_columns(batch.waiting),
    )
    for image in batch.images:
        insert_image(ledger, image)
    if batch.retraction is not None:
        insert_retraction(ledger, batch.id, batch.retraction)


def insert_retraction(ledger: Ledger, batch_id: BatchId, retraction: Retraction) -> None:
    """Write down that a batch is taken back."""
    ledger.insert(
        "retraction",
        batch_id=batch_id,
        operator_id=retraction.operator_id,
        reason=retraction.reason,
        asked_at=text_of(retraction.asked_at),
        ended_at=text_or_none(retraction.ended_at),
        remnants=remnants_text(retraction.left),
    )


def remnants_text(left: Iterable[Remnant]) -> str:
    """Write what is left on the platform as JSON."""
    return json.dumps([[one.platform_id, one.pictures, one.computed.value] for one in left])


def remnants_of(text: str) -> tuple[Remnant, ...]:
    """Read what ``remnants_text`` wrote."""
    return tuple(
        Remnant(
            PlatformBatchId(platform_id),
            tuple(PlatformImageId(picture) for picture in pictures),
            Computed(computed),
        )
        for platform_id, pictures, computed in json.loads(text)
    )


def _retraction(row: Row) -> Retraction:
    return Retraction(
        reason=row["reason"],
        asked_at=moment(row["asked_at"]),
        operator_id=OperatorId(row["operator_id"]) if row["operator_id"] else None,
        ended_at=moment_or_none(row["ended_at"]),
        left=remnants_of(row["remnants"]),
    )


def insert_image(ledger: Ledger, image: Image) -> None:
    """Add an image to its batch."""
    proof = image.proof
    ledger.insert(
        "image",
        id=image.id,
        batch_id=image.batch_id,
        rendition_id=image.rendition.id,
        size_bytes=image.rendition.digest.size_bytes,
        side=image.side.value,
        light=image.light,
        name=image.name,
        state=image.state.value,
        held_from=image.held_from.value if image.held_from else None,
        platform_id=image.platform_id,
        address=address_text(image.address),
        proof_kind=proof.kind.value if proof else None,
        proof_detail=proof.detail if proof else None,
        proof_at=text_or_none(proof.at if proof else None),
        body_drops=image.body_drops,
        **waiting_columns(image.waiting),
    )


def address_text(address: UploadAddress | None) -> str | None:
    """Write a signed address, which is a secret, for the encrypted database."""
    if address is None:
        return None
    return json.dumps([address.url, address.method, address.headers, address.platform_id])


def _address(text: str | None) -> UploadAddress | None:
    if text is None:
        return None
    url, method, headers, platform_id = json.loads(text)
    return UploadAddress(
        url,
        method,
        tuple((name, value) for name, value in headers),
        PlatformImageId(platform_id) if platform_id else None,
    )


def image_of(row: Row) -> Image:
    """Read an image that was joined with its rendition."""
    return Image(
        id=ImageId(row["id"]),
        batch_id=BatchId(row["batch_id"]),
        rendition=Rendition(
            id=RenditionId(row["rendition_id"]),
            original_id=OriginalId(row["original_id"]),
            transform=Transform(row["transform_name"], row["transform_version"]),
            digest=digest_of(row),
            media_type=row["media_type"],
            vault_name=row["vault_name"],
        ),
        side=Side(row["side"]),
        light=row["light"],
        name=row["name"],
        state=ImageState(row["state"]),
        held_from=ImageState(row["held_from"]) if row["held_from"] else None,
        platform_id=PlatformImageId(row["platform_id"]) if row["platform_id"] else None,
        address=_address(row["address"]),
        proof=_proof(row),
        body_drops=row["body_drops"],
        waiting=waiting_of(row),
    )


def _proof(row: Row) -> ProofOfDelivery | None:
    if row["proof_kind"] is None:
        return None
    return ProofOfDelivery(
        Proof(row["proof_kind"]), row["proof_detail"] or "", moment(row["proof_at"])
    )


def _batch(row: Row, images: tuple[Image, ...], retraction: Retraction | None) -> Batch:
    return Batch(
        id=BatchId(row["id"]),
        visit_id=VisitId(row["visit_id"]),
        dataset_id=DatasetId(row["dataset_id"]),
        route=Route(row["route"]),
        state=BatchState(row["state"]),
        images=images,
        created_at=moment(row["created_at"]),
        held_from=BatchState(row["held_from"]) if row["held_from"] else None,
        platform_id=PlatformBatchId(row["platform_id"]) if row["platform_id"] else None,
        supersedes=BatchId(row["supersedes"]) if row["supersedes"] else None,
        not_before=moment_or_none(row["not_before"]),
        abandoned=row["abandoned"],
        submitted_at=moment_or_none(row["submitted_at"]),
        waiting=waiting_of(row),
        retraction=retraction,
        again=row["again"],
    )
