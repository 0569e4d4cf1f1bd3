"""What the algorithms said: rows for charts, and the platform's own words beside them."""

import hashlib
import zlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeVar

import msgspec

from haut_desktop.domain.analysis import (
    Algorithm,
    AlgorithmResult,
    Application,
    AreaResult,
    BatchResults,
    Completeness,
    Mask,
    Metric,
    StoredResult,
)
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.ids import BatchId, PlatformImageId, RenditionId, SubjectId, new_id
from haut_desktop.domain.imaging import REGULAR, Batch, Side
from haut_desktop.domain.visits import Visit
from haut_desktop.store.database import Database
from haut_desktop.store.driver import Connection, Row
from haut_desktop.store.imaging_rows import batches_of_visits, read_batches
from haut_desktop.store.ledger import Ledger
from haut_desktop.store.rows import moment, moment_or_none, one, text_of, text_or_none, update
from haut_desktop.store.visit_rows import visit_of

T = TypeVar("T")

# made at import, not at first use: msgspec breaks down when two threads learn a class at once
_ALGORITHMS: Final = msgspec.json.Decoder(Algorithm)
_APPLICATIONS: Final = msgspec.json.Decoder(Application)
_MASKS: Final = msgspec.json.Decoder(tuple[Mask, ...])

# What is known to be of one picture is that one's, whatever side was said before.
_CURRENT = """
SELECT * FROM result
WHERE batch_id = :batch_id AND coalesce(rendition_id, '') = :rendition
    AND (:rendition <> '' OR (side = :side AND light IN (:light, '')))
    AND algorithm = :algorithm AND version = :version AND application = :application
    AND is_current = 1
"""

# What is said of a whole batch is of no picture's light. A picture that the record has no more, as
# of one erased before a rebuild, has no take to ask: it was replaced where a batch that supersedes
# its own has the same view.
_OF_BATCH: Final = """
SELECT result.*,
    coalesce(take.counts, 1) = 0 OR (
        result.rendition_id IS NULL
        AND NOT EXISTS (SELECT 1 FROM image AS own WHERE own.batch_id = result.batch_id
            AND own.side = result.side
            AND own.light = coalesce(nullif(result.light, ''), 'regular'))
        AND EXISTS (SELECT 1 FROM batch AS this
            JOIN batch AS later ON later.visit_id = this.visit_id AND later.supersedes = this.id
            JOIN image AS again ON again.batch_id = later.id AND again.side = result.side
                AND again.light = coalesce(nullif(result.light, ''), 'regular')
            WHERE this.id = result.batch_id)
    ) AS is_set_aside,
    coalesce(image.light, nullif(result.light, '')) AS taken_in
FROM result
LEFT JOIN image ON image.batch_id = result.batch_id
    AND image.rendition_id = result.rendition_id
    AND result.platform_image_id IS NOT NULL
LEFT JOIN rendition ON rendition.id = result.rendition_id
LEFT JOIN original ON original.id = rendition.original_id
LEFT JOIN take ON take.id = original.take_id
WHERE result.batch_id = ? AND result.is_current = 1
ORDER BY result.rowid
"""


