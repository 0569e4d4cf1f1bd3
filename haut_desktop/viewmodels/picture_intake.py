"""The way of pictures into a visit: progress with what is left, and a reason for every refusal."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.ids import SlotId, VisitId
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.capture_sources import Encode
from haut_desktop.viewmodels.capture_words import Rejected, judged_words, taken_words
from haut_desktop.viewmodels.notices import Notice, NoticesViewModel, Weight
from haut_desktop.viewmodels.words import count

if TYPE_CHECKING:
    from haut_desktop.services.capture import Capture, IntakeOutcome
    from haut_desktop.services.intake import Source

_NAMED: Final = 3
"""So many files are named in a notice."""


@dataclass(frozen=True, slots=True)
class Intake:
    """How far taking in has come; ``total`` is None while folders are among the sources.

    First the pictures are sealed, then those that are in are judged.
    """

    done: int = 0
    """Sealed, or not taken in."""
    total: int | None = None
    sealed: int = 0
    judged: int = 0
    is_going: bool = False

    @property
    def is_judging(self) -> bool:
        """Whether all are sealed, and their check is what goes on."""
        return self.total is not None and self.done >= self.total and self.judged < self.sealed

    @property
    def steps(self) -> tuple[int, int] | None:
        """For a progress bar: done, and of how many; None while nobody knows."""
        if self.is_judging:
            return self.judged, self.sealed
        return None if self.total is None else (self.done, self.total)

    @property
    def words(self) -> str:
        """For beside the bar."""
        if self.is_judging:
            return judged_words(self.judged, self.sealed)
        return taken_words(self.done, self.total)


class PictureIntakeViewModel(QObject):
    """Takes in files, folders and pasted pictures; one that is refused does not stop the others."""

    changed = Signal(object)
    rejected_changed = Signal(object)

    def __init__(
        self,
        capture: "Capture",
        notices: NoticesViewModel,
        tasks: TaskScope,
        open_visit_id: Callable[[], VisitId | None],
    ) -> None:
        super().__init__()
        self._capture = capture
        self._notices = notices
        self._tasks = tasks
        self._open_visit_id = open_visit_id
        self._intake = Intake()
        self._rejected: dict[VisitId, tuple[Rejected, ...]] = {}
        self._shown_visit_id: VisitId | None = None
        self._running: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> Intake:
        """How far taking in has come."""
        return self._intake

    @property
    def rejected(self) -> tuple[Rejected, ...]:
        """Files that were not taken in for the visit that is shown."""
        shown = self._shown_visit_id
        return () if shown is None else self._rejected.get(shown, ())

    def take_in(self, paths: tuple[Path, ...], slot_id: SlotId | None = None) -> None:
        """Take in files and folders; several find their slots by themselves."""
        self._take_files(self._open_visit_id(), paths, slot_id)

    def bound(self, slot_id: SlotId | None = None) -> "Callable[[tuple[Path, ...]], None] | None":
        """Give a ``take_in`` for the visit that is open now; None while none takes pictures.

        Whatever is open when it is called: what a person chooses is for what they saw when they
        began to choose.
        """
        visit_id = self._open_visit_id()
        if visit_id is None:
            return None
        return lambda paths: self._take_files(visit_id, paths, slot_id)

    def paste(self, data: bytes | Encode, slot_id: SlotId | None = None) -> None:
        """Take in the clipboard's picture."""
        # imported when needed: it brings the image libraries with it
        from haut_desktop.services.intake import Pasted

        self._start(self._open_visit_id(), (Pasted(data),), slot_id, 1)

    def tell_no_visit(self) -> None:
        """Say that nothing can be taken in now."""
        message = "Open or reopen a visit, then drop or paste the pictures again."
        self._notices.tell("No visit is open", message, Weight.WARN)

    def tell_nothing_to_paste(self) -> None:
        """Say that what was copied is no picture."""
        message = "Copy a picture, or picture files, and paste again."
        self._notices.tell("There is no picture to paste", message, Weight.WARN)

    def stop(self) -> None:
        """Stop before the next picture; what is sealed stays."""
        for task in tuple(self._running):
            task.cancel()

    def turn_to(self, visit_id: VisitId | None) -> None:
        """Show what was not taken in for this visit; another visit's list waits for its return."""
        before, self._shown_visit_id = self.rejected, visit_id
        if self.rejected != before:
            self.rejected_changed.emit(self.rejected)

    def forget_rejected(self) -> None:
        """Clear the shown visit's list of files that were not taken in."""
        if self._shown_visit_id is not None:
            self._rejected.pop(self._shown_visit_id, None)
        self.rejected_changed.emit(self.rejected)

    def forget_visits(self) -> None:
        """Clear the lists of all visits: another subject is open."""
        self._rejected.clear()
        self.rejected_changed.emit(self.rejected)

    def _take_files(
        self, visit_id: VisitId | None, paths: tuple[Path, ...], slot_id: SlotId | None
    ) -> None:
        total = None if any(path.is_dir() for path in paths) else len(paths)
        self._start(visit_id, paths, slot_id, total)

    def _start(
        self,
        visit_id: VisitId | None,
        sources: "tuple[Source, ...]",
        slot_id: SlotId | None,
        total: int | None,
    ) -> None:
        if visit_id is None or not sources:
            self.tell_no_visit()
            return
        before = self._intake
        if before.is_going:
            total = None if total is None or before.total is None else before.total + total
        self._show(replace(before, total=total, is_going=True))
        work = self._take_in_all(visit_id, sources, slot_id)
        task = self._tasks.start(work, name="take in")
        self._running.add(task)
        task.add_done_callback(self._on_task_done)

    async def _take_in_all(
        self, visit_id: VisitId, sources: "tuple[Source, ...]", slot_id: SlotId | None
    ) -> None:
        elsewhere: list[Rejected] = []
        try:
            await self._capture.take_in_all(
                visit_id,
                sources,
                lambda outcome: self._on_outcome(outcome, visit_id, elsewhere),
                on_judged=self._on_judged,
                slot_id=slot_id,
            )
        finally:
            if elsewhere:
                self._notices.show(elsewhere_notice(elsewhere))

    def _show(self, intake: Intake) -> None:
        self._intake = intake
        self.changed.emit(intake)

    def _on_outcome(
        self, outcome: "IntakeOutcome", visit_id: VisitId, elsewhere: list[Rejected]
    ) -> None:
        intake, sealed = self._intake, int(outcome.error is None)
        self._show(replace(intake, done=intake.done + 1, sealed=intake.sealed + sealed))
        if (error := outcome.error) is not None:
            line = Rejected(outcome.name, error.title, error.message)
            self._rejected[visit_id] = (*self._rejected.get(visit_id, ()), line)
            if visit_id == self._open_visit_id():
                self.rejected_changed.emit(self.rejected)
            else:  # under another subject's code it would be dropped again there
                elsewhere.append(line)

    def _on_judged(self) -> None:
        # what was stopped is judged as well, and nobody looks at how far that is
        if self._running:
            self._show(replace(self._intake, judged=self._intake.judged + 1))

    def _on_task_done(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        if not self._running:
            self._show(Intake())


def elsewhere_notice(refused: Sequence[Rejected]) -> Notice:
    """Say what was refused of a visit that is no longer the open one."""
    named = "; ".join(f"{line.name}: {line.title}" for line in refused[:_NAMED])
    more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    words = f"{named}{more}. They are for the visit that was open before; go back to it."
    title = f"{count(len(refused), 'file')} not taken in for another visit"
    return Notice(title, words, Weight.WARN)
