"""A visit in the capture page's words: slots, takes, quality, and what became of dropped files."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from haut_desktop.domain.days import day_words
from haut_desktop.domain.ids import OriginalId, SlotId, TakeId, VisitId
from haut_desktop.domain.imaging import Side, Slot, VerdictLevel
from haut_desktop.domain.visits import (
    Shelf,
    TakenPicture,
    Visit,
    VisitSheet,
    VisitStatus,
    other_day,
)
from haut_desktop.viewmodels.words import clock_time, count, day

SIDE_TITLES: Final = {
    Side.FRONT: "Front",
    Side.LEFT: "Left",
    Side.RIGHT: "Right",
    Side.OTHER: "Other",
}
_SIDE_HINTS: Final = {
    Side.FRONT: "Looks into the camera",
    Side.LEFT: "The subject's left cheek",
    Side.RIGHT: "The subject's right cheek",
    Side.OTHER: "Any other view",
}
_WORST_FIRST: Final = (VerdictLevel.BAD, VerdictLevel.WARN, VerdictLevel.GOOD)
_TONES: Final = {VerdictLevel.GOOD: "good", VerdictLevel.WARN: "warn", VerdictLevel.BAD: "bad"}


@dataclass(frozen=True, slots=True)
class VisitTab:
    """One visit in the visit list."""

    id: VisitId
    words: str


@dataclass(frozen=True, slots=True)
class QualityMark:
    """One word on quality with its tone."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class TakeLine:
    """One take of a slot."""

    take_id: TakeId
    original_id: OriginalId
    number: int
    counts: bool
    marks: tuple[QualityMark, ...]
    words: str
    """Size in pixels and when it was taken."""


@dataclass(frozen=True, slots=True)
class SlotLine:
    """One slot of the visit."""

    slot_id: SlotId
    side: Side
    title: str
    hint: str
    is_required: bool
    takes: tuple[TakeLine, ...] = ()
    erased: str = ""
    """When its picture was erased, while no other one counts."""

    @property
    def counting(self) -> TakeLine | None:
        """The take that counts."""
        return next((take for take in self.takes if take.counts), None)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A file that was not taken in, and why."""

    name: str
    title: str
    message: str


def visit_tab(visit: Visit) -> VisitTab:
    """Say a visit in one line: ``Week 4 · 1 Mar 2026 · open``."""
    return VisitTab(visit.id, f"{visit_title(visit)} · {visit_day(visit)} · {visit.status}")


def visit_title(visit: Visit) -> str:
    """A visit's name, with its number where it is a repeat."""
    return visit.name if visit.occurrence == 1 else f"{visit.name} ({visit.occurrence})"


def slot_line(shelf: Shelf, zone: str) -> SlotLine:
    """Say a slot with its takes."""
    slot = shelf.slot
    takes = tuple(_take_line(taken, zone) for taken in shelf.takes if not taken.is_erased)
    return SlotLine(
        slot_id=slot.id,
        side=slot.side,
        title=slot_title(slot),
        hint=_SIDE_HINTS[slot.side],
        is_required=slot.is_required,
        takes=takes,
        erased="" if shelf.counting is not None else _erased_words(shelf, zone),
    )


def _erased_words(shelf: Shelf, zone: str) -> str:
    """Say that the slot's picture was erased, and when."""
    erased = [taken for taken in shelf.takes if taken.is_erased]
    if not erased:
        return ""
    at = erased[-1].erased_at
    return f"Erased {day(at, zone)}, {clock_time(at, zone)}" if at else "Erased"


def rests(visit: Visit, now: datetime) -> bool:
    """Whether a finished visit still rests, so that it can be reopened."""
    is_finished = visit.status is VisitStatus.FINISHED
    return is_finished and visit.not_before is not None and visit.not_before > now


def rest_words(visit: Visit, now: datetime, zone: str) -> str:
    """Say what happens to a finished visit."""
    if visit.status is not VisitStatus.FINISHED:
        return ""
    if visit.not_before is not None and rests(visit, now):
        return f"Sealed. Goes out at {clock_time(visit.not_before, zone)}."
    return "Sealed. The outbox shows how far it is."


def taken_words(done: int, total: int | None) -> str:
    """Say how far taking in has come and what is left."""
    if total is None or total < done:
        return f"{count(done, 'picture')} sealed…"
    return f"{done} of {total} sealed, {total - done} left"


def judged_words(judged: int, sealed: int) -> str:
    """Say how far the check of the sealed pictures has come."""
    return f"All are sealed and safe. {judged} of {sealed} checked, {sealed - judged} left"


def other_day_words(sheet: VisitSheet, zone: str) -> str:
    """Name the pictures that would go and were taken on another day than the visit's; or ``""``.

    Whatever was said of them: what a crash or a rebuild left unjudged is asked about as well.
    """
    titles = [
        slot_title(shelf.slot)
        for shelf in sheet.shelves
        if (going := shelf.to_go) and other_day(going.original.captured, sheet.visit, zone)
    ]
    if not titles:
        return ""
    return (
        f"By the camera's clock not taken on the visit's day, {visit_day(sheet.visit)}: "
        f"{', '.join(titles)}. Look whose and of which visit that is. Go back and take out what "
        "does not belong here."
    )


def slot_title(slot: Slot) -> str:
    """Name a slot: ``Front``, ``Left · uv · no. 2``."""
    parts = [SIDE_TITLES[slot.side]]
    if slot.light != "regular":
        parts.append(slot.light)
    if slot.step:
        parts.append(slot.step)
    if slot.replicate > 1:
        parts.append(f"no. {slot.replicate}")
    return " · ".join(parts)


def _take_line(taken: TakenPicture, zone: str) -> TakeLine:
    original = taken.original
    # a card has room for two: what must be done again comes before what is right
    verdicts = sorted(taken.verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.level))
    marks = tuple(QualityMark(v.text, _TONES[v.level]) for v in verdicts)
    pixels = f"{original.width} × {original.height} px"
    return TakeLine(
        take_id=taken.take.id,
        original_id=original.id,
        number=taken.take.number,
        counts=taken.take.counts,
        marks=marks or (QualityMark("Sealed", "good"),),
        words=f"{pixels} · {clock_time(original.captured.utc, zone)}",
    )


def visit_day(visit: Visit) -> str:
    """A visit's date at the site: ``1 Mar 2026``."""
    return day_words(visit.local_date)