class ResultStore:
    """Keeps results by rendition, algorithm, version, area and metric; what was said once stays."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def save(
        self,
        batch_id: BatchId,
        results: BatchResults,
        applications: Iterable[str],
        received_at: datetime,
    ) -> None:
        """Keep an answer: each result once, unknown algorithms too, and the document as it came.

        A result that is said differently later becomes the current one; the former row stays. A
        result that names no application gets the batch's, where it has only one.
        """
        words = tuple(applications)
        lone = words[0] if len(words) == 1 else ""

        def work(connection: Connection) -> None:
            ledger = Ledger(connection, self._clock)
            batch = _batch(connection, batch_id)
            for result in results.results:
                named = result if result.application else replace(result, application=lone)
                _save_result(ledger, batch, named, received_at)
            _save_document(ledger, batch_id, results.raw, received_at)

        await self._database.write(work)

    async def of_batch(self, batch_id: BatchId) -> tuple[StoredResult, ...]:
        """Give a batch's current results in the order in which they came."""
        return await self._database.read(lambda c: _of_batch(c, batch_id))

    async def of_subject(
        self, subject_id: SubjectId
    ) -> tuple[tuple[Visit, Batch, tuple[StoredResult, ...]], ...]:
        """Give a subject's submitted batches with their results, oldest visit first.

        What is taken back should not have gone, perhaps as it shows somebody else: it is the
        record's and the receipts', and no value of the subject's.
        """

        def work(
            connection: Connection,
        ) -> tuple[tuple[Visit, Batch, tuple[StoredResult, ...]], ...]:
            rows = connection.execute(
                "SELECT * FROM visit_with_observations WHERE subject_id = ?"
                " ORDER BY created_at, number",
                (subject_id,),
            ).fetchall()
            return tuple(
                (visit, batch, _of_batch(connection, batch.id))
                for visit in map(visit_of, rows)
                for batch in batches_of_visits(connection, [visit.id])
                if batch.submitted_at is not None and batch.retraction is None
            )

        return await self._database.read(work)

    async def document(self, batch_id: BatchId) -> bytes | None:
        """Give the platform's last whole answer about a batch, byte for byte."""

        def work(connection: Connection) -> bytes | None:
            row = connection.execute(
                "SELECT content FROM result_document WHERE batch_id = ?", (batch_id,)
            ).fetchone()
            return None if row is None else zlib.decompress(row["content"])

        return await self._database.read(work)

    async def mark_complete(self, batch_id: BatchId, completeness: Completeness) -> None:
        """Keep how far the analysis has come; a complete batch is asked for no more."""

        def work(connection: Connection) -> None:
            update(connection, "batch", batch_id, {"completeness": completeness.value})

        await self._database.write(work)

    async def completeness(self, batch_id: BatchId) -> Completeness:
        """Give how far the analysis had come at the last look."""

        def work(connection: Connection) -> Completeness:
            row = connection.execute(
                "SELECT completeness FROM batch WHERE id = ?", (batch_id,)
            ).fetchone()
            return Completeness(one(row, "batch")["completeness"])

        return await self._database.read(work)

    # ---- dictionaries --------------------------------------------------------------------

    async def save_algorithms(self, algorithms: Iterable[Algorithm]) -> None:
        """Keep descriptions; ones that the platform no longer lists stay for old results."""
        rows = {f"{a.version_id}/{a.tech_name}/{a.version}": a for a in algorithms}
        await self._save_words("algorithms", rows)

    async def algorithms(self) -> tuple[Algorithm, ...]:
        """Give every algorithm that was ever described."""
        return await self._words("algorithms", _ALGORITHMS)

    async def save_applications(self, applications: Iterable[Application]) -> None:
        """Keep applications; ones that the platform no longer lists stay for old results."""
        rows = {
            application.id or application.tech_name: application for application in applications
        }
        await self._save_words("applications", rows)

    async def applications(self) -> tuple[Application, ...]:
        """Give every application that was ever listed."""
        return await self._words("applications", _APPLICATIONS)

    async def _save_words(
        self, kind: str, rows: dict[str, Algorithm] | dict[str, Application]
    ) -> None:
        at = text_of(self._clock())
        values = [
            (kind, scope, msgspec.json.encode(word).decode(), at) for scope, word in rows.items()
        ]

        def work(connection: Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO dictionary VALUES (?, ?, ?, ?)", values)

        await self._database.write(work)

    async def _words(self, kind: str, decoder: msgspec.json.Decoder[T]) -> tuple[T, ...]:
        def work(connection: Connection) -> tuple[T, ...]:
            rows = connection.execute(
                "SELECT content FROM dictionary WHERE kind = ? ORDER BY scope", (kind,)
            )
            return tuple(decoder.decode(row["content"]) for row in rows)

        return await self._database.read(work)


def _save_result(
    ledger: Ledger, batch: Batch, result: AlgorithmResult, received_at: datetime
) -> None:
    rendition = _rendition(batch, result)
    # nothing else tells it of a picture that the record has no more
    light = result.light if rendition is None and result.platform_image_id is not None else ""
    key = {
        "batch_id": batch.id,
        "side": result.side.value,
        "rendition": rendition or "",
        "light": light,
        "algorithm": result.algorithm,
        "version": result.version,
        "application": result.application,
    }
    said = _said(result)
    before = ledger.connection.execute(_CURRENT, key).fetchone()
    if before is not None:
        same = (before["said"], before["side"], before["light"])
        if same == (said, result.side, light):
            return
        update(ledger.connection, "result", before["id"], {"is_current": 0})
    result_id = new_id()
    ledger.insert(
        "result",
        id=result_id,
        batch_id=batch.id,
        rendition_id=rendition,
        platform_image_id=result.platform_image_id,
        algorithm=result.algorithm,
        version=result.version,
        version_id=result.version_id,
        name=result.name,
        application=result.application,
        side=result.side.value,
        light=light,
        is_ok=int(result.is_ok),
        error=result.error,
        masks=msgspec.json.encode(_lasting(result.masks)).decode(),
        computed_at=text_or_none(result.created_at),
        raw=result.raw,
        said=said,
        is_current=1,
        received_at=text_of(received_at),
    )
    _save_values(ledger, result_id, result)


def _save_values(ledger: Ledger, result_id: str, result: AlgorithmResult) -> None:
    position = 0
    for area in result.areas:
        mains = () if area.main is None else (area.main,)
        for metric in (*mains, *area.subs):
            number = None if isinstance(metric.value, str) else float(metric.value)
            ledger.insert(
                "result_value",
                id=new_id(),
                result_id=result_id,
                position=position,
                area=area.area,
                metric=metric.tech_name,
                is_main=int(metric is area.main),
                name=metric.name,
                number=number,
                text=metric.value if isinstance(metric.value, str) else None,
                unit=metric.unit,
                widget=metric.widget,
            )
            position += 1


def _save_document(ledger: Ledger, batch_id: BatchId, raw: bytes, received_at: datetime) -> None:
    if not raw:
        return
    ledger.connection.execute("DELETE FROM result_document WHERE batch_id = ?", (batch_id,))
    ledger.insert(
        "result_document",
        batch_id=batch_id,
        content=zlib.compress(raw),
        received_at=text_of(received_at),
    )


def _rendition(batch: Batch, result: AlgorithmResult) -> RenditionId | None:
    """Find the picture that a result speaks of: by the platform's id, else by its view alone.

    What names a picture tells its light, and is of none that has another id there: of one, say,
    that was erased before a rebuild.
    """
    seen = [image for image in batch.images if image.side is result.side]
    if result.platform_image_id is not None:
        named = [i for i in batch.images if i.platform_id == result.platform_image_id]
        seen = named[:1] or [image for image in seen if image.platform_id is None]
        if len(seen) > 1:
            seen = [image for image in seen if image.light == result.light]
    return seen[0].rendition.id if len(seen) == 1 else None


def _lasting(masks: tuple[Mask, ...]) -> tuple[Mask, ...]:
    """Drop addresses that expire."""
    return tuple(replace(mask, raster_url="") for mask in masks)


def _said(result: AlgorithmResult) -> str:
    """Digest what a result says, without the addresses that change with every answer."""
    words = (result.is_ok, result.error, result.areas, _lasting(result.masks))
    return hashlib.sha256(msgspec.json.encode(words)).hexdigest()


def _batch(connection: Connection, batch_id: BatchId) -> Batch:
    row = connection.execute("SELECT * FROM batch WHERE id = ?", (batch_id,)).fetchone()
    return read_batches(connection, [one(row, "batch")])[0]


def _of_batch(connection: Connection, batch_id: BatchId) -> tuple[StoredResult, ...]:
    rows = connection.execute(_OF_BATCH, (batch_id,)).fetchall()
    return tuple(_stored(connection, row) for row in rows)


def _stored(connection: Connection, row: Row) -> StoredResult:
    values = connection.execute(
        "SELECT * FROM result_value WHERE result_id = ? ORDER BY position", (row["id"],)
    ).fetchall()
    result = AlgorithmResult(
        algorithm=row["algorithm"],
        version=row["version"],
        version_id=row["version_id"],
        name=row["name"],
        application=row["application"],
        side=Side(row["side"]),
        is_ok=bool(row["is_ok"]),
        error=row["error"],
        areas=_areas(values),
        masks=_MASKS.decode(row["masks"]),
        platform_image_id=(
            PlatformImageId(row["platform_image_id"]) if row["platform_image_id"] else None
        ),
        created_at=moment_or_none(row["computed_at"]),
        raw=row["raw"],
        light=row["taken_in"] or REGULAR,
    )
    rendition = RenditionId(row["rendition_id"]) if row["rendition_id"] else None
    return StoredResult(
        BatchId(row["batch_id"]),
        rendition,
        result,
        moment(row["received_at"]),
        bool(row["is_set_aside"]),
    )


def _areas(values: list[Row]) -> tuple[AreaResult, ...]:
    mains: dict[str, Metric | None] = {}
    subs: dict[str, list[Metric]] = {}
    for row in values:
        area, metric = row["area"], _metric(row)
        mains.setdefault(area, None)
        if row["is_main"]:
            mains[area] = metric
        else:
            subs.setdefault(area, []).append(metric)
    return tuple(AreaResult(area, main, tuple(subs.get(area, ()))) for area, main in mains.items())


def _metric(row: Row) -> Metric:
    value = row["text"] if row["number"] is None else row["number"]
    return Metric(row["metric"], row["name"], value, row["unit"], row["widget"])
