"""The visit's report: which bytes were taken, what went out, how that is proven, what came back."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from haut_desktop.domain.analysis import AreaResult, StoredResult
from haut_desktop.domain.audit import CAME_BACK, AuditEntry
from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import BatchEvent, BatchState
from haut_desktop.domain.ids import BatchId, OperatorId, VisitId
from haut_desktop.domain.imaging import Batch, Slot
from haut_desktop.domain.retraction import Retraction
from haut_desktop.domain.study import Site
from haut_desktop.domain.visits import TakenPicture, VisitSheet
from haut_desktop.services.finishing import missing_views, slot_words
from haut_desktop.services.report_formats import NOT_KNOWN
from haut_desktop.services.report_lines import (
    AbandonedLine,
    MetricLine,
    MissingLine,
    PictureLine,
    TakenBackLine,
    VisitReport,
)

if TYPE_CHECKING:
    from haut_desktop.store.audit_log import AuditLog
    from haut_desktop.store.outbox import OutboxStore
    from haut_desktop.store.results import ResultStore
    from haut_desktop.store.studies import StudyStore
    from haut_desktop.store.subjects import SubjectStore
    from haut_desktop.store.visits import VisitStore


@dataclass(frozen=True, slots=True)
class _Fate:
    """What became of a batch after it had arrived."""

    accepted_at: datetime | None
    first_result_at: datetime | None
    results: int


class Reports:
    """Makes reports from what lies on this station alone."""

    def __init__(
        self,
        *,
        studies: "StudyStore",
        subjects: "SubjectStore",
        visits: "VisitStore",
        outbox: "OutboxStore",
        results: "ResultStore",
        audit: "AuditLog",
        clock: Clock,
    ) -> None:
        self._studies = studies
        self._subjects = subjects
        self._visits = visits
        self._outbox = outbox
        self._results = results
        self._audit = audit
        self._clock = clock

    async def visit_report(self, visit_id: VisitId) -> VisitReport:
        """Gather a visit's report; raises ``StoreError`` for an unknown visit."""
        sheet = await self._visits.sheet(visit_id)
        visit = sheet.visit
        study = await self._studies.study(visit.study_id)
        subject = await self._subjects.get(visit.subject_id) if visit.subject_id else None
        site = await self._studies.site()
        batches = await self._batches(sheet)
        fates = {batch_id: await self._fate(batch_id) for batch_id in batches}
        finished = await self._last(visit.id, "visit.finished")
        by, because = await self._finishing(sheet, finished)
        going = await self._outbox.of_visit(visit_id)
        return VisitReport(
            study=study.name,
            server=study.server,
            company_id=study.company_id,
            site=site.code if site else "",
            zone=_zone(site),
            subject_code=subject.code if subject else "",
            subject_id=visit.subject_id or "",
            visit_id=visit.id,
            visit=visit.name,
            occurrence=visit.occurrence,
            local_date=visit.local_date,
            status=visit.status,
            finished_at=visit.finished_at,
            made_at=self._clock(),
            pictures=tuple(
                [
                    await self._with_acts(_picture_line(shelf.slot, taken, batches, fates), batches)
                    for shelf in sheet.shelves
                    for taken in shelf.takes
                ]
            ),
            metrics=await self._metrics(tuple(batches.values())),
            taken_back=await self._taken_back(going),
            finished_by=by,
            finished_because=because,
            missing=_missing_lines(sheet, because),
            abandoned_platform_batches=await self._abandoned(going),
        )

    async def _finishing(self, sheet: VisitSheet, finished: AuditEntry | None) -> tuple[str, str]:
        """Who finished the visit and why a required view may be missing, as far as it is known."""
        if sheet.visit.finished_at is None:
            return await self._name(finished), ""
        if finished is None and not sheet.shelves:  # made elsewhere: nobody finished it here
            return "", ""
        if finished is None:  # the trail that said so was put aside
            return NOT_KNOWN, NOT_KNOWN if missing_views(sheet) else ""
        return await self._name(finished), finished.reason

    async def _abandoned(self, batches: tuple[Batch, ...]) -> tuple[AbandonedLine, ...]:
        """Say, by the audit trail, what was left behind on the platform."""
        return tuple(
            [
                AbandonedLine(batch.id, entry.old, entry.at, entry.reason)
                for batch in batches
                if batch.abandoned
                for entry in await self._audit.of_entity(batch.id)
                if entry.action == "batch.abandoned"
            ]
        )

    async def _taken_back(self, batches: tuple[Batch, ...]) -> tuple[TakenBackLine, ...]:
        lines = []
        for batch in batches:
            if (retraction := batch.retraction) is None:
                continue
            later = next((one.id for one in batches if one.supersedes == batch.id), "")
            lines.append(
                TakenBackLine(
                    batch_id=batch.id,
                    pictures=len(batch.images),
                    asked_at=retraction.asked_at,
                    asked_by=await self._took_back(batch.id, retraction),
                    reason=retraction.reason,
                    ended_at=retraction.ended_at,
                    left_on_platform=retraction.left_in_words(),
                    replaced_by=later,
                )
            )
        return tuple(lines)

    async def _took_back(self, batch_id: BatchId, retraction: Retraction) -> str:
        if retraction.operator_id is not None:
            return await self._username(retraction.operator_id)
        asked = await self._last(batch_id, "batch.retraction-asked")
        return "" if asked is not None else NOT_KNOWN

    async def _with_acts(self, line: PictureLine, batches: dict[BatchId, Batch]) -> PictureLine:
        """Add who took the picture in and took it back, and when, why and by whom it was erased."""
        erased = await self._last(line.original_id, "picture.erased")
        line = replace(line, taken_in_by=await self._taker(line.original_id))
        batch = batches.get(BatchId(line.batch_id))
        if batch is not None and batch.retraction is not None:
            by = await self._took_back(batch.id, batch.retraction)
            line = replace(line, taken_back_by=by)
        if erased is None:
            return line
        by = await self._name(erased)
        return replace(line, erased_at=erased.at, erased_because=erased.reason, erased_by=by)

    async def _taker(self, original_id: str) -> str:
        """Who took a picture in: by the trail, or by the note that a rebuild read."""
        if (taken_in := await self._last(original_id, "picture.taken-in")) is not None:
            return await self._name(taken_in)
        came_back = await self._last(original_id, CAME_BACK)
        return await self._username(OperatorId(came_back.old)) if came_back is not None else ""

    async def _last(self, entity_id: str, action: str) -> AuditEntry | None:
        """What was done last of that kind, by the audit trail."""
        entries = await self._audit.of_entity(entity_id)
        return next((entry for entry in reversed(entries) if entry.action == action), None)

    async def _name(self, entry: AuditEntry | None) -> str:
        """The account that did it; empty for what the station did by itself."""
        if entry is None or entry.operator_id is None:
            return ""
        return await self._username(entry.operator_id)

    async def _username(self, operator_id: OperatorId) -> str:
        operator = await self._studies.operator(operator_id)
        return operator.username if operator else ""

    async def _fate(self, batch_id: BatchId) -> "_Fate":
        moves = await self._outbox.transitions(batch_id)
        results = await self._results.of_batch(batch_id)
        accepted = [move.at for move in moves if move.event == BatchEvent.SUBMITTED]
        batch = await self._outbox.batch(batch_id)
        if not accepted and batch.state is BatchState.SUBMITTED and batch.submitted_at:
            accepted = [batch.submitted_at]  # the moves before a rebuild are not known
        return _Fate(
            accepted[-1] if accepted else None,
            min((stored.received_at for stored in results), default=None),
            len(results),
        )

    async def _batches(self, sheet: VisitSheet) -> dict[BatchId, Batch]:
        ids = {
            taken.image.batch_id: None
            for shelf in sheet.shelves
            for taken in shelf.takes
            if taken.image is not None
        }
        return {batch_id: await self._outbox.batch(batch_id) for batch_id in ids}

    async def _metrics(self, batches: tuple[Batch, ...]) -> tuple[MetricLine, ...]:
        lines: list[MetricLine] = []
        for batch in batches:
            for stored in await self._results.of_batch(batch.id):
                lines.extend(_metric_lines(stored, batch))
        return tuple(lines)


