"""A held picture in words: what is known, what its note claims, and what saying yes would mean."""

from dataclasses import dataclass
from typing import Final

from haut_desktop.domain.ids import OriginalId, SubjectId, TakeId, VisitId
from haut_desktop.domain.imaging import Slot
from haut_desktop.domain.overviews import PicturePlace, SubjectRow
from haut_desktop.domain.reassigning import whose
from haut_desktop.domain.study import Study
from haut_desktop.domain.visits import Shelf, VisitSheet, VisitStatus
from haut_desktop.services import visit_rules
from haut_desktop.services.finishing import slot_words
from haut_desktop.services.placing import NoteWord, WaitingPicture
from haut_desktop.viewmodels.capture_words import visit_day, visit_tab, visit_title
from haut_desktop.viewmodels.subject_words import details_words, visits_words
from haut_desktop.viewmodels.words import clock_time, day, size

UNSCHEDULED: Final = "Unscheduled"
ADDITIONAL: Final = "additional"
"""The key of a picture beyond the plan's views."""
_NEW: Final = "new:"

_YOUR_WORD: Final = (
    "Compare the picture itself with the paper list or with the subject; only your word will stand "
    "for whose it is."
)
_NOTES: Final = {
    NoteWord.OURS: ("", ""),
    NoteWord.NOT_OURS: (
        "The note beside this picture is not this station's",
        f"Anybody could have written what it says. {_YOUR_WORD}",
    ),
    NoteWord.ANOTHERS: (
        "The note beside this picture speaks of another picture",
        f"Nothing that it says is about this one. {_YOUR_WORD}",
    ),
    NoteWord.MISSING: (
        "The note beside this picture is gone or can't be read",
        f"Nothing here says whose it is. {_YOUR_WORD}",
    ),
}
_MAY_HAVE_GONE: Final = (
    "It may have been sent before the station's record was lost. The platform is asked before it "
    "goes: what is there already is not sent again."
)
_CLAIMS: Final = (("subject_code", "Subject"), ("visit", "Visit"), ("slot", "View"))


@dataclass(frozen=True, slots=True)
class PictureLine:
    """One picture that waits, in words."""

    original_id: OriginalId
    title: str
    """When it was taken in, in two short lines."""
    reason: str
    facts: tuple[tuple[str, str], ...]
    note_title: str
    note: str
    """What an unproven note means; empty for one of ours."""
    elsewhere: str
    """Where the same bytes lie already."""
    is_placed: bool
    """They lie in a visit: the picture can't be placed a second time."""

    @property
    def spoken(self) -> str:
        """The whole line for a screen reader."""
        facts = (f"{name}: {value}" for name, value in self.facts)
        return ", ".join((self.title.replace("\n", ", "), *facts))


@dataclass(frozen=True, slots=True)
class SubjectChoice:
    """One subject to choose, with what keeps two from being mistaken."""

    subject_id: SubjectId
    code: str
    details: str
    history: str
    """Former codes and visits."""

    @property
    def spoken(self) -> str:
        """The whole subject in one line."""
        return ", ".join(part for part in (self.code, self.details, self.history) if part)


@dataclass(frozen=True, slots=True)
class VisitChoice:
    """One visit to choose: the subject's own, or one that is opened with the picture."""

    key: str
    words: str
    name: str
    on: str = ""
    """The date of one that is there."""
    visit_id: VisitId | None = None
    status: VisitStatus = VisitStatus.OPEN


@dataclass(frozen=True, slots=True)
class SlotChoice:
    """One view to choose."""

    key: str
    words: str
    slot: Slot | None
    counting: TakeId | None = None


def picture_line(one: WaitingPicture, zone: str) -> PictureLine:
    """Say what is known of a picture."""
    original, claim = one.held.original, one.held.claim
    at = original.received_at
    taken = [("Taken in", f"{day(at, zone)}, {clock_time(at, zone)}")]
    if original.captured.source.startswith("exif"):
        when = original.captured.utc
        taken.append(("By the camera's clock", f"{day(when, zone)}, {clock_time(when, zone)}"))
    if original.file_name:
        taken.append(("File", original.file_name))
    whose = "Typed with it" if one.note is NoteWord.OURS else "Its note claims"
    said = [f"{name} {claim[key]}" for key, name in _CLAIMS if claim.get(key)]
    facts = (*taken, (whose, ", ".join(said) or "nothing"), ("Size", _size(one)))
    title, words = _NOTES[one.note]
    return PictureLine(
        original.id,
        f"{day(at, zone)}\n{clock_time(at, zone)}",
        one.held.reason,
        facts,
        title,
        words,
        elsewhere_words(one.elsewhere),
        any(place.visit_id is not None and not place.is_taken_back for place in one.elsewhere),
    )


def _size(one: WaitingPicture) -> str:
    return size(one.held.original.digest.size_bytes)


