"""The main window: always says where one is, what went wrong, and closes only when it may."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton

from haut_desktop.domain.ageing import WAITS_LONG_AFTER_S
from haut_desktop.domain.errors import UnreachableError
from haut_desktop.viewmodels.notices import Notice
from haut_desktop.viewmodels.phrase import Mood, Phrase
from haut_desktop.viewmodels.status import Status
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.elided_button import ElidedButton
from haut_desktop.widgets.main_window import PRACTICE_WORDS
from haut_desktop.widgets.notice_bar import NoticeBar
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.theme import FONT_FAMILY, Appearance, Scheme
from haut_desktop.widgets.tokens import DARK, LIGHT, Tokens
from tests.fakes.builders import make_subject
from tests.waiting import emitted, eventually
from tests.widgets.conftest import Office


async def test_closing_is_asked_for_and_happens_only_when_allowed(office: Office) -> None:
    async with emitted(office.window.close_requested):
        office.window.close()
    assert office.window.isVisible()
    office.window.close_now()
    assert not office.window.isVisible()


async def test_a_key_leads_to_each_place(office: Office) -> None:
    office.window.activateWindow()
    await eventually(office.window.isActiveWindow)
    QTest.keyClick(office.window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    await eventually(lambda: office.window.place is Place.CAPTURE)
    QTest.keyClick(office.window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    await eventually(lambda: office.window.place is Place.SUBJECTS)


async def test_the_rail_counts_what_waits_in_the_outbox(office: Office) -> None:
    office.window.show_status(Status(outbox_count=13))
    outbox = office.find(QToolButton, "go-outbox")
    assert outbox.text() == "Outbox · 13"
    assert outbox.accessibleDescription() == "13 waiting or held"
    office.window.show_status(Status())
    assert (outbox.text(), outbox.accessibleDescription()) == ("Outbox", "")


async def test_a_page_is_built_when_it_is_first_shown(office: Office) -> None:
    assert Place.CAPTURE not in office.window._pages
    office.window.go(Place.CAPTURE)
    first = office.window.page
    office.window.go(Place.SUBJECTS)
    office.window.go(Place.CAPTURE)
    assert office.window.page is first


async def test_practice_is_named_on_the_screen_and_in_the_title(office: Office) -> None:
    words = [label.text() for label in office.window.findChildren(QLabel) if label.isVisible()]
    assert PRACTICE_WORDS in words
    assert office.window.windowTitle().endswith("(practice)")


async def test_the_subject_stays_in_sight_on_every_page(office: Office) -> None:
    office.desk.open_subject(office.subjects.rows[0])
    for place in (Place.SUBJECTS, Place.CAPTURE):
        office.window.go(place)
        assert office.window._banner.isVisible()


async def test_the_open_subject_says_how_long_its_registration_waits(office: Office) -> None:
    now = office.clock()
    waits = make_subject(office.study, "B-011")
    registrations = tuple(replace(one, created_at=now) for one in waits.registrations)
    office.desk.open_subject(replace(waits, registrations=registrations))
    (said,) = office.window._banner.findChildren(Badge)
    assert said.text == "Waits for registration"
    office.clock.advance(WAITS_LONG_AFTER_S)
    office.window.show_status(Status())
    assert said.text == "Not registered for 1 h"


async def test_closing_the_subject_leads_back_to_the_list(office: Office) -> None:
    office.desk.open_subject(office.subjects.rows[0])
    office.window.go(Place.CAPTURE)
    office.desk.open_subject(None)
    assert office.window.place is Place.SUBJECTS
    assert not office.window._banner.isVisible()


async def test_an_error_is_shown_with_its_title_until_it_is_dismissed(office: Office) -> None:
    bar = office.window.findChild(NoticeBar)
    assert bar is not None
    office.notices.report(UnreachableError())
    office.notices.report(UnreachableError())
    assert bar.accessibleName().startswith("No connection. The platform can't be reached.")
    bar._dismiss.click()
    assert not bar.isVisible()


async def test_a_success_goes_with_the_next_page_subject_or_by_itself(office: Office) -> None:
    first = office.subjects.rows[0]
    bar = office.window.findChild(NoticeBar)
    assert bar is not None
    ways: tuple[Callable[[], object], ...] = (
        lambda: office.desk.open_subject(first),
        lambda: office.window.go(Place.CAPTURE),
        lambda: bar._passes.timeout.emit(),
    )
    for go_on in ways:
        office.notices.tell("Saved")
        office.window.go(office.window.place)
        office.desk.open_subject(office.desk.subject)
        assert (bar.isVisible(), bar._passes.isActive()) == (True, True)
        go_on()
        assert (bar.isVisible(), bar._passes.isActive()) == (False, False)


async def test_a_notices_action_is_done_once(office: Office) -> None:
    done: list[str] = []
    office.notices.show(Notice("Held", action="Look", act=lambda: done.append("looked")))
    bar = office.window.findChild(NoticeBar)
    assert bar is not None
    bar._action.click()
    assert done == ["looked"]
    assert office.notices.current is None


async def test_the_top_bar_shows_the_status(office: Office) -> None:
    status = Status(
        study="Barrier cream",
        site="B01",
        operator="someone@clinic.example",
        connection="No connection",
        connection_icon="offline",
        connection_tone="warn",
        token="Signed in, renews within 42 min",
        outbox="Last sent 3 min ago, 12 waiting",
    )
    office.window.show_status(status)
    bar = office.window.top_bar
    assert bar._outbox.text() == "Last sent 3 min ago, 12 waiting"
    assert bar._connection.text == "No connection"
    assert bar._study.accessibleName() == "Study: Barrier cream"


async def test_the_window_fits_a_clinic_monitor(office: Office) -> None:
    office.window.go(Place.CAPTURE)
    smallest = office.window.minimumSizeHint()
    assert smallest.width() <= 1366
    assert smallest.height() <= 700


def test_the_look_turns_dark_for_every_window(qapp: QApplication, appearance: Appearance) -> None:
    appearance.choose(Scheme.DARK)
    window = qapp.palette().color(QPalette.ColorRole.Window).name()
    assert window == DARK.canvas
    appearance.choose_next()
    assert appearance.scheme is Scheme.LIGHT
    assert qapp.palette().color(QPalette.ColorRole.Window).name() == LIGHT.canvas


def test_the_shipped_font_renders_without_any_on_the_computer(appearance: Appearance) -> None:
    assert FONT_FAMILY in QFontDatabase.families()


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.2."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_text_has_enough_contrast_on_every_ground() -> None:
    def weakest(tokens: Tokens) -> float:
        grounds = (tokens.canvas, tokens.surface)
        inks = (tokens.text, tokens.muted, tokens.accent, tokens.good, tokens.warn, tokens.bad)
        pairs = [(ink, ground) for ink in inks for ground in grounds]
        pairs += [
            (tokens.on_accent, tokens.accent),
            (tokens.good, tokens.good_soft),
            (tokens.warn, tokens.warn_soft),
            (tokens.bad, tokens.bad_soft),
            (tokens.accent, tokens.accent_soft),
            (tokens.muted, tokens.sunken),
        ]
        return min(_contrast(ink, ground) for ink, ground in pairs)

    assert weakest(LIGHT) >= 4.5
    assert weakest(DARK) >= 4.5


@pytest.mark.parametrize(
    ("screen", "is_whole"),
    ((QSize(1366, 768), True), (QSize(1366, 728), True), (QSize(1920, 1080), False)),
)
async def test_the_window_does_not_hang_over_the_screen(
    office: Office, screen: QSize, *, is_whole: bool
) -> None:
    office.window.fit_screen(screen)
    assert office.window.isMaximized() is is_whole


async def test_a_busy_top_bar_fits_the_narrowest_monitor_and_hides_nothing(office: Office) -> None:
    words = "13 held, 12 to be placed, 3 late, last sent 25 min ago, 112 waiting, 12 visits resting"
    office.window.resize(1366, 768)
    office.window.show_status(
        Status(
            study="Rosacea 2026 phase II, extension",
            site="Site B01 Europe/Berlin",
            operator="technician@clinic-berlin.example",
            connection="Platform has trouble",
            connection_icon="warning",
            connection_tone="warn",
            token="Signed in, renews within 42 min",
            outbox=words,
            outbox_is_late=True,
        )
    )
    bar = office.window.top_bar
    bar.show_space(Phrase("Disk: 1,013 MB free", Mood.WARN))
    await eventually(lambda: bar.width() == office.window.width() == 1366)
    assert office.window.minimumSizeHint().width() <= 1366
    outbox = office.find(ElidedButton, "outbox-status")
    assert outbox.shown.startswith("13 held, 12 to")
    assert outbox.shown.endswith("…")
    assert outbox.accessibleName() == f"Outbox: {words}"
    assert words in outbox.toolTip()
    badge = bar.findChild(Badge)
    assert badge is not None
    assert badge.width() == badge.sizeHint().width()
    bar.show_space(None)
    for waiting in range(10, 20):  # digits differ in width
        office.window.show_status(Status(outbox=f"Last sent 3 min ago, {waiting} waiting"))
        await eventually(lambda: outbox.shown == outbox.text())
