"""The desk: which study, subject and visit lie open; every page looks here."""

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.ids import SubjectId, VisitId
from haut_desktop.domain.study import Study
from haut_desktop.domain.subjects import Subject


class Desk(QObject):
    """Holds what is open; opening a subject puts the last subject's visit away."""

    study_changed = Signal(object)
    subject_changed = Signal(object)
    visit_changed = Signal(object)

    def __init__(self, zone: str = "UTC", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.zone = zone
        """The site's IANA zone, in which times are shown."""
        self._study: Study | None = None
        self._subject: Subject | None = None
        self._visit_id: VisitId | None = None

    @property
    def study(self) -> Study | None:
        """The study that is worked on."""
        return self._study

    @property
    def subject(self) -> Subject | None:
        """The subject whose banner is shown."""
        return self._subject

    @property
    def visit_id(self) -> VisitId | None:
        """The visit that takes pictures."""
        return self._visit_id

    def open_study(self, study: Study | None) -> None:
        """Work on another study; its subjects are others, so the open one is put away."""
        if study == self._study:
            return
        self.open_subject(None)
        self._study = study
        self.study_changed.emit(study)

    def open_subject(self, subject: Subject | None) -> None:
        """Open a subject, or put the open one away."""
        is_same = (
            subject is not None and self._subject is not None and subject.id == self._subject.id
        )
        if not is_same:
            self.close_visit()
        self._subject = subject
        self.subject_changed.emit(subject)

    def open_visit(self, visit_id: VisitId, *, of: SubjectId) -> None:
        """Open a visit of the open subject; nothing happens when that is no longer ``of``."""
        if self._subject is not None and self._subject.id == of:
            self._turn_to_visit(visit_id)

    def close_visit(self) -> None:
        """Put the open visit away."""
        self._turn_to_visit(None)

    def _turn_to_visit(self, visit_id: VisitId | None) -> None:
        if visit_id != self._visit_id:
            self._visit_id = visit_id
            self.visit_changed.emit(visit_id)
