"""The shell: the main window of one workplace, its view models, and the way between its pages."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QWidget

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import StudyId, SubjectId, VisitId
from haut_desktop.domain.space import Room, SpaceLimits, StationFacts
from haut_desktop.domain.study import Site
from haut_desktop.domain.subjects import Registration, Subject
from haut_desktop.services.changes import Change, Topic
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import Notice, NoticesViewModel, Weight
from haut_desktop.viewmodels.rechecks import RechecksViewModel
from haut_desktop.viewmodels.station import StationViewModel, space_phrase
from haut_desktop.viewmodels.status import StatusViewModel
from haut_desktop.viewmodels.studies import StudiesViewModel
from haut_desktop.viewmodels.subject_form import SubjectFormViewModel
from haut_desktop.viewmodels.subjects import SubjectsViewModel
from haut_desktop.widgets.ask import choose_folder
from haut_desktop.widgets.main_window import MainWindow
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.theme import Appearance
from haut_desktop.workplace import Workplace

if TYPE_CHECKING:
    from haut_desktop.viewmodels.results import ResultsViewModel
    from haut_desktop.widgets.station_sheet import StationSheet

_PRACTICE_CODE: Final = "P-007"
"""Like the codes of the demonstration's subjects."""


class Shell:
    """Builds the window at once and each page when it is first shown."""

    def __init__(
        self,
        work: Workplace,
        *,
        site: Site,
        notices: NoticesViewModel,
        appearance: Appearance,
        help_folder: Path,
        is_practice: bool,
    ) -> None:
        self.work = work
        self.notices = notices
        self.desk = Desk(site.zone)
        self.tasks = work.tasks.child("window")
        self._help_folder = help_folder
        self._is_practice = is_practice
        self._studies = StudiesViewModel(work.studies, self.desk, notices, self.tasks, work.changes)
        self._status = StatusViewModel(
            desk=self.desk,
            session=work.session,
            connectivity=work.connectivity,
            outbox=work.outbox,
            changes=work.changes,
            tasks=self.tasks,
            clock=work.clock,
            site=site.code,
        )
        self._station = StationViewModel(
            station=work.this_station, notices=notices, changes=work.changes, tasks=self.tasks
        )
        self._rechecks = RechecksViewModel(
            work.rechecks, notices=notices, changes=work.changes, tasks=self.tasks
        )
        self._sheet: StationSheet | None = None
        self._zone = site.zone
        self._opened_id: SubjectId | None = None
        self.subject_form: SubjectFormViewModel | None = None
        self._results: ResultsViewModel | None = None
        self.window = MainWindow(
            pages=self._pages(),
            desk=self.desk,
            notices=notices,
            appearance=appearance,
            is_practice=is_practice,
            clock=work.clock,
        )
        self._status.changed.connect(self.window.show_status)
        self._station.room_changed.connect(self._on_room_changed)
        self._station.facts_read.connect(self._on_station_facts_read)
        self._station.limits_set.connect(self._on_limits_set)
        self._station.limits_refused.connect(self._on_limits_refused)
        self.window.top_bar.station_wanted.connect(self._station.read_facts)
        self._studies.opened.connect(lambda: self.window.go(Place.SUBJECTS))
        self.desk.subject_changed.connect(self._on_subject_changed)
        self._unsubscribe = work.changes.subscribe(self._on_news)

    async def open(self) -> None:
        """Show the window on the study that was worked on last, or on the choice of one."""
        study = await self.work.studies.restore()
        self._status.start()
        self._station.start()
        self._rechecks.start()
        if study is not None:
            self.desk.open_study(study)
        self.window.go(Place.SUBJECTS if study is not None else Place.STUDY)
        self.window.show()
        self.work.interrupted.window_shown()

    def close(self) -> None:
        """Take the window away; what works behind it is closed by who owns the workplace."""
        self._unsubscribe()
        self._status.close()
        self._station.close()
        self._rechecks.close()
        if self.subject_form is not None:
            self.subject_form.close()
        if self._results is not None:
            self._results.close()
        self.window.close_now()
        self.window.deleteLater()

    def _pages(self) -> dict[Place, Callable[[], QWidget]]:
        return {
            Place.STUDY: self._study_page,
            Place.SUBJECTS: self._subjects_page,
            Place.CAPTURE: self._capture_page,
            Place.OUTBOX: self._outbox_page,
            Place.RESULTS: self._results_page,
            Place.HELP: self._help_page,
        }

    def _study_page(self) -> QWidget:
        from haut_desktop.widgets.study_page import StudyPage

        return StudyPage(self._studies)

    def _subjects_page(self) -> QWidget:
        from haut_desktop.widgets.subjects_page import SubjectsPage

        work = self.work
        view_model = SubjectsViewModel(
            work.subjects, self.desk, self.notices, self.tasks, work.changes, work.clock
        )
        view_model.opened.connect(lambda _subject: self.window.go(Place.CAPTURE))
        # the status is read anew as minutes pass
        self._status.changed.connect(view_model.model.age_passed)
        self.subject_form = SubjectFormViewModel(
            work.subjects,
            self.desk,
            self.tasks,
            work.clock,
            sexes=work.biological_sexes,
            example=_PRACTICE_CODE if self._is_practice else "",
        )
        return SubjectsPage(view_model, self.subject_form)

    def _capture_page(self) -> QWidget:
        from haut_desktop.viewmodels.asides import AsidesViewModel
        from haut_desktop.viewmodels.capture import CaptureViewModel
        from haut_desktop.widgets.asides_dialog import open_asides
        from haut_desktop.widgets.capture_page import CapturePage

        work = self.work
        view_model = CaptureViewModel(
            work.capture, self.desk, self.notices, self.tasks, work.changes, work.clock
        )
        page = CapturePage(view_model)
        behind = AsidesViewModel(work.asides, self.desk, self.tasks, work.changes)
        behind.changed.connect(lambda lines: page.show_asides(len(lines)))
        page.asides_wanted.connect(lambda: open_asides(behind, view_model.thumbnails, page))
        page.subject_wanted.connect(lambda: self.window.go(Place.SUBJECTS))
        page.results_wanted.connect(lambda: self.window.go(Place.RESULTS))
        return page

    def _outbox_page(self) -> QWidget:
        from haut_desktop.viewmodels.outbox import OutboxViewModel
        from haut_desktop.widgets.outbox_page import OutboxPage

        work = self.work
        page = OutboxPage(
            OutboxViewModel(
                outbox=work.outbox,
                session=work.session,
                connectivity=work.connectivity,
                reopen=work.capture.reopen,
                send_now=work.capture.send_now,
                changes=work.changes,
                tasks=self.tasks,
                clock=work.clock,
                zone=self._zone,
            )
        )
        page.subjects_wanted.connect(lambda: self.window.go(Place.SUBJECTS))
        page.visit_reopened.connect(self._on_visit_reopened)
        page.decision_wanted.connect(self._on_decision_wanted)
        page.placing_wanted.connect(self._on_placing_wanted)
        page.receipts_wanted.connect(self._on_receipts_wanted)
        return page

    def _results_page(self) -> QWidget:
        from haut_desktop.viewmodels.results import ResultsViewModel
        from haut_desktop.widgets.results_page import ResultsPage

        work = self.work
        view_model = ResultsViewModel(
            results=work.results, desk=self.desk, changes=work.changes, tasks=self.tasks
        )
        self._results = view_model
        page = ResultsPage(view_model)
        page.subjects_wanted.connect(lambda: self.window.go(Place.SUBJECTS))
        page.capture_wanted.connect(lambda: self.window.go(Place.CAPTURE))
        return page

    def _help_page(self) -> QWidget:
        from haut_desktop.widgets.help_page import HelpPage

        return HelpPage(self._help_folder)

    def _on_news(self, change: Change) -> None:
        if change.topic is Topic.STUDY and self.work.studies.current is None:
            self.desk.open_study(None)
            self.window.go(Place.STUDY)

    def _on_room_changed(self, room: Room) -> None:
        self.window.top_bar.show_space(space_phrase(room))

    def _on_station_facts_read(self, facts: StationFacts) -> None:
        from haut_desktop.widgets.station_sheet import StationSheet

        if self._sheet is not None:
            self._sheet.raise_()
            self._sheet.activateWindow()
            return
        sheet = self._sheet = StationSheet(facts, self.window)
        sheet.chosen.connect(self._station.set_limits)
        self._station.room_changed.connect(sheet.show_room)
        sheet.finished.connect(self._on_sheet_finished)
        sheet.open()

    def _on_sheet_finished(self) -> None:
        sheet, self._sheet = self._sheet, None
        if sheet is not None:
            sheet.deleteLater()

    def _on_limits_set(self, limits: SpaceLimits, reason: str) -> None:
        """Close the sheet that asked for them; another one may have been opened meanwhile."""
        if self._sheet is not None and self._sheet.waits_for(limits, reason):
            self._sheet.accept()
        elif self._sheet is not None:
            self._sheet.show_limits(limits)

    def _on_limits_refused(self, error: HautError, limits: SpaceLimits, reason: str) -> None:
        """Say it where the limits were typed, or in the window when that is closed already."""
        if self._sheet is not None and self._sheet.waits_for(limits, reason):
            self._sheet.refuse(error)
        else:
            self.notices.report(error)

    def _on_decision_wanted(self, registration: Registration) -> None:
        from haut_desktop.viewmodels.decision import DecisionViewModel
        from haut_desktop.widgets.decision_dialog import DecisionDialog

        view_model = DecisionViewModel(
            self.work.decisions, self.tasks, registration, zone=self._zone
        )
        dialog = DecisionDialog(view_model, self.window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_placing_wanted(self) -> None:
        from haut_desktop.viewmodels.placing import PlacingViewModel
        from haut_desktop.widgets.placing_dialog import PlacingDialog

        work, study = self.work, self.desk.study
        if study is None:
            self.notices.tell(
                "Choose a study first",
                "The pictures are placed in a visit of a study. Open it here, then go on in the "
                "outbox.",
                Weight.INFO,
            )
            self.window.go(Place.STUDY)
            return
        view_model = PlacingViewModel(
            placing=work.placing,
            subjects=work.subjects,
            study=study,
            erase=work.outbox.erase,
            tasks=self.tasks,
            zone=self._zone,
        )
        dialog = PlacingDialog(view_model, self.window)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_receipts_wanted(self, visit_id: VisitId) -> None:
        self.tasks.start(self._save_receipts(visit_id), name="save receipts")

    async def _save_receipts(self, visit_id: VisitId) -> None:
        from haut_desktop.desktop.receipts import write_receipts

        folder = await choose_folder(self.window, "Folder for the receipts")
        if folder is None:
            return
        write_receipts(folder, (await self.work.reports.visit_report(visit_id),))
        words = f"A PDF and a CSV file named {visit_id} lie in {folder}."
        self.notices.show(Notice("Receipts saved", words, Weight.GOOD))

    def _on_subject_changed(self, subject: Subject | None) -> None:
        subject_id = subject.id if subject else None
        if subject_id is not None and subject_id != self._opened_id:
            self.tasks.start(self._discover(subject_id), name="discover visits")
        self._opened_id = subject_id

    async def _discover(self, subject_id: SubjectId) -> None:
        """Look for visits that were made elsewhere; without a network they come another time."""
        with suppress(HautError):
            await self.work.results.discover(subject_id)

    def _on_visit_reopened(self, visit_id: VisitId) -> None:
        self.tasks.start(self._go_to_visit(visit_id), name="open reopened visit")

    async def _go_to_visit(self, visit_id: VisitId) -> None:
        visit = (await self.work.capture.sheet(visit_id)).visit
        if visit.subject_id is not None:
            subject = await self.work.subjects.get(visit.subject_id)
            if not await self._turn_to_study(subject.study_id):
                return
            self.desk.open_subject(subject)
            self.desk.open_visit(visit_id, of=visit.subject_id)
        self.window.go(Place.CAPTURE)

    async def _turn_to_study(self, study_id: StudyId) -> bool:
        """Open the study that a visit is of; False where another company's account is needed."""
        if self.desk.study is not None and self.desk.study.id == study_id:
            return True
        study, account = await self.work.store.studies.study(study_id), self.work.session.account
        if account is None or account.tenant != study.tenant:
            words = (
                f"It is of the study “{study.name}”. Sign in with an account of its company and "
                "open that study to go on with it."
            )
            self.notices.tell("The visit is open again", words, Weight.WARN)
            return False
        self.desk.open_study(await self.work.studies.select(study_id))
        return True
