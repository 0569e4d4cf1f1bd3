"""The subjects page: found as one types, registered with a code that is checked on the way."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QPushButton,
    QWidget,
)

from haut_desktop.domain.ageing import WAITS_LONG_AFTER_S
from haut_desktop.domain.errors import DiskFullError
from haut_desktop.domain.overviews import SubjectRow
from haut_desktop.services.changes import Change, Topic
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.viewmodels.subjects import SubjectLine, SubjectRole
from haut_desktop.widgets import buttons, subject_delegate
from haut_desktop.widgets.choice_row import ChoiceRow
from haut_desktop.widgets.empty_state import EmptyState
from haut_desktop.widgets.phototypes import Phototypes
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.subject_form import SubjectForm
from haut_desktop.widgets.subjects_page import SubjectsPage
from haut_desktop.widgets.theme import Appearance
from haut_desktop.widgets.tokens import LIGHT
from tests.e2e.stations import open_workplace
from tests.e2e.windows import open_shell
from tests.fakes.builders import make_study, make_subject
from tests.fakes.clock import FakeClock
from tests.waiting import emitted, eventually
from tests.widgets.conftest import Office


def shown(office: Office) -> list[str]:
    model = office.find(QListView, "subjects").model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def form(office: Office) -> SubjectForm:
    found = office.window.findChild(SubjectForm)
    assert found is not None
    return found


async def open_form(office: Office, code: str) -> SubjectForm:
    office.find(QPushButton, "register-subject").click()
    QTest.keyClicks(office.find(QLineEdit, "code"), code)
    return form(office)


async def test_the_list_is_found_as_one_types(office: Office) -> None:
    await eventually(lambda: shown(office) == ["B-001", "B-002"])
    QTest.keyClicks(office.find(QLineEdit, "search"), "002")
    await eventually(lambda: shown(office) == ["B-002"])


def test_a_code_without_details_stands_in_the_middle_of_its_line(appearance: Appearance) -> None:
    image = QImage(600, 56, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    subject = make_subject(make_study(), "B-001")
    line = SubjectLine(subject, "", "no visit yet", "", "", "Registered", "good")
    painter = QPainter(image)
    subject_delegate._draw_words(painter, QRectF(0, 0, 600, 56), line, LIGHT)
    painter.end()
    inked = [
        y for y in range(56) for x in range(68, 140) if image.pixelColor(x, y).lightness() < 90
    ]
    assert abs((min(inked) + max(inked)) / 2 - 28) <= 3


async def test_enter_opens_the_chosen_subject_and_the_banner_names_it(office: Office) -> None:
    await eventually(lambda: shown(office) == ["B-001", "B-002"])
    search = office.find(QLineEdit, "search")
    QTest.keyClick(search, Qt.Key.Key_Down)
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert office.desk.subject is office.subjects.rows[1]
    assert "B-002" in office.window._banner.accessibleName()
    assert office.window._banner.isVisible()


async def test_a_scanned_code_with_its_enter_opens_its_own_subject(office: Office) -> None:
    await eventually(lambda: shown(office) == ["B-001", "B-002"])
    # a scanner is faster than the answer: the list still shows everybody
    QTest.keyClicks(office.find(QLineEdit, "search"), "b-002")
    QTest.keyClick(office.find(QLineEdit, "search"), Qt.Key.Key_Return)
    assert office.desk.subject is None
    await eventually(lambda: office.desk.subject is office.subjects.rows[1])


async def test_a_whole_code_goes_before_codes_that_only_begin_with_it(office: Office) -> None:
    office.subjects.rows.insert(0, make_subject(office.study, "B-0021"))
    office.changes.send(Change(Topic.SUBJECTS))
    await eventually(lambda: shown(office) == ["B-0021", "B-001", "B-002"])
    search = office.find(QLineEdit, "search")
    QTest.keyClicks(search, "b-002")
    await eventually(lambda: shown(office) == ["B-0021", "B-002"])
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert office.desk.subject is office.subjects.rows[2]


async def test_an_unknown_scanned_code_opens_nobody_who_is_like_it(office: Office) -> None:
    await eventually(lambda: shown(office) == ["B-001", "B-002"])
    QTest.keyClicks(office.find(QLineEdit, "search"), "b-00")
    QTest.keyClick(office.find(QLineEdit, "search"), Qt.Key.Key_Return)
    await eventually(lambda: not office.listed.state.is_loading)
    assert office.desk.subject is None


async def test_an_unknown_scanned_code_goes_into_the_form(office: Office) -> None:
    await eventually(lambda: shown(office) == ["B-001", "B-002"])
    QTest.keyClicks(office.find(QLineEdit, "search"), "b-009")
    QTest.keyClick(office.find(QLineEdit, "search"), Qt.Key.Key_Return)
    await eventually(lambda: office.find(QLineEdit, "code").text() == "B-009")


async def test_the_marked_subject_stays_marked_when_the_list_is_read_anew(office: Office) -> None:
    await eventually(lambda: shown(office) == ["B-001", "B-002"])
    search = office.find(QLineEdit, "search")
    QTest.keyClick(search, Qt.Key.Key_Down)
    marked = office.subjects.rows[1]
    office.subjects.rows.insert(0, make_subject(office.study, "B-003"))
    office.changes.send(Change(Topic.SUBJECTS))
    await eventually(lambda: shown(office) == ["B-003", "B-001", "B-002"])
    QTest.keyClick(search, Qt.Key.Key_Return)
    assert office.desk.subject is marked


async def test_while_the_platforms_subjects_come_in_nobody_is_said_to_be_missing(
    office: Office,
) -> None:
    office.subjects.rows.clear()
    office.subjects.may_sync.clear()
    office.listed.sync()
    office.changes.send(Change(Topic.SUBJECTS))
    await eventually(lambda: not shown(office) and not office.listed.state.is_loading)
    page = office.window.findChild(SubjectsPage)
    assert page is not None
    nothing = page.findChild(EmptyState)
    assert nothing is not None
    assert nothing.accessibleName().startswith("Reading subjects")
    office.subjects.may_sync.set()
    await eventually(lambda: nothing.accessibleName().startswith("No subjects yet"))


async def test_a_line_is_spoken_whole(office: Office) -> None:
    await eventually(lambda: shown(office))
    index = office.find(QListView, "subjects").model().index(0, 0)
    spoken = str(index.data(Qt.ItemDataRole.AccessibleTextRole))
    assert spoken.startswith("Subject B-001, born 1980 · female · phototype III, 1 visit")
    assert index.data(SubjectRole.LINE).waiting == "2 waiting"


async def test_a_code_searched_in_vain_goes_into_the_form(office: Office) -> None:
    await eventually(lambda: shown(office))
    QTest.keyClicks(office.find(QLineEdit, "search"), "b-009")
    await eventually(lambda: not shown(office))
    QTest.keyClick(office.find(QLineEdit, "search"), Qt.Key.Key_Return)
    assert office.find(QLineEdit, "code").text() == "B-009"


async def test_a_malformed_code_is_named_while_it_is_typed(office: Office) -> None:
    panel = await open_form(office, "")
    office.find(QLineEdit, "code").setText("Б-01")
    assert "another script" in panel._code_field.problem


async def test_a_code_of_500_characters_is_refused_with_its_length(office: Office) -> None:
    panel = await open_form(office, "")
    office.find(QLineEdit, "code").setText("A" * 500)
    assert "this one has 500" in panel._code_field.problem


async def test_a_code_taken_here_is_named_when_the_typing_rests(office: Office) -> None:
    panel = await open_form(office, "b-001")
    await eventually(lambda: "registered on this station" in panel._code_field.problem)


async def test_a_code_taken_there_is_named(office: Office) -> None:
    office.subjects.there = {"B-050"}
    panel = await open_form(office, "b-050")
    await eventually(lambda: "taken at the platform" in panel._code_field.problem)


async def test_without_a_network_a_free_code_says_that_it_was_not_asked_there(
    office: Office,
) -> None:
    office.subjects.there = None
    panel = await open_form(office, "b-050")
    line = panel._code_field.control
    await eventually(lambda: "when the network is back" in line.accessibleDescription())


async def test_a_scanners_enter_registers_nobody_and_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buttons, "HASTE_MS", 3_600_000)
    await open_form(office, "b-077")
    QTest.keyClick(office.find(QLineEdit, "code"), Qt.Key.Key_Return)
    assert form(office).focusWidget() is office.find(QLineEdit, "birth")
    assert not form(office)._view_model.state.is_busy


async def test_focus_is_seen_on_the_chosen_phototype(office: Office) -> None:
    await open_form(office, "b-077")
    phototypes = office.window.findChild(Phototypes)
    assert phototypes is not None
    office.window.activateWindow()
    swatch = phototypes._swatches[2]
    swatch.click()
    swatch.setFocus()
    focused = swatch.grab().toImage()
    phototypes._swatches[3].setFocus()
    assert swatch.grab().toImage() != focused


async def test_enter_registers_and_opens_the_subject(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buttons, "HASTE_MS", 0)
    await open_form(office, "b-077")
    office.find(QLineEdit, "birth").setText("1984")
    phototypes = office.window.findChild(Phototypes)
    assert phototypes is not None
    phototypes._swatches[4].click()
    office.find(QPlainTextEdit, "remarks").setPlainText("dry skin")
    QTest.keyClick(office.find(QLineEdit, "code"), Qt.Key.Key_Return)
    subject = await eventually(lambda: office.desk.subject)
    assert subject is not None
    assert subject.code == "B-077"
    details = subject.details
    assert (details.birth_year, details.phototype, details.remarks) == (1984, 4, "dry skin")
    assert not form(office).isVisible()


async def test_a_wrong_birth_date_is_named_beside_its_field(office: Office) -> None:
    panel = await open_form(office, "b-077")
    office.find(QLineEdit, "birth").setText("1984-13-40")
    office.find(QPushButton, "register").click()
    assert "or a date, like 1984-03-21" in panel._birth_field.problem
    assert len(office.subjects.rows) == 2


async def test_an_error_loses_nothing_that_was_typed(office: Office) -> None:
    office.subjects.error = DiskFullError()
    panel = await open_form(office, "b-077")
    office.find(QPlainTextEdit, "remarks").setPlainText("dry skin")
    office.find(QPushButton, "register").click()
    await eventually(lambda: panel._problem.text.startswith("The disk is full"))
    assert office.find(QLineEdit, "code").text() == "b-077"
    assert office.find(QPlainTextEdit, "remarks").toPlainText() == "dry skin"


async def test_esc_puts_the_form_away_with_what_was_typed(office: Office) -> None:
    panel = await open_form(office, "b-077")
    QTest.keyClick(office.find(QLineEdit, "code"), Qt.Key.Key_Escape)
    assert not panel.isVisible()
    office.find(QPushButton, "register-subject").click()
    assert office.find(QLineEdit, "code").text() == "b-077"


async def test_a_new_study_brings_in_the_platforms_subjects(office: Office) -> None:
    await eventually(lambda: office.subjects.syncs == 1)


def offered(office: Office) -> list[str]:
    row = form(office).findChild(ChoiceRow)
    assert row is not None
    return [b.text() for b in row.findChildren(QAbstractButton) if not b.isHidden()]


async def test_the_form_offers_the_platforms_sexes_and_keeps_the_choice(office: Office) -> None:
    office.sexes.there = (("female", "Female"), ("intersex", "Intersex"))
    panel = await open_form(office, "b-077")
    panel._sex.take("female")
    await eventually(lambda: offered(office) == ["Female", "Intersex", "Not recorded"])
    assert panel._sex.taken == "female"


async def test_without_a_network_the_kept_sexes_are_offered(office: Office) -> None:
    office.sexes.here = (("woman", "Woman"), ("man", "Man"))
    await open_form(office, "b-077")
    await eventually(lambda: offered(office) == ["Woman", "Man", "Not recorded"])


async def test_before_any_answer_the_built_in_sexes_are_offered(office: Office) -> None:
    await open_form(office, "b-077")
    assert offered(office) == ["Female", "Male", "Other", "Not recorded"]


async def test_a_refused_code_has_the_focus_to_be_mended(office: Office) -> None:
    panel = await open_form(office, "b-001")
    panel._register.setFocus()
    panel._register.click()
    await eventually(lambda: panel._view_model.state.code_problem)
    assert office.find(QLineEdit, "code").hasFocus()


async def test_tab_goes_through_the_form_from_above_to_below(office: Office) -> None:
    office.sexes.there = (("female", "Female"), ("intersex", "Intersex"))
    panel = await open_form(office, "b-077")
    await eventually(lambda: offered(office) == ["Female", "Intersex", "Not recorded"])
    order, widget = list[QWidget](), office.find(QLineEdit, "code").nextInFocusChain()
    while widget is not None and widget.objectName() != "register":
        order.append(widget)
        widget = widget.nextInFocusChain()
    offers = [b for b in panel._sex.findChildren(QAbstractButton) if not b.isHidden()]
    places = [order.index(each) for each in offers]
    assert places == sorted(places)
    assert order.index(office.find(QLineEdit, "birth")) < places[0]
    assert places[-1] < order.index(office.find(QAbstractButton, "phototype-1"))


async def test_the_subject_list_ages_with_the_top_bar(
    appearance: Appearance, tmp_path: Path
) -> None:
    clock = FakeClock()
    made = make_subject(make_study(), "B-007")
    registrations = tuple(replace(one, created_at=clock()) for one in made.registrations)
    row = SubjectRow(replace(made, registrations=registrations), 0, None, 0)
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        station.work.clock = clock
        shell = await open_shell(station)
        shell.window.go(Place.SUBJECTS)
        (page,) = shell.window.findChildren(SubjectsPage)
        model = page._view_model.model
        model.show((row,))
        clock.advance(WAITS_LONG_AFTER_S)
        async with emitted(shell._status.changed):
            shell._status.refresh()
        assert model.line(0).registration == "Not registered for 1 h"
        shell.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