def _zone(site: Site | None) -> str:
    return site.zone if site else "UTC"


def _missing_lines(sheet: VisitSheet, because: str) -> tuple[MissingLine, ...]:
    return tuple(
        MissingLine(slot_words(slot), slot.is_required, because if slot.is_required else "")
        for slot in (
            shelf.slot
            for shelf in sheet.shelves
            if not any(taken.take.counts for taken in shelf.takes)
        )
    )


def _picture_line(
    slot: Slot,
    taken: TakenPicture,
    batches: dict[BatchId, Batch],
    fates: dict[BatchId, _Fate],
) -> PictureLine:
    original, rendition, image = taken.original, taken.rendition, taken.image
    transform = f"{rendition.transform.name} {rendition.transform.version}"
    line = PictureLine(
        slot=slot_words(slot),
        take=taken.take.number,
        counts=taken.take.counts,
        captured_at=original.captured.utc,
        captured_source=original.captured.source,
        received_at=original.received_at,
        original_id=original.id,
        original_sha256=original.digest.sha256,
        original_size_bytes=original.digest.size_bytes,
        transform=transform,
        rendition_sha256=rendition.digest.sha256,
        rendition_md5=rendition.digest.md5,
    )
    if image is None:
        return line
    batch, proof, fate = batches[image.batch_id], image.proof, fates[image.batch_id]
    return replace(
        line,
        state=image.state,
        name=image.name,
        proof=proof.kind if proof else "",
        proof_detail=proof.detail if proof else "",
        proof_at=proof.at if proof else None,
        image_id=image.id,
        platform_image_id=image.platform_id or "",
        batch_id=batch.id,
        platform_batch_id=batch.platform_id or "",
        batch_state=batch.state,
        computation_accepted_at=fate.accepted_at,
        results_received_at=fate.first_result_at,
        results_received=fate.results,
        supersedes_batch_id=batch.supersedes or "",
        taken_back_at=batch.retraction.asked_at if batch.retraction else None,
        taken_back_because=batch.retraction.reason if batch.retraction else "",
        left_on_platform=batch.retraction.left_in_words() if batch.retraction else "",
    )


def _metric_lines(stored: StoredResult, batch: Batch) -> list[MetricLine]:
    result = stored.result
    empty = MetricLine(
        side=result.side,
        algorithm=result.algorithm,
        version=result.version,
        name=result.name,
        area="",
        metric="",
        value=None,
        unit="",
        error=result.error or ("" if result.is_ok else "failed"),
        application=result.application,
        received_at=stored.received_at,
        platform_batch_id=batch.platform_id or "",
        light=result.light,
    )
    lines = [line for area in result.areas for line in _area_lines(empty, area)]
    return lines or [empty]


def _area_lines(empty: MetricLine, area: AreaResult) -> list[MetricLine]:
    metrics = ([area.main] if area.main else []) + list(area.subs)
    return [
        replace(
            empty,
            area=area.area,
            metric=metric.tech_name,
            name=metric.name,
            value=metric.value,
            unit=metric.unit or "",
        )
        for metric in metrics
    ]
