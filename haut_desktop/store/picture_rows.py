"""Pictures within a transaction: their two descriptions and what is said of their quality."""

from haut_desktop.domain.ids import new_id
from haut_desktop.domain.imaging import Original, Rendition, Verdict
from haut_desktop.store.driver import Connection
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import Value, text_of, update


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
