"""Placing held pictures: one is chosen, then subject, visit and view, and all is said once more."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import OriginalId, SubjectId
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import normalise_code
from haut_desktop.domain.visits import VisitSheet, VisitStatus
from haut_desktop.services.placing import NoteWord, Placement, WaitingPicture
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.outbox_confirm import NO_REASON, is_reason
from haut_desktop.viewmodels.placing_words import (
    PictureLine,
    SlotChoice,
    SubjectChoice,
    VisitChoice,
    confirmation,
    exact_subject,
    picture_line,
    slot_choices,
    subject_choice,
    visit_choices,
)
from haut_desktop.viewmodels.thumbnails import Thumbnails

if TYPE_CHECKING:
    from haut_desktop.services.placing import Placing
    from haut_desktop.services.subjects import Subjects

NO_SUBJECT: Final = "Choose whose picture it is."
NO_VISIT: Final = "Choose the visit that it was taken for."
NO_SLOT: Final = "Choose the view that it shows."


@dataclass(frozen=True, slots=True)
class PlacingState:
    """What the dialog shows."""

    pictures: tuple[PictureLine, ...] = ()
    picture: PictureLine | None = None
    text: str = ""
    """What is searched for."""
    subjects: tuple[SubjectChoice, ...] = ()
    subject: SubjectChoice | None = None
    visits: tuple[VisitChoice, ...] = ()
    visit: VisitChoice | None = None
    slots: tuple[SlotChoice, ...] = ()
    slot: SlotChoice | None = None
    reason: str = ""
    subject_problem: str = ""
    visit_problem: str = ""
    slot_problem: str = ""
    reason_problem: str = ""
    sentence: str = ""
    """What is said once more; empty on the first step."""
    points: tuple[str, ...] = ()
    problem_title: str = ""
    problem: str = ""
    placed: str = ""
    """What became of the last picture."""
    is_loading: bool = True
    is_busy: bool = False


class PlacingViewModel(QObject):
    """Chooses nothing for anybody but an exact code that was typed with the picture."""

    changed = Signal(object)
    emptied = Signal()
    """Nothing waits any more."""

    def __init__(
        self,
        *,
        placing: "Placing",
        subjects: "Subjects",
        study: Study,
        erase: Callable[[OriginalId, str], Awaitable[object]],
        tasks: TaskScope,
        zone: str = "UTC",
    ) -> None:
        super().__init__()
        self._placing = placing
        self._subjects = subjects
        self._study = study
        self._erase = erase
        self._tasks = tasks
        self._zone = zone
        self._waiting: dict[OriginalId, WaitingPicture] = {}
        self._sheets: tuple[VisitSheet, ...] = ()
        self._question = 0
        # no child of this object: one that is being opened outlives a dialog that is closed
        self.thumbnails = Thumbnails(placing.thumbnail, tasks)
        self.state = PlacingState()

    def load(self) -> None:
        """Read what waits."""
        self._tasks.start(self._load(), name="read held pictures")

    # ---- choosing ------------------------------------------------------------------------

    def choose_picture(self, original_id: OriginalId) -> None:
        """Turn to another picture; nothing that was chosen for the last one stays."""
        if self.state.picture is None or self.state.picture.original_id != original_id:
            self._turn_to(original_id)

    def search(self, text: str) -> None:
        """Find subjects by any part of a code; only the latest question is answered."""
        self._question += 1
        self._show(text=text, placed="")
        self._tasks.start(self._search(text, self._question), name="search subjects")

    def choose_subject(self, subject_id: SubjectId | None) -> None:
        """Say whose picture it is; visit and view are chosen anew."""
        known = {choice.subject_id: choice for choice in self.state.subjects}
        chosen = known.get(subject_id) if subject_id else None
        if chosen == self.state.subject:
            return
        self._forget_visit(subject=chosen, subject_problem="")
        if chosen is not None:
            self._tasks.start(self._read_visits(chosen.subject_id), name="read visits to place in")

    def choose_visit(self, key: str) -> None:
        """Say for which visit it was taken."""
        chosen = next((choice for choice in self.state.visits if choice.key == key), None)
        sheet = next((s for s in self._sheets if s.visit.id == key), None)
        slots = slot_choices(sheet, self._study) if chosen is not None else ()
        self._show(visit=chosen, slots=slots, slot=None, visit_problem="")

    def choose_slot(self, key: str) -> None:
        """Say which view it shows."""
        chosen = next((choice for choice in self.state.slots if choice.key == key), None)
        self._show(slot=chosen, slot_problem="")

    # ---- the two steps -------------------------------------------------------------------

    def go_on(self, reason: str) -> None:
        """Say once more what becomes of the picture, or what is still missing."""
        state = self.state
        if state.picture is None or state.is_busy:
            return
        self._show(
            reason=reason.strip(),
            subject_problem="" if state.subject else NO_SUBJECT,
            visit_problem="" if state.visit else NO_VISIT,
            slot_problem="" if state.slot else NO_SLOT,
            reason_problem="" if is_reason(reason) else NO_REASON,
            problem_title="",
            problem="",
        )
        if state.subject and state.visit and state.slot and is_reason(reason):
            one = self._waiting[state.picture.original_id]
            sentence, points = confirmation(one, state.subject, state.visit, state.slot)
            self._show(sentence=sentence, points=points)

    def go_back(self) -> None:
        """Choose again."""
        self._show(sentence="", points=())

    def confirm(self) -> None:
        """Put the picture where the sentence says."""
        if self.state.sentence and not self.state.is_busy:
            self._show(is_busy=True)
            self._tasks.start(self._confirm(self.state), name="place held picture")

    def erase(self, original_id: OriginalId, reason: str) -> None:
        """Let a picture leave this station that belongs to nobody here."""
        if not self.state.is_busy:
            self._show(is_busy=True, problem_title="", problem="")
            self._tasks.start(self._let_go(original_id, reason), name="erase held picture")

    # ---- inside --------------------------------------------------------------------------

    async def _load(self) -> None:
        try:
            waiting = await self._placing.waiting()
        except HautError as error:
            self._fail(error)
            return
        self._waiting = {one.held.original.id: one for one in waiting}
        lines = tuple(picture_line(one, self._zone) for one in waiting)
        self._show(pictures=lines, is_loading=False, is_busy=False)
        if not lines:
            self.emptied.emit()
        elif self.state.picture not in lines:
            self._turn_to(lines[0].original_id)

    def _turn_to(self, original_id: OriginalId) -> None:
        line = next(p for p in self.state.pictures if p.original_id == original_id)
        self._forget_visit(
            picture=line,
            subject=None,
            subjects=(),
            subject_problem="",
            reason_problem="",
            sentence="",
            points=(),
            problem_title="",
            problem="",
        )
        one = self._waiting[original_id]
        # what a stranger's note claims is shown, and nothing is searched or chosen by it
        code = one.held.claim.get("subject_code", "") if one.note is NoteWord.OURS else ""
        placed = self.state.placed
        self.search(code)
        self._show(placed=placed)

    async def _search(self, text: str, question: int) -> None:
        try:
            rows = await self._subjects.search(self._study, text.strip())
        except HautError as error:
            self._fail(error)
            return
        if question != self._question:
            return
        choices = tuple(subject_choice(row) for row in rows)
        self._show(subjects=choices)
        kept = self.state.subject if self.state.subject in choices else None
        exact = exact_subject(rows, normalise_code(text))
        self.choose_subject(exact or (kept.subject_id if kept else None))

    async def _read_visits(self, subject_id: SubjectId) -> None:
        try:
            sheets = await self._placing.sheets(subject_id)
        except HautError as error:
            self._fail(error)
            return
        if self.state.subject is None or self.state.subject.subject_id != subject_id:
            return
        self._sheets = sheets
        self._show(visits=visit_choices(sheets, self._study))
        self._choose_typed_visit()

    def _choose_typed_visit(self) -> None:
        """The open visit whose name was typed with the picture; any other one a person chooses."""
        picture = self.state.picture
        one = self._waiting.get(picture.original_id) if picture else None
        if one is None or one.note is not NoteWord.OURS:
            return
        typed = one.held.claim.get("visit", "").casefold()
        alike = [v for v in self.state.visits if v.visit_id and v.name.casefold() == typed]
        if len(alike) == 1 and alike[0].status is VisitStatus.OPEN:
            self.choose_visit(alike[0].key)

    async def _confirm(self, asked: PlacingState) -> None:
        if not (asked.picture and asked.subject and asked.visit and asked.slot):
            return
        place = Placement(
            asked.subject.subject_id,
            asked.visit.visit_id,
            asked.visit.name,
            asked.slot.slot,
            asked.slot.counting,
        )
        try:
            await self._placing.assign(asked.picture.original_id, self._study, place, asked.reason)
        except HautError as error:
            self._fail(error)
            await self._read_visits(asked.subject.subject_id)
        else:
            self._show(placed=f"Placed: {asked.visit.name} of subject {asked.subject.code}.")
            await self._load()

    async def _let_go(self, original_id: OriginalId, reason: str) -> None:
        try:
            await self._erase(original_id, reason)
        except HautError as error:
            self._fail(error)
        else:
            self._show(placed="Erased.")
            await self._load()

    def _forget_visit(self, **more: object) -> None:
        self._sheets = ()
        self._show(
            visits=(), visit=None, slots=(), slot=None, visit_problem="", slot_problem="", **more
        )

    def _fail(self, error: HautError) -> None:
        self._show(
            is_loading=False,
            is_busy=False,
            sentence="",
            points=(),
            visit=None,
            slots=(),
            slot=None,
            problem_title=error.title,
            problem=error.message,
        )

    def _show(self, **parts: object) -> None:
        self.state = replace(self.state, **parts)  # type: ignore[arg-type] # the state's own names
        self.changed.emit(self.state)
