"""Pictures between rows and the domain: takes, the bytes' two descriptions, verdicts."""

from haut_desktop.domain.ids import OriginalId, RenditionId, SlotId, TakeId, new_id
from haut_desktop.domain.imaging import (
    CaptureTime,
    Digest,
    Original,
    Rendition,
    Take,
    Transform,
    Verdict,
    VerdictLevel,
)
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import Value, moment, text_of, update


def insert_picture(ledger: Ledger, original: Original, rendition: Rendition) -> None:
    """Add the bytes' two descriptions: as they came, and as they go."""
    ledger.insert(
        "original",
        id=original.id,
        take_id=original.take_id,
        sha256=original.digest.sha256,
        md5=original.digest.md5,
        size_bytes=original.digest.size_bytes,
        media_type=original.media_type,
        width=original.width,
        height=original.height,
        orientation=original.orientation,
        file_name=original.file_name,
        captured_text=original.captured.text,
        captured_offset=original.captured.offset,
        captured_source=original.captured.source,
        captured_at=text_of(original.captured.utc),
        received_at=text_of(original.received_at),
        zone=ledger.zone,
        vault_name=original.vault_name,
    )
    ledger.insert(
        "rendition",
        id=rendition.id,
        original_id=rendition.original_id,
        transform_name=rendition.transform.name,
        transform_version=rendition.transform.version,
        sha256=rendition.digest.sha256,
        md5=rendition.digest.md5,
        size_bytes=rendition.digest.size_bytes,
        media_type=rendition.media_type,
        vault_name=rendition.vault_name,
    )


def describe_picture(connection: Connection, original: Original) -> None:
    """Write down what the bytes of a picture say, whose note proved nothing."""
    columns: dict[str, Value] = {
        "media_type": original.media_type,
        "width": original.width,
        "height": original.height,
        "orientation": original.orientation,
        "captured_text": original.captured.text,
        "captured_offset": original.captured.offset,
        "captured_source": original.captured.source,
        "captured_at": text_of(original.captured.utc),
    }
    update(connection, "original", original.id, columns)
    connection.execute(
        "UPDATE rendition SET media_type = ? WHERE original_id = ?",
        (original.media_type, original.id),
    )


def insert_verdict(ledger: Ledger, verdict: Verdict, operator_id: str | None) -> None:
    """Add what somebody says about a rendition's quality."""
    ledger.insert(
        "verdict",
        id=new_id(),
        rendition_id=verdict.rendition_id,
        author=verdict.author,
        code=verdict.code,
        level=verdict.level.value,
        text=verdict.text,
        score=verdict.score,
        operator_id=operator_id,
    )


def take_of(row: Row) -> Take:
    """Read a take."""
    return Take(
        TakeId(row["id"]),
        SlotId(row["slot_id"]),
        row["number"],
        bool(row["counts"]),
        row["reason"],
    )


def original_of(row: Row) -> Original:
    """Read an original."""
    return Original(
        id=OriginalId(row["id"]),
        take_id=TakeId(row["take_id"]) if row["take_id"] else None,
        digest=digest_of(row),
        media_type=row["media_type"],
        width=row["width"],
        height=row["height"],
        orientation=row["orientation"],
        file_name=row["file_name"],
        captured=CaptureTime(
            text=row["captured_text"],
            offset=row["captured_offset"],
            source=row["captured_source"],
            utc=moment(row["captured_at"]),
        ),
        received_at=moment(row["received_at"]),
        vault_name=row["vault_name"],
    )


def rendition_of(row: Row) -> Rendition:
    """Read a rendition."""
    return Rendition(
        id=RenditionId(row["id"]),
        original_id=OriginalId(row["original_id"]),
        transform=Transform(row["transform_name"], row["transform_version"]),
        digest=digest_of(row),
        media_type=row["media_type"],
        vault_name=row["vault_name"],
    )


def verdict_of(row: Row) -> Verdict:
    """Read a verdict."""
    return Verdict(
        rendition_id=RenditionId(row["rendition_id"]),
        author=row["author"],
        code=row["code"],
        level=VerdictLevel(row["level"]),
        text=row["text"],
        score=row["score"],
    )


def read_verdicts(connection: Connection, rendition_id: RenditionId) -> tuple[Verdict, ...]:
    """Read all that was said of a rendition, in its order."""
    statement = "SELECT * FROM verdict WHERE rendition_id = ? ORDER BY rowid"
    return tuple(verdict_of(row) for row in connection.execute(statement, (rendition_id,)))


def digest_of(row: Row) -> Digest:
    """Read the hashes and the length of a row\'s bytes."""
    return Digest(row["sha256"], row["md5"], row["size_bytes"])
