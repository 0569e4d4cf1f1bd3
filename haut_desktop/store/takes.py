"""Takes in the database: which of a slot's attempts counts, and how one changes its slot."""

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import VisitClosedError
from haut_desktop.domain.ids import SlotId, TakeId, VisitId
from haut_desktop.domain.imaging import Take
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import Value, one, text_of, update
from haut_desktop.store.visit_rows import visit_of_slot

_NEWEST = (
    "SELECT take.id FROM take JOIN original ON original.take_id = take.id"
    " WHERE slot_id = ? AND removed_at IS NULL AND erased_at IS NULL"
    " ORDER BY number DESC LIMIT 1"
)


class TakeStore:
    """Says which attempt counts; a removed take keeps its row, its number and its bytes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def choose(self, take_id: TakeId, act: Act) -> None:
        """Let this take count instead of its slot's other ones, while the visit is open."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            row = changeable(connection, take_id)
            set_others_aside(connection, row["slot_id"], f"take {row['number']} was chosen")
            update(connection, "take", take_id, {"counts": 1, "reason": act.reason})
            ledger.audit(act, "take.chosen", "take", take_id)

        await self._database.write(work)

    async def move(self, take_id: TakeId, slot_id: SlotId, act: Act) -> VisitId:
        """Put a take into another slot of its visit, where it counts, while the visit is open."""

        def work(connection: Connection) -> VisitId:
            ledger = Ledger(connection, self._clock)
            row = changeable(connection, take_id)
            _check_same_visit(connection, slot_id, row["visit_id"])
            number = next_number(connection, slot_id)
            set_others_aside(connection, slot_id, f"take {number} counts")
            columns: dict[str, Value] = {
                "slot_id": slot_id,
                "number": number,
                "counts": 1,
                "reason": act.reason,
            }
            update(connection, "take", take_id, columns)
            count_newest(connection, row["slot_id"])
            ledger.audit(act, "take.moved", "take", take_id, old=row["slot_id"], new=slot_id)
            return VisitId(row["visit_id"])

        return await self._database.write(work)

    async def remove(self, take_id: TakeId, act: Act) -> None:
        """Take a picture out of an open visit; its row and its sealed bytes stay."""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            row = changeable(connection, take_id)
            columns: dict[str, Value] = {
                "counts": 0,
                "reason": act.reason,
                "removed_at": text_of(ledger.at),
            }
            update(connection, "take", take_id, columns)
            count_newest(connection, row["slot_id"])
            ledger.audit(act, "take.removed", "take", take_id, old=row["slot_id"])

        await self._database.write(work)

    async def next_number(self, slot_id: SlotId) -> int:
        """Give the number of a slot's next take; removed ones keep theirs."""
        return await self._database.read(lambda c: next_number(c, slot_id))

    async def visit_of(self, take_id: TakeId) -> VisitId:
        """Say to which visit a take belongs; raises StoreError for an unknown one."""

        def work(connection: Connection) -> VisitId:
            row = connection.execute(
                "SELECT slot.visit_id FROM take JOIN slot ON slot.id = take.slot_id"
                " WHERE take.id = ?",
                (take_id,),
            ).fetchone()
            return VisitId(one(row, "take")["visit_id"])

        return await self._database.read(work)


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


def set_others_aside(connection: Connection, slot_id: SlotId | str, reason: str) -> None:
    """Let no take of the slot count, and note why on the one that did."""
    connection.execute(
        "UPDATE take SET counts = 0, reason = ? WHERE slot_id = ? AND counts = 1",
        (reason, slot_id),
    )


def count_newest(connection: Connection, slot_id: str) -> None:
    """Let the slot's newest take that is not erased count if none does."""
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


def _check_same_visit(connection: Connection, slot_id: SlotId, visit_id: str) -> None:
    if visit_of_slot(connection, slot_id) != visit_id:
        raise VisitClosedError("A picture is moved within its own visit only.")
