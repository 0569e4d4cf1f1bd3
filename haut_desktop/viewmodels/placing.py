"""Placing held pictures: one is chosen, then subject, visit and view, and all is said once more."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.errors import HautError, PictureError
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
STILL_LOOKING: Final = "The code is still being looked up. Continue once its subject is shown."


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
    has_failed: bool = False
    """Whether something that is to be chosen from could not be read; trying again may help."""
    is_searching: bool = False
    """Whether ``subjects`` answer an earlier text than the one that stands there."""
    is_busy: bool = False


@dataclass(frozen=True, slots=True)
class _Said:
    """What the sentence says; only that is done, whatever is on the screen by then."""

    original_id: OriginalId
    subject: SubjectChoice
    place: Placement
    reason: str


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
        self._said: _Said | None = None
        self._question = 0
        self._reading = 0
        # no child of this object: one that is being opened outlives a dialog that is closed
        self.thumbnails = Thumbnails(placing.thumbnail, tasks)
        self.state = PlacingState()

    def load(self) -> None:
        """Read what waits."""
        self._tasks.start(self._load(), name="read held pictures")

    def look_again(self) -> None:
        """Read once more what could not be read; what was typed and chosen stays where it can."""
        state = self.state
        if not state.has_failed or state.is_busy or state.is_loading:
            return
        self._show(is_loading=True, has_failed=False, problem_title="", problem="")
        self._tasks.start(self._look_again(), name="read again what waits")

    # ---- choosing ------------------------------------------------------------------------

    def choose_picture(self, original_id: OriginalId) -> None:
        """Turn to another picture; nothing that was chosen for the last one stays."""
        if not self._shows(original_id):
            self._turn_to(original_id)

    def search(self, text: str) -> None:
        """Find subjects by any part of a code; only the latest question is answered."""
        self._question += 1
        self._show(text=text, placed="", is_searching=True)
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
        self._show(visit=chosen, slots=slots, slot=None, visit_problem="", sentence="", points=())

    def choose_slot(self, key: str) -> None:
        """Say which view it shows."""
        chosen = next((choice for choice in self.state.slots if choice.key == key), None)
        self._show(slot=chosen, slot_problem="", sentence="", points=())

    # ---- the two steps -------------------------------------------------------------------

    def go_on(self, reason: str) -> None:
        """Say once more what becomes of the picture, or what is still missing."""
        state = self.state
        if state.picture is None or state.is_busy:
            return
        self._show(
            reason=reason.strip(),
            subject_problem=_subject_problem(state),
            visit_problem="" if state.visit else NO_VISIT,
            slot_problem="" if state.slot else NO_SLOT,
            reason_problem="" if is_reason(reason) else NO_REASON,
            has_failed=False,
            problem_title="",
            problem="",
        )
        if state.is_searching or not is_reason(reason):
            return
        if state.subject and state.visit and state.slot:
            subject, visit, slot = state.subject, state.visit, state.slot
            place = Placement(
                subject.subject_id, visit.visit_id, visit.name, slot.slot, slot.counting
            )
            self._said = _Said(state.picture.original_id, subject, place, reason.strip())
            one = self._waiting[state.picture.original_id]
            sentence, points = confirmation(one, subject, visit, slot)
            self._show(sentence=sentence, points=points)

    def go_back(self) -> None:
        """Choose again."""
        self._show(sentence="", points=())

    def confirm(self) -> None:
        """Put the picture where the sentence says."""
        if self.state.sentence and self._said is not None and not self.state.is_busy:
            self._show(is_busy=True)
            self._tasks.start(self._busily(self._confirm(self._said)), name="place held picture")

    def erase(self, original_id: OriginalId, reason: str) -> None:
        """Let a picture leave this station that belongs to nobody here."""
        if not self.state.is_busy:
            self._show(is_busy=True, has_failed=False, problem_title="", problem="")
            self._tasks.start(
                self._busily(self._let_go(original_id, reason)), name="erase held picture"
            )

    # ---- inside --------------------------------------------------------------------------

    async def _load(self, refusal: HautError | None = None) -> None:
        """Read what waits; a refusal that was said before stays on the screen."""
        try:
            waiting = await self._placing.waiting()
        except HautError as error:
            self._fail(refusal or error, has_failed=True)
            return
        self._waiting = {one.held.original.id: one for one in waiting}
        lines = tuple(picture_line(one, self._zone) for one in waiting)
        same = next((line for line in lines if self._shows(line.original_id)), None)
        picture = same or self.state.picture
        self._show(pictures=lines, picture=picture, is_loading=False, is_busy=False)
        if not lines and refusal is None:
            self.emptied.emit()
        elif not lines:
            self._forget_visit(picture=None, subject=None, subjects=())
        elif same is None:
            self._turn_to(lines[0].original_id)
        if refusal is not None:
            self._show(problem_title=refusal.title, problem=refusal.message)

    async def _look_again(self) -> None:
        before = self.state.picture
        await self._load()
        state = self.state
        if state.has_failed or before is None or not self._shows(before.original_id):
            return  # a picture that is turned to is searched for anew
        self.search(state.text)
        if state.subject is not None:
            await self._read_visits(state.subject.subject_id)

    def _shows(self, original_id: OriginalId) -> bool:
        picture = self.state.picture
        return picture is not None and picture.original_id == original_id

    def _turn_to(self, original_id: OriginalId) -> None:
        line = next(p for p in self.state.pictures if p.original_id == original_id)
        self._forget_visit(
            picture=line,
            subject=None,
            subjects=(),
            subject_problem="",
            reason="",
            reason_problem="",
            problem_title="",
            problem="",
            has_failed=False,
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
            if question == self._question:
                self._show(is_searching=False)
                self._fail(error, has_failed=True)
            return
        if question != self._question:
            return
        choices = tuple(subject_choice(row) for row in rows)
        is_late = self.state.subject_problem == STILL_LOOKING
        problem = "" if is_late else self.state.subject_problem
        self._show(subjects=choices, is_searching=False, subject_problem=problem)
        kept = self.state.subject if self.state.subject in choices else None
        exact = exact_subject(rows, normalise_code(text))
        self.choose_subject(exact or (kept.subject_id if kept else None))

    async def _read_visits(self, subject_id: SubjectId) -> None:
        """Read what there is to choose; only the latest reading counts, and no choice is undone."""
        self._reading += 1
        reading = self._reading
        try:
            sheets = await self._placing.sheets(subject_id)
        except HautError as error:
            if reading == self._reading:
                self._fail(error, has_failed=True)
            return
        if reading != self._reading:
            return
        self._sheets = sheets
        self._show(visits=visit_choices(sheets, self._study, self._typed_visit()))
        if self.state.visit is None:
            self._choose_typed_visit()

    def _choose_typed_visit(self) -> None:
        """The open visit whose name was typed with the picture; any other one a person chooses."""
        typed = self._typed_visit().casefold()
        alike = [v for v in self.state.visits if v.visit_id and v.name.casefold() == typed]
        if len(alike) == 1 and alike[0].status is VisitStatus.OPEN:
            self.choose_visit(alike[0].key)

    def _typed_visit(self) -> str:
        """The visit's name that was typed with the picture, if this station noted it."""
        picture = self.state.picture
        one = self._waiting.get(picture.original_id) if picture else None
        if one is None or one.note is not NoteWord.OURS:
            return ""
        return one.held.claim.get("visit", "")

    async def _busily(self, work: Awaitable[None]) -> None:
        """See to it that no fault leaves a dialog that cannot be closed."""
        try:
            await work
        finally:
            if self.state.is_busy:
                self._show(is_busy=False)

    async def _confirm(self, said: _Said) -> None:
        place = said.place
        try:
            await self._placing.assign(said.original_id, self._study, place, said.reason)
        except HautError as error:
            self._fail(error)
            await self._load(error)
            picture = self.state.picture
            if picture and self._shows(said.original_id):
                if picture.is_placed and isinstance(error, PictureError):
                    # where it lies already is said above it
                    self._show(problem_title="", problem="")
                await self._read_visits(place.subject_id)
        else:
            self._show(placed=f"Placed: {place.visit_name} of subject {said.subject.code}.")
            await self._load()

    async def _let_go(self, original_id: OriginalId, reason: str) -> None:
        try:
            await self._erase(original_id, reason)
        except HautError as error:
            self._fail(error)
            await self._load(error)
        else:
            self._show(placed="Erased.")
            await self._load()

    def _forget_visit(self, **more: object) -> None:
        """Forget what was chosen below the subject, and what was said of it."""
        self._sheets = ()
        self._reading += 1
        self._show(
            visits=(),
            visit=None,
            slots=(),
            slot=None,
            visit_problem="",
            slot_problem="",
            sentence="",
            points=(),
            **more,
        )

    def _fail(self, error: HautError, *, has_failed: bool = False) -> None:
        self._show(
            has_failed=has_failed,
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


def _subject_problem(state: PlacingState) -> str:
    if state.is_searching:
        return STILL_LOOKING
    return "" if state.subject else NO_SUBJECT