def elsewhere_words(places: tuple[PicturePlace, ...]) -> str:
    """Say where the same bytes lie; empty when they lie nowhere else."""
    placed = [place for place in places if place.visit_id is not None]
    if not placed:
        return "It waits here more than once. Place one, then erase the other." if places else ""
    first = min(placed, key=lambda place: place.is_taken_back)
    if first.is_taken_back:
        return (
            f"The same picture was in the finished visit “{first.visit_name}” of {whose(first)}, "
            "and was taken back there. It can be placed with another subject; for that one, reopen "
            "the visit instead."
        )
    return (
        f"The same picture belongs to {whose(first)} already, visit “{first.visit_name}”. It "
        "can't be placed twice: erase this copy, or take the other one out there first."
    )


def subject_choice(row: SubjectRow) -> SubjectChoice:
    """Say a subject so that it is not mistaken for another one."""
    subject = row.subject
    former = [code.code for code in subject.codes if code.code != subject.code]
    history = [f"formerly {', '.join(former)}"] if former else []
    visits = visits_words(row)
    return SubjectChoice(
        subject.id,
        subject.code,
        details_words(subject.details) or "nothing else is recorded",
        " · ".join((*history, visits)),
    )


def exact_subject(rows: tuple[SubjectRow, ...], code: str) -> SubjectId | None:
    """Whose code it is: nobody's when another subject had the same one before."""
    had = [row.subject for row in rows if code and code in {c.code for c in row.subject.codes}]
    return had[0].id if len(had) == 1 and had[0].code == code else None


def visit_choices(
    sheets: tuple[VisitSheet, ...], study: Study, typed: str = ""
) -> tuple[VisitChoice, ...]:
    """The subject's visits, newest first, then those that can be opened.

    One of them has the name that was ``typed`` with the picture, when no other choice has it.
    """
    there = [
        VisitChoice(
            sheet.visit.id,
            visit_tab(sheet.visit).words,
            visit_title(sheet.visit),
            visit_day(sheet.visit),
            sheet.visit.id,
            sheet.visit.status,
        )
        for sheet in reversed(sheets)
        if sheet.visit.status is not VisitStatus.MISSED
    ]
    had = {sheet.visit.name for sheet in sheets}
    planned = [name for name in study.plan.planned_visits if name not in had]
    fresh = [VisitChoice(f"{_NEW}{n}", f"Open a new visit: {n}", n) for n in planned]
    if not any(s.visit.name == UNSCHEDULED and s.visit.status is VisitStatus.OPEN for s in sheets):
        words = "Open a new visit: unscheduled"
        fresh.append(VisitChoice(f"{_NEW}{UNSCHEDULED}", words, UNSCHEDULED))
    name = " ".join(typed.split())[: visit_rules.LONGEST_NAME]
    taken = {each.casefold() for each in (*had, *study.plan.planned_visits, UNSCHEDULED)}
    if name and name.casefold() not in taken:
        words = f"Open a new visit: {name}, as typed with it"
        fresh.append(VisitChoice(f"{_NEW}{name}", words, name))
    return (*there, *fresh)


def slot_choices(sheet: VisitSheet | None, study: Study) -> tuple[SlotChoice, ...]:
    """The visit's views, or the plan's for one that is not there yet."""
    if sheet is None:
        shelves = tuple(Shelf(slot) for slot in visit_rules.planned_slots(study, VisitId("")))
    else:
        shelves = sheet.shelves
    choices = tuple(_slot_choice(shelf) for shelf in shelves)
    if sheet is not None and sheet.visit.status is VisitStatus.FINISHED:
        return choices
    return (*choices, SlotChoice(ADDITIONAL, "Additional picture, beyond the plan", None))


def _slot_choice(shelf: Shelf) -> SlotChoice:
    words, counting = slot_words(shelf.slot).capitalize(), shelf.counting
    words += "  ·  empty" if counting is None else f"  ·  has take {counting.take.number}"
    return SlotChoice(
        shelf.slot.id, words, shelf.slot, counting.take.id if counting is not None else None
    )


def confirmation(
    one: WaitingPicture, subject: SubjectChoice, visit: VisitChoice, slot: SlotChoice
) -> tuple[str, tuple[str, ...]]:
    """Say once more what becomes of the picture, and what that means."""
    view = f"the {slot_words(slot.slot)}" if slot.slot is not None else "an additional picture"
    of = f"the visit {visit.name} of {visit.on}" if visit.visit_id else f"a new visit {visit.name}"
    whose = f"subject {subject.code} ({subject.details})"
    sentence = f"This picture becomes {view} of {of}, {whose}."
    points = []
    if slot.counting is not None:
        points.append("It counts instead of the picture there, which stays as an earlier take.")
    if visit.status is VisitStatus.FINISHED:
        points.append("The visit is finished: the picture goes to the platform by itself.")
    if one.note is not NoteWord.OURS:
        points.append("Its note proves nothing: only your word says whose picture it is.")
    if one.may_have_gone:
        points.append(_MAY_HAVE_GONE)
    return sentence, tuple(points)
