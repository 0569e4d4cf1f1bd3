"""Takes within a transaction: which of a slot's attempts counts, and how one changes its slot."""

from haut_desktop.domain.errors import VisitClosedError
from haut_desktop.domain.ids import SlotId, TakeId, VisitId, new_id
from haut_desktop.domain.imaging import Original, Rendition, Take, Verdict
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import Value, one, text_of, update

_NEWEST = (
    "SELECT id FROM take WHERE slot_id = ? AND removed_at IS NULL ORDER BY number DESC LIMIT 1"
)


def insert_take(ledger: Ledger, take: Take) -> None:
    """Add a take; one that counts sets the slot's others aside."""
    if take.counts:
        set_others_aside(ledger.connection, take.slot_id, f"take {take.number} counts")
    ledger.insert(
        "take",
        id=take.id,
        slot_id=take.slot_id,
        number=take.number,
        counts=int(take.counts),
        reason=take.reason,
    )


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


def set_others_aside(connection: Connection, slot_id: SlotId | str, reason: str) -> None:
    """Let no take of the slot count, and note why on the one that did."""
    connection.execute(
        "UPDATE take SET counts = 0, reason = ? WHERE slot_id = ? AND counts = 1",
        (reason, slot_id),
    )


def count_newest(connection: Connection, slot_id: str) -> None:
    """Let the slot's newest take count if none does."""
    counting = connection.execute(
        "SELECT 1 FROM take WHERE slot_id = ? AND counts = 1", (slot_id,)
    ).fetchone()
    newest = connection.execute(_NEWEST, (slot_id,)).fetchone()
    if counting is None and newest is not None:
        update(connection, "take", newest["id"], {"counts": 1, "reason": "newest left"})


def next_number(connection: Connection, slot_id: str) -> int:
    """Give the number of the slot's next take; a removed one keeps its own."""
    row = connection.execute(
        "SELECT coalesce(max(number), 0) + 1 AS number FROM take WHERE slot_id = ?", (slot_id,)
    ).fetchone()
    return int(row["number"])


def next_numbers(connection: Connection, visit_id: VisitId) -> dict[SlotId, int]:
    """Give the number of the next take of each of the visit's slots that has had one."""
    rows = connection.execute(
        "SELECT slot_id, max(number) + 1 AS number FROM take"
        " JOIN slot ON slot.id = take.slot_id WHERE slot.visit_id = ? GROUP BY slot_id",
        (visit_id,),
    )
    return {SlotId(row["slot_id"]): int(row["number"]) for row in rows}


def changeable(connection: Connection, take_id: TakeId) -> Row:
    """Give the take's row while its visit is open; raises VisitClosedError afterwards."""
    row: Row = one(
        connection.execute(
            "SELECT take.*, visit.status, visit.id AS visit_id FROM take"
            " JOIN slot ON slot.id = take.slot_id JOIN visit ON visit.id = slot.visit_id"
            " WHERE take.id = ? AND removed_at IS NULL",
            (take_id,),
        ).fetchone(),
        "take",
    )
    if row["status"] != "open":
        raise VisitClosedError("The visit is finished. Reopen it to change its pictures.")
    return row
