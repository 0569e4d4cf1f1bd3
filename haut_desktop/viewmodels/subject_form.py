"""The registration form: a code checked while it is typed, and details that name nobody."""

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import HautError, SubjectCodeError
from haut_desktop.domain.study import ImagingPlan, Study
from haut_desktop.domain.subjects import SubjectDetails, code_problem, normalise_code
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.desk import Desk

if TYPE_CHECKING:
    from haut_desktop.services.biological_sexes import BiologicalSexes
    from haut_desktop.services.subjects import CodeCheck, Subjects

_REST_MS: Final = 300
"""How long the typing rests before the code is looked up."""
_OLDEST_YEARS: Final = 120

SEXES: Final[tuple[tuple[str, str], ...]] = (
    ("female", "Female"),
    ("male", "Male"),
    ("other", "Other"),
)
"""Until the platform's own dictionary was read for the first time."""


@dataclass(frozen=True, slots=True)
class FormInput:
    """The fields as they were typed."""

    code: str = ""
    birth: str = ""
    biological_sex: str | None = None
    phototype: int | None = None
    remarks: str = ""


@dataclass(frozen=True, slots=True)
class FormState:
    """What the form says beside the fields."""

    code_problem: str = ""
    code_praise: str = ""
    birth_problem: str = ""
    is_checking: bool = False
    is_busy: bool = False
    title: str = ""
    message: str = ""


def parse_birth(text: str, today: date) -> tuple[int | None, date | None, str]:
    """Read a birth year or date: year, date and what is wrong; an empty text is nothing at all."""
    words = text.strip()
    if not words:
        return None, None, ""
    year, born = None, None
    if re.fullmatch(r"\d{4}", words):
        year = int(words)
    else:
        try:
            born = date.fromisoformat(words)
        except ValueError:
            return None, None, "Type a year, like 1984, or a date, like 1984-03-21."
    given = year if born is None else born.year
    if given is None or given > today.year or given < today.year - _OLDEST_YEARS:
        return None, None, f"A year from {today.year - _OLDEST_YEARS} to {today.year}."
    return year, born, ""


class SubjectFormViewModel(QObject):
    """Checks the code here at once and there when the typing rests; registers, online or not."""

    changed = Signal(object)
    registered = Signal(object)
    sexes_changed = Signal(object)
    """Carries technical names and names, in the platform's order."""

    def __init__(
        self,
        subjects: "Subjects",
        desk: Desk,
        tasks: TaskScope,
        clock: Clock,
        *,
        sexes: "BiologicalSexes | None" = None,
        example: str = "",
    ) -> None:
        """``example`` is of a code as the subjects have it where the plan's would look strange."""
        super().__init__()
        self._subjects = subjects
        self._desk = desk
        self._tasks = tasks
        self._clock = clock
        self._dictionary = sexes
        self._example = example
        self._sexes = SEXES
        self._state = FormState()
        self._code = ""
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(self._on_rest_timeout)

    @property
    def state(self) -> FormState:
        """What is shown now."""
        return self._state

    @property
    def sexes(self) -> tuple[tuple[str, str], ...]:
        """The words for biological sex: technical name and name."""
        return self._sexes

    def open(self) -> None:
        """The form is seen: read the platform's words, as kept and as they are now."""
        if self._dictionary is not None:
            self._tasks.start(self._read_sexes(self._dictionary), name="read biological sexes")

    @property
    def plan(self) -> ImagingPlan:
        """The open study's rules."""
        plan = self._desk.study.plan if self._desk.study else ImagingPlan()
        return replace(plan, code_example=self._example) if self._example else plan

    def check_code(self, text: str) -> None:
        """Say at once what is wrong with the code's form; look it up when the typing rests."""
        self._code = normalise_code(text)
        self._rest.stop()
        problem = code_problem(self._code, self.plan) if self._code else None
        is_checking = bool(self._code) and problem is None
        self._show(
            replace(_cleared(self._state), code_problem=problem or "", is_checking=is_checking)
        )
        if is_checking:
            self._rest.start()

    def check_birth(self, text: str) -> None:
        """Say what is wrong with the year or date of birth."""
        problem = parse_birth(text, self._clock().date())[2]
        self._show(replace(self._state, birth_problem=problem))

    def close(self) -> None:
        """Look nothing up any longer."""
        self._rest.stop()

    def register(self, form: FormInput) -> None:
        """Register the subject if the fields allow it; otherwise say what is missing."""
        self._rest.stop()
        year, born, birth_problem = parse_birth(form.birth, self._clock().date())
        problem = code_problem(normalise_code(form.code), self.plan)
        if problem or birth_problem:
            self._show(FormState(code_problem=problem or "", birth_problem=birth_problem))
        elif not self._state.is_busy:
            self._show(FormState(is_busy=True))
            remarks = form.remarks.strip()
            details = SubjectDetails(year, born, form.biological_sex, form.phototype, remarks)
            work = self._register(self._desk.study, form.code, details)
            self._tasks.start(work, name="register subject")

    async def _register(self, study: Study | None, text: str, details: SubjectDetails) -> None:
        try:
            if study is None:
                raise SubjectCodeError("Choose a study first, then register the subject.")
            subject = await self._subjects.register(study, text, details)
        except SubjectCodeError as error:
            self._show(FormState(code_problem=error.message))
        except HautError as error:
            self._show(FormState(title=error.title, message=error.message))
        else:
            self._show(FormState())
            if self._is_open(study):  # under another study nobody of this one is opened
                self.registered.emit(subject)

    async def _read_sexes(self, dictionary: "BiologicalSexes") -> None:
        # without a network the kept words stay, and the built-in ones where nothing was kept
        with suppress(HautError):
            self._offer(await dictionary.kept())
            self._offer(await dictionary.fresh())

    def _offer(self, sexes: tuple[tuple[str, str], ...]) -> None:
        if sexes and sexes != self._sexes:
            self._sexes = sexes
            self.sexes_changed.emit(sexes)

    async def _look_up(self, study: Study, code: str) -> None:
        check = None
        with suppress(HautError):  # registering checks again and says what is wrong
            check = await self._subjects.check_code(study, code)
        if code == self._code and not self._state.is_busy:
            looked = replace(self._state, is_checking=False)
            self._show(_judged(looked, check) if check and self._is_open(study) else looked)

    def _is_open(self, study: Study | None) -> bool:
        now = self._desk.study
        return now is not None and study is not None and now.id == study.id

    def _show(self, state: FormState) -> None:
        self._state = state
        self.changed.emit(state)

    def _on_rest_timeout(self) -> None:
        if (study := self._desk.study) is not None:
            self._tasks.start(self._look_up(study, self._code), name="check code")


def _cleared(state: FormState) -> FormState:
    return FormState(birth_problem=state.birth_problem)


def _judged(state: FormState, check: "CodeCheck") -> FormState:
    state = replace(state, code_problem="", code_praise="")
    if check.problem:
        return replace(state, code_problem=check.problem)
    if check.is_taken_here:
        words = f"{check.code} is registered on this station already. Search for it in the list."
        return replace(state, code_problem=words)
    if check.is_taken_there:
        words = f"{check.code} is taken at the platform already. Check the code on the paper."
        return replace(state, code_problem=words)
    if check.is_taken_there is None:
        words = "Free on this station. The platform is asked when the network is back."
        return replace(state, code_praise=words)
    return replace(state, code_praise="Free, here and at the platform.")
