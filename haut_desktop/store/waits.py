"""Stored waits beside a clock that people set: they keep their length when it is set back.

Every wait is stored as the time of its end, so that it survives the program. When the clock goes
back, that end comes closer by as much; only the rest of a visit that may have been finished after
the step, before anybody looked, stays as it is: a rest errs towards longer. When the clock goes
ahead, or the computer slept, a wait is over earlier, which costs a look and proves nothing (quiet
times are proven by the loop's clock).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import LONGEST_WAIT
from haut_desktop.domain.traffic import LONGEST_REST
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import Value, moment, moment_or_none, text_of, update

_End = Callable[[Row, datetime], datetime]
"""Where a wait of a row that ends then ends from now on."""

# The words are those of the partial indices: nothing but what waits is read.
_RETRIES: Final = (
    ("image", "state IN ('SEALED', 'UPLOADING', 'UNSETTLED')"),
    ("batch", "state IN ('OPEN', 'INITIATING', 'SUBMITTING')"),
    ("batch", "state = 'RETRACTING'"),
    ("registration", "state IN ('DRAFT', 'REGISTERING')"),
)

# What is held rests on when it is released. The station's own rest is set, and changed, by people:
# the longest that they can set, or that any version of the plan gave, is never shorter than the
# one that was given.
_REST: Final = """
SELECT batch.id, batch.visit_id, batch.not_before AS ends_at, batch.written_at AS began_at,
    max(:settable_s, coalesce((SELECT max(coalesce(json_extract(content, '$.resting_s'), 0))
        FROM imaging_plan WHERE imaging_plan.study_id = visit.study_id), 0)) AS longest_s
FROM batch INDEXED BY {index} JOIN visit ON visit.id = batch.visit_id
WHERE batch.not_before > :now AND batch.{states}
"""
_RESTS: Final = "UNION ALL".join(
    (
        _REST.format(index="batch_rests", states="state IN ('OPEN', 'INITIATING', 'SUBMITTING')"),
        _REST.format(index="batch_held", states="state = 'HELD'"),
    )
)

# The last rows before the clock was set back lie in the future, and others may follow them by now;
# those that it was followed for already say nothing any more, but when that was says as much.
_NEWEST: Final = """
SELECT max(at) AS at FROM (
    SELECT written_at AS at FROM (
        SELECT written_at FROM transition WHERE rowid > :transition ORDER BY rowid DESC LIMIT 500)
    UNION ALL
    SELECT written_at AS at FROM (
        SELECT written_at FROM audit WHERE number > :audit ORDER BY number DESC LIMIT 500)
    UNION ALL
    SELECT written_at AS at FROM setting WHERE name = :followed)
"""

_LAST_ROWS: Final = """
SELECT (SELECT coalesce(max(rowid), 0) FROM transition) AS transition,
    (SELECT coalesce(max(number), 0) FROM audit) AS audit
"""
_FOLLOWED: Final = "clock-followed-rows"


class WaitStore:
    """Moves the ends of what waits: retries, and the rest of finished visits and retakes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def set_back(self, by: timedelta) -> int:
        """The clock was set back ``by`` so much just now; gives how many waits follow it."""

        def work(connection: Connection) -> int:
            self._mark(connection)
            return _shorten(connection, self._clock(), by)

        return await self._database.write(work)

    async def open(self) -> int:
        """After a start: follow a clock that was set back meanwhile; a second time changes nothing.

        It shows in rows that were written later than now. Besides, no wait lasts longer from now
        than its kind can; gives how many waits changed.
        """
        now = self._clock()

        def work(connection: Connection) -> int:
            marks = _marks(connection)
            newest = moment_or_none(connection.execute(_NEWEST, marks).fetchone()["at"])
            by = max(newest - now, timedelta()) if newest is not None else timedelta()
            if by:
                self._mark(connection)
            return _shorten(connection, now, by)

        return await self._database.write(work)

    def _mark(self, connection: Connection) -> None:
        """Note up to which rows the clock was followed."""
        row = connection.execute(_LAST_ROWS).fetchone()
        connection.execute("DELETE FROM setting WHERE name = ?", (_FOLLOWED,))
        value = f"{row['transition']} {row['audit']}"
        Ledger(connection, self._clock).insert("setting", name=_FOLLOWED, value=value)


def _marks(connection: Connection) -> dict[str, Value]:
    row = connection.execute("SELECT value FROM setting WHERE name = ?", (_FOLLOWED,)).fetchone()
    transition, audit = row["value"].split() if row is not None else (0, 0)
    return {"transition": int(transition), "audit": int(audit), "followed": _FOLLOWED}


def _shorten(connection: Connection, now: datetime, by: timedelta) -> int:
    def retry(_: Row, end: datetime) -> datetime:
        return min(end - by, now + LONGEST_WAIT)

    def rest(row: Row, end: datetime) -> datetime:
        began, longest = moment(row["began_at"]), timedelta(seconds=row["longest_s"])
        if began <= now and end <= began + longest:
            # it may have begun after the step: a rest that is too long only costs a little time,
            # one that is too short takes away what somebody was told they could still change
            return end
        return min(end - by, now + longest)

    return _move_retries(connection, now, retry) + _move_rests(connection, now, rest)


def _move_retries(connection: Connection, now: datetime, end: _End) -> int:
    changed = 0
    for table, states in _RETRIES:
        rows = connection.execute(
            f"SELECT id, retry_at AS ends_at FROM {table}"  # noqa: S608 - names are ours
            f" WHERE retry_at > :now AND {states}",
            {"now": text_of(now)},
        ).fetchall()
        for row in rows:
            if (ends_at := end(row, moment(row["ends_at"]))) != moment(row["ends_at"]):
                update(connection, table, row["id"], {"retry_at": text_of(ends_at)})
                changed += 1
    return changed


def _move_rests(connection: Connection, now: datetime, end: _End) -> int:
    changed = 0
    known = {"now": text_of(now), "settable_s": LONGEST_REST.total_seconds()}
    for row in connection.execute(_RESTS, known).fetchall():
        if (ends_at := end(row, moment(row["ends_at"]))) != moment(row["ends_at"]):
            columns = {"not_before": text_of(ends_at)}
            update(connection, "batch", row["id"], columns)
            # a picture that was retaken later rests alone: its visit has gone long ago
            connection.execute(
                "UPDATE visit SET not_before = ? WHERE id = ? AND not_before = ?",
                (columns["not_before"], row["visit_id"], row["ends_at"]),
            )
            changed += 1
    return changed
