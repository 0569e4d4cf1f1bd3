"""Deciding about a held subject: the platform's entries, the way chosen, code and reason."""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from haut_desktop.domain.errors import HautError, SubjectCodeError
from haut_desktop.domain.ids import PlatformSubjectId
from haut_desktop.domain.subjects import Registration
from haut_desktop.services.decisions import Entry, Maker
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.outbox_confirm import NO_REASON
from haut_desktop.viewmodels.subject_words import details_words
from haut_desktop.viewmodels.words import clock_time, day

if TYPE_CHECKING:
    from haut_desktop.services.decisions import Decisions

_MAKERS: Final = {
    Maker.THIS_SUBJECT: "Made by this station for this subject",
    Maker.THIS_STATION: "Made by this station for another subject",
    Maker.OTHER_STATION: "Made by another station",
    Maker.PORTAL: "Made in the web portal, or by another program",
}
NO_ENTRY: Final = "Choose the entry that is this participant."


class Way(StrEnum):
    """What a person can say."""

    SAME = "same"
    OTHER = "other"
    LOOK_AGAIN = "look-again"


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One of the platform's entries in words."""

    platform_id: PlatformSubjectId
    title: str
    """When it was created."""
    details: str
    maker: str

    @property
    def spoken(self) -> str:
        """The whole entry in one line."""
        return ", ".join(part for part in (self.title, self.details, self.maker) if part)


@dataclass(frozen=True, slots=True)
class DecisionState:
    """What the dialog shows."""

    code: str = ""
    details: str = ""
    """What is recorded of the subject here, to compare with."""
    title: str = ""
    message: str = ""
    """Why the subject is held."""
    entries: tuple[EntryLine, ...] = ()
    is_loading: bool = True
    is_busy: bool = False
    problem_title: str = ""
    problem: str = ""
    entry_problem: str = ""
    code_problem: str = ""
    reason_problem: str = ""


class DecisionViewModel(QObject):
    """Asks the platform, then does what the person says; nothing typed is lost on an error."""

    changed = Signal(object)
    decided = Signal()

    def __init__(
        self,
        decisions: "Decisions",
        tasks: TaskScope,
        registration: Registration,
        *,
        zone: str = "UTC",
    ) -> None:
        super().__init__()
        self._decisions = decisions
        self._tasks = tasks
        self._registration = registration
        self._zone = zone
        trouble = registration.waiting.trouble
        self._state = DecisionState(
            title=trouble.title if trouble else "The subject is held",
            message=trouble.message if trouble else "",
        )

    @property
    def state(self) -> DecisionState:
        """What is shown now."""
        return self._state

    def load(self) -> None:
        """Ask the platform for its entries, also once more."""
        self._show(replace(self._state, is_loading=True, problem_title="", problem=""))
        self._tasks.start(self._load(), name="read platform entries")

    def decide(self, way: Way, choice: str, reason: str) -> None:
        """Do what the person says; ``choice`` is the entry's id, or the new code."""
        entry_problem = NO_ENTRY if way is Way.SAME and not choice else ""
        reason_problem = "" if reason.strip() else NO_REASON
        self._show(
            replace(
                self._state,
                entry_problem=entry_problem,
                reason_problem=reason_problem,
                code_problem="",
                problem_title="",
                problem="",
            )
        )
        if not (entry_problem or reason_problem or self._state.is_busy):
            self._show(replace(self._state, is_busy=True))
            self._tasks.start(self._decide(way, choice, reason.strip()), name="decide subject")

    async def _load(self) -> None:
        try:
            subject = await self._decisions.subject(self._registration.subject_id)
            details = details_words(subject.details)
            self._show(replace(self._state, code=subject.code, details=details))
            entries = await self._decisions.entries(self._registration)
        except HautError as error:
            self._fail(error)
        else:
            lines = tuple(entry_line(entry, self._zone) for entry in entries)
            self._show(replace(self._state, is_loading=False, entries=lines))

    async def _decide(self, way: Way, choice: str, reason: str) -> None:
        try:
            await self._deed(way, choice, reason)
        except SubjectCodeError as error:
            self._show(replace(self._state, is_busy=False, code_problem=error.message))
        except HautError as error:
            self._fail(error)
        else:
            self._show(replace(self._state, is_busy=False))
            self.decided.emit()
        finally:
            # no fault may leave a dialog that nobody can leave
            if self._state.is_busy:
                self._show(replace(self._state, is_busy=False))

    def _deed(self, way: Way, choice: str, reason: str) -> Awaitable[object]:
        match way:
            case Way.SAME:
                entry = PlatformSubjectId(choice)
                return self._decisions.say_same(self._registration, entry, reason)
            case Way.OTHER:
                return self._decisions.say_other(self._registration, choice, reason)
            case Way.LOOK_AGAIN:
                return self._decisions.look_again(self._registration, reason)

    def _fail(self, error: HautError) -> None:
        self._show(
            replace(
                self._state,
                is_loading=False,
                is_busy=False,
                problem_title=error.title,
                problem=error.message,
            )
        )

    def _show(self, state: DecisionState) -> None:
        self._state = state
        self.changed.emit(state)


def entry_line(entry: Entry, zone: str) -> EntryLine:
    """Say one of the platform's entries."""
    title = entry.code
    if entry.created_at is not None:
        when = f"{day(entry.created_at, zone)}, {clock_time(entry.created_at, zone)}"
        title = f"{entry.code}, created {when}"
    details = details_words(entry.details) or "Nothing else is recorded there"
    return EntryLine(entry.platform_id, title, details, _MAKERS[entry.maker])
