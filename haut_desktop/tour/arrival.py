"""From the first window to a registered subject."""

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QListView, QPushButton

from haut_desktop.domain.subjects import Subject
from haut_desktop.tour.context import STUDY_NAME, Step, Tour
from haut_desktop.tour.eyes import SCREEN, TourError
from haut_desktop.viewmodels.subjects import SubjectLine, SubjectRole
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.theme import Scheme

_USERNAME: Final = "technician@practice.example"
_PASSWORD: Final = "practice-technician"  # noqa: S105 - the practice platform's own
_DEMONSTRATION: Final = 6
_STARTING_S: Final = 120.0


async def start(tour: Tour) -> None:
    """Wait for the first window."""
    tour.program.appearance.choose(Scheme.LIGHT)
    await tour.eyes.see("username", deadline_s=_STARTING_S)


async def sign_in(tour: Tour) -> None:
    """Type the practice technician's account, or pick it where it is offered."""
    if tour.is_own_platform:
        await tour.hands.click("practice-account-1")
    else:
        await tour.hands.type_into("username", _USERNAME)
        await tour.hands.type_into("password", _PASSWORD)
    await tour.show()
    await tour.hands.click("sign-in")
    await tour.eyes.until(lambda: tour.program.shell and _is_open(tour), "the main window")
    # the screens are as large as a clinic's monitor, however small the screen is that nobody sees
    tour.shell.window.showNormal()
    tour.shell.window.resize(SCREEN)
    tour.report.platform = tour.program.platform
    await tour.eyes.see("open-study")


def _is_open(tour: Tour) -> bool:
    return tour.shell.window.isVisible()


async def choose_study(tour: Tour) -> None:
    """Open the practice study, or the first one of a platform that has none."""
    await tour.show()
    practice = f"Open study {STUDY_NAME}"
    await tour.hands.click(practice if tour.eyes.find(practice) else "open-study")
    await tour.eyes.until(lambda: tour.shell.desk.study is not None, "an open study")
    await tour.eyes.see("search")


async def look_at_subjects(tour: Tour) -> None:
    """Wait until the platform's subjects are in the list."""
    least = _DEMONSTRATION if tour.is_own_platform else 0
    await tour.eyes.until(lambda: tour.eyes.find("Reading subjects") is None, "the whole list")
    await tour.eyes.until(
        lambda: len(_lines(tour)) >= max(least, 1) or (not least and _is_empty(tour)),
        f"{least} subjects in the list",
    )
    tour.demonstration_codes = tuple(
        line.subject.code for line in _lines(tour) if line.subject.code.startswith("P-00")
    )


def _is_empty(tour: Tour) -> bool:
    """Whether the page says that the study has no subjects."""
    labels = tour.shell.window.findChildren(QLabel)
    return any(label.isVisible() and label.text() == "No subjects yet" for label in labels)


def _lines(tour: Tour) -> list[SubjectLine]:
    view = tour.eyes.find("subjects")
    if not isinstance(view, QListView):
        return []
    model = view.model()
    rows = [model.index(row, 0).data(SubjectRole.LINE) for row in range(model.rowCount())]
    return [line for line in rows if isinstance(line, SubjectLine)]


async def be_refused(tour: Tour) -> None:
    """Try a code that does not fit the study's pattern and one that is taken; both are refused."""
    await tour.hands.click("register-subject")
    taken = next(iter(tour.demonstration_codes), "")
    for code in filter(None, ("Müller", taken)):
        await tour.hands.type_into("code", code)
        await tour.hands.click("register")
        await tour.eyes.until(lambda: _code_problem(tour), f"a problem with the code {code}")
    if tour.shell.desk.subject is not None:
        raise TourError("a refused code was registered")


def _code_problem(tour: Tour) -> str:
    """What the form says under the code, once it is not checking any more."""
    form = tour.shell.subject_form
    return form.state.code_problem if form is not None and not form.state.is_checking else ""


async def register(tour: Tour) -> None:
    """Register a subject: the code is free, nothing names a person."""
    code = tour.new_code
    await tour.hands.type_into("code", code)
    await tour.eyes.until(lambda: not _code_problem(tour) and _is_praised(tour), "a free code")
    await tour.hands.type_into("birth", "1984")
    await tour.hands.click(_sex(tour))
    await tour.hands.click("phototype-3")
    await tour.hands.type_into("remarks", "No make-up, washed an hour ago")
    await tour.eyes.photograph(tour.out / "registration.png")
    await tour.hands.press("code", Qt.Key.Key_Return)
    tour.subject = await tour.eyes.until(lambda: _subject_named(tour, code), "the new subject")
    await tour.eyes.see("start-visit")
    if tour.shell.window.place is not Place.CAPTURE:
        raise TourError("a registered subject does not lead to the capture page")


def _is_praised(tour: Tour) -> bool:
    form = tour.shell.subject_form
    return form is not None and bool(form.state.code_praise)


def _sex(tour: Tour) -> str:
    """The accessible name of the first choice of biological sex."""
    for button in tour.shell.window.findChildren(QPushButton):
        if button.isVisible() and button.accessibleName() == "Biological sex: Female":
            return button.accessibleName()
    raise TourError("there is no choice of biological sex")


def _subject_named(tour: Tour, code: str) -> Subject | None:
    subject = tour.shell.desk.subject
    return subject if subject is not None and subject.code == code else None


async def open_subject(tour: Tour, code: str) -> Subject:
    """Find a subject by typing its code, and open it with Enter."""
    await tour.go(Place.SUBJECTS)
    await tour.hands.type_into("search", code)
    await tour.eyes.until(lambda: _only(tour) == code, f"{code} in the list")
    await tour.hands.press("search", Qt.Key.Key_Return)
    return await tour.eyes.until(lambda: _subject_named(tour, code), f"{code} on the desk")


def _only(tour: Tour) -> str:
    search = tour.eyes.find("search")
    lines = _lines(tour)
    is_typed = isinstance(search, QLineEdit) and bool(search.text())
    return lines[0].subject.code if is_typed and len(lines) == 1 else ""


STEPS: Final = (
    Step("start", "The program opens and asks who is working", start),
    Step("sign-in", "The technician signs in", sign_in),
    Step("study", "A study is chosen and opened", choose_study),
    Step("subjects", "The platform's subjects are listed", look_at_subjects),
    Step("refused-code", "A wrong and a taken code are refused with the reason", be_refused),
    Step("register", "A subject is registered by typing", register),
)
