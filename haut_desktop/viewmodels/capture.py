"""Capture: a subject's visits, the open visit's slots, and the way of pictures into them."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.computed_before import ComputedAlreadyError
from haut_desktop.domain.ids import OriginalId, SlotId, SubjectId, TakeId, VisitId
from haut_desktop.domain.imaging import Side
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject
from haut_desktop.domain.visits import Arrangement, Visit, VisitSheet, VisitStatus
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.pauses import pause, uptime
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.capture_words import (
    SlotLine,
    VisitTab,
    other_day_words,
    rest_words,
    rests,
    slot_line,
    visit_day,
    visit_tab,
    visit_title,
)
from haut_desktop.viewmodels.computed_words import AgainQuestion, again_question
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.picture_intake import Intake, PictureIntakeViewModel
from haut_desktop.viewmodels.rereading import Rereading
from haut_desktop.viewmodels.thumbnails import Thumbnails

if TYPE_CHECKING:
    from haut_desktop.services.capture import Capture

_TOPICS: Final = frozenset({Topic.VISITS, Topic.OUTBOX})
_REST: Final = 10
UNSCHEDULED: Final = "Unscheduled"


@dataclass(frozen=True, slots=True)
class CaptureState:
    """What the capture page shows."""

    subject_code: str = ""
    visits: tuple[VisitTab, ...] = ()
    planned: tuple[str, ...] = ()
    visit_id: VisitId | None = None
    visit: str = ""
    slots: tuple[SlotLine, ...] = ()
    problems: tuple[str, ...] = ()
    is_finished: bool = False
    rest: str = ""
    """What happens to a finished visit."""
    can_reopen: bool = False
    is_loading: bool = False

    @property
    def picture_count(self) -> int:
        """How many pictures count."""
        return sum(slot.counting is not None for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """Everything once more before a visit is finished; a yes is a yes to exactly this."""

    visit_id: VisitId
    shown: Arrangement
    subject_code: str
    details: str
    visit: str
    slots: tuple[SlotLine, ...]
    problems: tuple[str, ...]
    previous_front: OriginalId | None
    other_day: str = ""
    """Which pictures were taken on another day; needs a yes of its own."""
    again: AgainQuestion | None = None
    """What must be answered with a reason before computed pictures are computed once more."""
    reason: str = ""
    """Why a view is missing, as it was typed for a finish that was refused."""
    reason_again: str = ""
    """The same, why pictures are computed once more."""


@dataclass(frozen=True, slots=True)
class _Typed:
    """The reasons for a finish, with what each of them answered."""

    reason: str
    problems: tuple[str, ...]
    again: str
    question: AgainQuestion | None


class CaptureViewModel(QObject):
    """Follows the desk's subject and visit, and reads them again at every change."""

    changed = Signal(object)
    confirmation_ready = Signal(object)
    finished = Signal()

    def __init__(
        self,
        capture: "Capture",
        desk: Desk,
        notices: NoticesViewModel,
        tasks: TaskScope,
        changes: Changes,
        clock: Clock,
    ) -> None:
        super().__init__()
        self._capture = capture
        self._desk = desk
        self._tasks = tasks
        self._clock = clock
        self._state = CaptureState()
        self._is_asking = False
        self._refused: dict[VisitId, _Typed] = {}
        """What was typed for finishes that have not come about."""
        self._reading = Rereading(self._read_and_rest, tasks, name="read visit")
        self._turned = asyncio.Event()
        """There is something to show that waits for no rest: another visit, a drop's end."""
        self._subject_id: SubjectId | None = desk.subject.id if desk.subject else None
        self.thumbnails = Thumbnails(capture.thumbnail, tasks, self)
        self.intake = PictureIntakeViewModel(capture, notices, tasks, self._open_visit_id)
        self.intake.changed.connect(self._on_intake_changed)
        changes.subscribe(self._on_change)
        desk.subject_changed.connect(self._on_subject_changed)
        desk.visit_changed.connect(self._on_visit_changed)
        self.refresh()

    # ---- what is shown -------------------------------------------------------------------

    @property
    def state(self) -> CaptureState:
        """What is shown now."""
        return self._state

    def refresh(self) -> None:
        """Read subject and visit again; news that come meanwhile make it read once more."""
        if self._desk.subject is None:
            self._show(CaptureState())
            return
        self._reading.want()

    # ---- visits --------------------------------------------------------------------------

    def open_visit(self, visit_id: VisitId) -> None:
        """Show another visit of the subject."""
        if (subject := self._desk.subject) is not None:
            self._desk.open_visit(visit_id, of=subject.id)

    def start_visit(self, name: str) -> None:
        """Open a new visit with the plan's slots."""
        study, subject = self._desk.study, self._desk.subject
        if study is not None and subject is not None:
            self._do(self._start_visit(study, subject.id, name), "open visit")

    def ask_to_finish(self) -> None:
        """Gather everything once more; nothing is finished yet. Asked twice, it is asked once."""
        visit_id = self._open_visit_id()
        if visit_id is not None and not self.intake.state.is_going and not self._is_asking:
            self._is_asking = True
            self._tasks.start(self._ask_once(visit_id), name="confirm visit")

    def finish(self, confirmation: Confirmation, reason: str, again: str = "") -> None:
        """Finish what was confirmed; ``reason`` says why a required view is missing.

        ``again`` says why pictures are computed once more; where that comes out only now it is
        asked for, and nothing is finished.
        """
        self._tasks.start(self._finish(confirmation, reason, again), name="finish visit")

    def reopen(self) -> None:
        """Take the finished visit back while it rests."""
        if (visit_id := self._state.visit_id) is not None:
            self._do(self._capture.reopen(visit_id), "reopen visit")

    def send_now(self) -> None:
        """Let the finished visit go before its rest is over."""
        if (visit_id := self._state.visit_id) is not None:
            self._do(self._capture.send_now(visit_id), "send visit now")

    def leave_subject(self) -> None:
        """Go on to the next subject."""
        self._desk.open_subject(None)

    # ---- pictures ------------------------------------------------------------------------

    def add_slot(self, side: Side) -> None:
        """Add a slot beyond the plan."""
        if (visit_id := self._state.visit_id) is not None:
            self._do(self._capture.add_free_slot(visit_id, side), "add slot")

    def choose_take(self, take_id: TakeId) -> None:
        """Let a take count."""
        self._do(self._capture.choose_take(take_id, "Chosen on the capture page"), "choose take")

    def move_take(self, take_id: TakeId, slot_id: SlotId) -> None:
        """Put a take into another slot."""
        self._do(self._capture.move_take(take_id, slot_id), "move take")

    def remove_take(self, take_id: TakeId) -> None:
        """Take a picture out of the visit."""
        self._do(self._capture.remove_take(take_id, "Removed on the capture page"), "remove take")

    # ---- inside --------------------------------------------------------------------------

    def _do(self, work: Coroutine[Any, Any, object], name: str) -> None:
        self._tasks.start(work, name=name)

    async def _start_visit(self, study: Study, subject_id: SubjectId, name: str) -> None:
        visit = await self._capture.open_visit(study, subject_id, name)
        self._desk.open_visit(visit.id, of=subject_id)

    async def _ask_once(self, visit_id: VisitId) -> None:
        try:
            await self._confirm(visit_id)
        finally:
            self._is_asking = False

    async def _confirm(self, visit_id: VisitId) -> None:
        subject = self._desk.subject
        if subject is None:
            return
        sheet = await self._capture.sheet(visit_id)
        previous = await self._capture.previous_front(subject.id, visit_id)
        before = await self._capture.computed_before(visit_id)
        if visit_id == self._open_visit_id():
            found = self._confirmation(subject, sheet, previous)
            again = again_question(sheet, before, self._desk.zone)
            self.confirmation_ready.emit(self._with_typed(replace(found, again=again)))

    def _with_typed(self, asked: Confirmation) -> Confirmation:
        """Put in what was typed before, each reason only where the same is asked again."""
        typed = self._refused.get(asked.visit_id)
        if typed is None:
            return asked
        is_said = bool(asked.problems) and set(asked.problems) <= set(typed.problems)
        reason = typed.reason if is_said else ""
        is_same = asked.again is not None and asked.again == typed.question
        return replace(asked, reason=reason, reason_again=typed.again if is_same else "")

    def _confirmation(
        self,
        subject: Subject,
        sheet: VisitSheet,
        previous: OriginalId | None,
    ) -> Confirmation:
        return Confirmation(
            visit_id=sheet.visit.id,
            shown=sheet.arrangement,
            subject_code=subject.code,
            details=f"{visit_title(sheet.visit)} · {visit_day(sheet.visit)}",
            visit=visit_title(sheet.visit),
            slots=self._slots(sheet),
            problems=self._capture.problems(sheet),
            previous_front=previous,
            other_day=other_day_words(sheet, self._desk.zone),
        )

    async def _finish(self, confirmation: Confirmation, reason: str, again: str) -> None:
        visit_id, shown = confirmation.visit_id, confirmation.shown
        is_day_checked = bool(confirmation.other_day)  # the finish sheet gives none without a yes
        self._refused[visit_id] = _Typed(reason, confirmation.problems, again, confirmation.again)
        try:
            await self._capture.finish(
                visit_id, reason, shown=shown, again=again, is_day_checked=is_day_checked
            )
        except ComputedAlreadyError:
            if visit_id != self._open_visit_id():
                raise
            await self._confirm(visit_id)
        else:
            self._refused.pop(visit_id, None)
            self.finished.emit()

    async def _read_and_rest(self) -> None:
        """Read; while pictures come in, rest for ten times as long as that took.

        Their number, and what a reading costs, both grow with the visit.
        """
        self._turned.clear()
        began = uptime()
        await self._read()
        if self.intake.state.is_going:
            await pause(self._turned, _REST * (uptime() - began))

    async def _read(self) -> None:
        subject, study, opened = self._desk.subject, self._desk.study, self._desk.visit_id
        if subject is None or study is None:
            return
        visits = await self._capture.visits(subject.id)
        planned = await self._capture.planned_names(study, subject.id)
        state = CaptureState(
            subject_code=subject.code,
            visits=tuple(visit_tab(visit) for visit in visits),
            planned=tuple(planned),
        )
        visit_id = self._desk.visit_id or _open_one(visits)
        if visit_id in {visit.id for visit in visits}:
            sheet = await self._capture.sheet(visit_id)
            state = self._with_sheet(state, sheet)
        shown = self._desk.subject
        is_same = shown is not None and shown.id == subject.id and shown.code == subject.code
        if is_same and self._desk.visit_id == opened:
            self._show_open(state, subject.id)

    def _show_open(self, state: CaptureState, subject_id: SubjectId) -> None:
        self._show(state)
        if state.visit_id is not None:
            self._desk.open_visit(state.visit_id, of=subject_id)
        else:
            self._desk.close_visit()

    def _with_sheet(self, state: CaptureState, sheet: VisitSheet) -> CaptureState:
        visit = sheet.visit
        return replace(
            state,
            visit_id=visit.id,
            visit=visit_title(visit),
            slots=self._slots(sheet),
            problems=self._capture.problems(sheet),
            is_finished=visit.status is VisitStatus.FINISHED,
            rest=rest_words(visit, self._clock(), self._desk.zone),
            can_reopen=rests(visit, self._clock()),
        )

    def _slots(self, sheet: VisitSheet) -> tuple[SlotLine, ...]:
        return tuple(slot_line(shelf, self._desk.zone) for shelf in sheet.shelves)

    def _show(self, state: CaptureState) -> None:
        self._state = state
        self.intake.turn_to(state.visit_id)
        self.changed.emit(state)

    def _open_visit_id(self) -> VisitId | None:
        return None if self._state.is_finished else self._state.visit_id

    def _on_subject_changed(self, subject: Subject | None) -> None:
        subject_id = subject.id if subject else None
        if subject is not None and subject_id != self._subject_id:
            # nothing of the subject before may take pictures from this moment on
            self._show(CaptureState(subject.code, is_loading=True))
            self.intake.forget_visits()
        self._subject_id = subject_id
        self._turned.set()
        self.refresh()

    def _on_intake_changed(self, intake: Intake) -> None:
        if not intake.is_going:
            self._turned.set()

    def _on_visit_changed(self, visit_id: object) -> None:
        if visit_id != self._state.visit_id:
            self._turned.set()
            self.refresh()

    def _on_change(self, change: Change) -> None:
        if change.topic in _TOPICS and self._desk.subject is not None:
            self.refresh()


def _open_one(visits: tuple[Visit, ...]) -> VisitId | None:
    """The latest visit that still takes pictures."""
    return next((visit.id for visit in reversed(visits) if visit.status is VisitStatus.OPEN), None)
