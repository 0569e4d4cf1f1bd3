"""The subject list: found as one types, read again whenever something has changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import HautError, NetworkError
from haut_desktop.domain.ids import SubjectId
from haut_desktop.domain.overviews import SUBJECTS_AT_MOST, SubjectRow
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject, normalise_code
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.subject_words import details_words, registration_words, visits_words
from haut_desktop.viewmodels.words import count, day

if TYPE_CHECKING:
    from haut_desktop.services.subjects import Subjects

_Index = QModelIndex | QPersistentModelIndex


class SubjectRole(IntEnum):
    """What the list's delegate asks for."""

    LINE = Qt.ItemDataRole.UserRole + 1


@dataclass(frozen=True, slots=True)
class SubjectLine:
    """One subject in the list's words."""

    subject: Subject
    details: str
    visits: str
    last_visit: str
    waiting: str
    registration: str
    tone: str

    @property
    def spoken(self) -> str:
        """The whole line for a screen reader."""
        parts = (self.details, self.visits, self.last_visit, self.waiting, self.registration)
        return ", ".join((f"Subject {self.subject.code}", *(part for part in parts if part)))


class SubjectsModel(QAbstractListModel):
    """Subjects as lines; a line that stays the same subject is not rebuilt."""

    def __init__(self, zone: str, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._zone = zone
        self._clock = clock
        self._rows: tuple[SubjectRow, ...] = ()
        self._lines: list[SubjectLine] = []

    def show(self, rows: tuple[SubjectRow, ...]) -> None:
        """Show other rows; the same subjects in the same order keep selection and scrolling."""
        self._rows, now = rows, self._clock()
        lines = [_line(row, self._zone, now) for row in rows]
        is_same = [line.subject.id for line in lines] == [line.subject.id for line in self._lines]
        if not is_same:
            self.beginResetModel()
            self._lines = lines
            self.endResetModel()
        elif lines != self._lines:
            self._lines = lines
            self.dataChanged.emit(self.index(0), self.index(len(lines) - 1))

    def age_passed(self) -> None:
        """Say anew how long what waits has waited."""
        self.show(self._rows)

    def line(self, row: int) -> SubjectLine:
        """The line at ``row``."""
        return self._lines[row]

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Qt: the number of lines."""
        return 0 if parent.isValid() else len(self._lines)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Qt: code, spoken line, or the line itself."""
        if not index.isValid():
            return None
        line = self._lines[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return line.subject.code
        if role in {Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole}:
            return line.spoken
        return line if role == SubjectRole.LINE else None


def _line(row: SubjectRow, zone: str, now: datetime) -> SubjectLine:
    words, tone = registration_words(row.subject, now)
    return SubjectLine(
        subject=row.subject,
        details=details_words(row.subject.details),
        visits=visits_words(row),
        last_visit=f"last {day(row.last_visit_at, zone)}" if row.last_visit_at else "",
        waiting=f"{row.waiting_images} waiting" if row.waiting_images else "",
        registration=words,
        tone=tone,
    )


@dataclass(frozen=True, slots=True)
class SubjectsState:
    """What the page shows around the list."""

    text: str = ""
    shown: int = 0
    is_loading: bool = True
    is_syncing: bool = False

    @property
    def shown_words(self) -> str:
        """How many there are, and in which order: ``7 subjects, most recent first``."""
        if self.shown >= SUBJECTS_AT_MOST:
            return f"The {self.shown} most recent subjects"
        return count(self.shown, "subject") + ", most recent first" * (self.shown > 1)

    @property
    def code(self) -> str:
        """The searched text as a code, for registering what was not found."""
        return normalise_code(self.text)


class SubjectsViewModel(QObject):
    """Searches, brings in the platform's subjects, and opens one on the desk."""

    changed = Signal(object)
    opened = Signal(object)
    missed = Signal(object)
    """A code that was entered and that nobody here has."""

    def __init__(
        self,
        subjects: "Subjects",
        desk: Desk,
        notices: NoticesViewModel,
        tasks: TaskScope,
        changes: Changes,
        clock: Clock,
    ) -> None:
        super().__init__()
        self._subjects = subjects
        self._desk = desk
        self._notices = notices
        self._tasks = tasks
        self._clock = clock
        self._state = SubjectsState()
        self._question = 0
        self._readings = 0
        self._answered: str | None = None
        self._is_entered = False
        self._marked: SubjectId | None = None
        self.model = SubjectsModel(desk.zone, clock, self)
        changes.subscribe(self._on_change)
        desk.study_changed.connect(self._on_study_changed)
        if desk.study is not None:
            self._on_study_changed(desk.study)

    @property
    def state(self) -> SubjectsState:
        """What is shown now."""
        return self._state

    def search(self, text: str) -> None:
        """Show the subjects whose code has ``text``; only the latest question is answered."""
        study = self._desk.study
        self._question += 1
        self._is_entered = self._is_entered and text == self._state.text
        self._show(SubjectsState(text, self._state.shown, True, self._state.is_syncing))
        if study is not None:
            self._tasks.start(self._search(study, text, self._question), name="search subjects")

    def refresh(self) -> None:
        """Read the list again."""
        self.search(self._state.text)

    def sync(self) -> None:
        """Bring in the platform's subjects; without a network the list stays as it is."""
        study = self._desk.study
        if study is not None and not self._state.is_syncing:
            self._mark_syncing(True)
            self._tasks.start(self._sync(study), name="sync subjects")

    def open_row(self, row: int) -> None:
        """Open the subject at ``row``."""
        if 0 <= row < self.model.rowCount():
            self.open_subject(self.model.line(row).subject)

    def mark(self, row: int) -> None:
        """Remember whom the list marks, so that they stay marked when it is read anew."""
        if 0 <= row < self.model.rowCount():
            self._marked = self.model.line(row).subject.id

    @property
    def marked_row(self) -> int:
        """The row that Enter opens; the first one when nobody is marked."""
        rows = range(self.model.rowCount())
        return next((row for row in rows if self.model.line(row).subject.id == self._marked), 0)

    def enter(self) -> None:
        """Open the marked subject.

        A scanner's Enter comes before the list has answered its code: it then waits for the
        answer and opens the subject with exactly this code, never one that only was in the list.
        """
        if self._answered != self._state.text:
            self._is_entered = True
        elif self.model.rowCount():
            self.open_row(self.marked_row)
        elif self._state.code:
            self.missed.emit(self._state.code)

    def open_subject(self, subject: Subject) -> None:
        """Put a subject on the desk; what was entered before opens nobody else afterwards."""
        self._is_entered = False
        self._desk.open_subject(subject)
        self.opened.emit(subject)

    async def _search(self, study: Study, text: str, question: int) -> None:
        rows = await self._subjects.search(study, text.strip())
        if question == self._question:
            self._take_in(text, rows)

    def _take_in(self, text: str, rows: tuple[SubjectRow, ...]) -> None:
        self.model.show(rows)
        exact = next(
            (row.subject for row in rows if row.subject.code == normalise_code(text)), None
        )
        if text != self._answered:
            self._answered = text
            self._marked = exact.id if exact else None
        self._show(SubjectsState(text, len(rows), False, self._state.is_syncing))
        was_entered, self._is_entered = self._is_entered, False
        if was_entered and exact:
            self.open_subject(exact)
        elif was_entered and not rows and self._state.code:
            self.missed.emit(self._state.code)

    async def _sync(self, study: Study) -> None:
        try:
            await self._subjects.sync(study)
        except NetworkError:
            pass
        except HautError as error:
            self._notices.report(error)
        finally:
            if self._desk.study is study:
                self._mark_syncing(False)
        self.refresh()

    async def _reopen(self) -> None:
        """Show the open subject as it is now; of two readings at once the later one counts."""
        subject = self._desk.subject
        if subject is None:
            return
        self._readings += 1
        reading = self._readings
        read = await self._subjects.get(subject.id)
        shown = self._desk.subject
        is_open = shown is not None and shown.id == subject.id
        if is_open and reading == self._readings and read != shown:
            self._desk.open_subject(read)

    def _mark_syncing(self, is_syncing: bool) -> None:
        state = self._state
        self._show(SubjectsState(state.text, state.shown, state.is_loading, is_syncing))

    def _show(self, state: SubjectsState) -> None:
        self._state = state
        self.changed.emit(state)

    def _on_study_changed(self, study: object) -> None:
        self._question += 1  # what was asked of the study before is not shown under this one
        self._answered = self._marked = None
        self._is_entered = False
        self.model.show(())
        self._show(SubjectsState())
        if study is not None:
            self.refresh()
            self.sync()

    def _on_change(self, change: Change) -> None:
        if self._desk.study is None:
            return
        if change.topic in {Topic.SUBJECTS, Topic.VISITS, Topic.OUTBOX}:
            self.refresh()
        if change.topic is Topic.SUBJECTS:
            self._tasks.start(self._reopen(), name="read open subject")
