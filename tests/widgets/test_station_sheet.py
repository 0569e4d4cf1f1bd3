"""The sheet about this station: its limits are set with a reason, or nothing happens."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from haut_desktop.domain.errors import StoreIOError
from haut_desktop.domain.ids import SiteId, StationId
from haut_desktop.domain.space import GIB, MIB, Room, SpaceLimits, StationFacts
from haut_desktop.domain.study import Site, Station
from haut_desktop.shell import Shell
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.viewmodels.phrase import Mood, Phrase
from haut_desktop.widgets import buttons
from haut_desktop.widgets.badge import Badge
from haut_desktop.widgets.field import Field
from haut_desktop.widgets.inline_problem import InlineProblem
from haut_desktop.widgets.station_sheet import StationSheet
from haut_desktop.widgets.theme import Appearance
from tests.e2e.stations import open_workplace
from tests.e2e.windows import open_shell
from tests.waiting import emitted, eventually
from tests.widgets.conftest import Office
from tests.widgets.test_accessibility import nameless

_Part = TypeVar("_Part", bound=QWidget)

FACTS = StationFacts(
    Site(SiteId("s"), "B01", "Europe/Berlin"),
    Station(StationId("0190aa00-0000-7000-8000-000000000001"), SiteId("s"), "Room 2"),
    Room(820 * MIB, SpaceLimits()),
)


@pytest.fixture
def sheet(qtbot: QtBot, appearance: Appearance) -> Iterator[StationSheet]:
    made = StationSheet(FACTS)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.reject()


def part(sheet: StationSheet, kind: type[_Part], name: str) -> _Part:
    """Find a widget by its object name."""
    found = sheet.findChild(kind, name)
    assert isinstance(found, kind)
    return found


def press_set(sheet: StationSheet) -> None:
    """Set, as a person does."""
    QTest.mouseClick(part(sheet, QPushButton, "set"), Qt.MouseButton.LeftButton)


def test_it_says_how_much_is_free_now(sheet: StationSheet) -> None:
    free = part(sheet, Badge, "free")
    assert free.text == "820 MB free: make room soon"
    sheet.show_room(Room(2 * GIB, SpaceLimits()))
    assert free.text == "2,048 MB free: enough"


async def test_limits_are_set_with_a_reason(sheet: StationSheet) -> None:
    part(sheet, QSpinBox, "warn-below").setValue(4096)
    press_set(sheet)
    (field,) = [f for f in sheet.findChildren(Field) if f.problem]
    assert "audit trail" in field.problem
    part(sheet, QLineEdit, "reason").setText(" a small disk ")
    async with emitted(sheet.chosen) as emission:
        press_set(sheet)
    assert emission.args == (SpaceLimits(4 * GIB, GIB // 2), "a small disk")
    assert sheet.isVisible(), "it stays until the limits are written"


@pytest.mark.parametrize(("haste_ms", "is_set"), [(3_600_000, False), (0, True)])
async def test_a_persons_enter_behind_the_reason_sets_and_a_scanners_does_not(
    sheet: StationSheet, monkeypatch: pytest.MonkeyPatch, haste_ms: int, *, is_set: bool
) -> None:
    monkeypatch.setattr(buttons, "HASTE_MS", haste_ms)
    part(sheet, QSpinBox, "warn-below").setValue(4096)
    reason = part(sheet, QLineEdit, "reason")
    reason.setFocus()
    QTest.keyClicks(reason, "B-002")
    QTest.keyClick(reason, Qt.Key.Key_Return)
    assert sheet.waits_for(SpaceLimits(4 * GIB, GIB // 2), "B-002") is is_set


def test_a_code_scanned_into_a_limit_sets_nothing(sheet: StationSheet) -> None:
    limit = part(sheet, QSpinBox, "warn-below")
    part(sheet, QLineEdit, "reason").setText("a small disk")
    limit.setFocus()
    limit.selectAll()
    QTest.keyClicks(limit, "4096")
    QTest.keyClick(limit, Qt.Key.Key_Return)
    assert limit.value() == 4096
    assert part(sheet, QPushButton, "set").isEnabled(), "nothing was asked for"


async def test_limits_that_could_not_be_written_leave_the_reason_there(sheet: StationSheet) -> None:
    part(sheet, QSpinBox, "warn-below").setValue(4096)
    part(sheet, QLineEdit, "reason").setText("a small disk")
    press_set(sheet)
    assert not part(sheet, QPushButton, "set").isEnabled()
    sheet.refuse(StoreIOError())
    assert StoreIOError().title in part(sheet, InlineProblem, "").text
    assert part(sheet, QLineEdit, "reason").text() == "a small disk"
    async with emitted(sheet.chosen):
        press_set(sheet)


async def test_the_sheet_opens_once_and_goes_when_the_limits_are_written(
    appearance: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        shell = await open_shell(station)
        top_bar = shell.window.top_bar
        async with emitted(shell._station.facts_read):
            top_bar.station_wanted.emit()
        async with emitted(shell._station.facts_read):
            top_bar.station_wanted.emit()
        (sheet,) = shell.window.findChildren(StationSheet)
        part(sheet, QSpinBox, "warn-below").setValue(4096)
        part(sheet, QLineEdit, "reason").setText("a small disk")
        with monkeypatch.context() as patch:
            patch.setattr(station.work.this_station, "set_limits", _disk_in_trouble)
            async with emitted(shell._station.limits_refused):
                press_set(sheet)
            assert StoreIOError().title in part(sheet, InlineProblem, "").text
            sheet.reject()
            shell._station.set_limits(SpaceLimits(), "a reason")
            await eventually(lambda: shell.notices.current)
        async with emitted(shell._station.facts_read):
            top_bar.station_wanted.emit()
        sheet = next(s for s in shell.window.findChildren(StationSheet) if s.isVisible())
        part(sheet, QSpinBox, "warn-below").setValue(4096)
        part(sheet, QLineEdit, "reason").setText("a small disk")
        press_set(sheet)
        await eventually(lambda: shell._sheet is None)
        facts = await station.work.this_station.facts()
        assert facts.room.limits.warn_below_bytes == 4 * GIB
        shell.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


async def open_sheet(shell: Shell) -> StationSheet:
    async with emitted(shell._station.facts_read):
        shell.window.top_bar.station_wanted.emit()
    return next(s for s in shell.window.findChildren(StationSheet) if s.isVisible())


async def test_a_sheet_stays_while_the_limits_of_an_earlier_one_are_written(
    appearance: Appearance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        shell = await open_shell(station)
        write, gate = station.work.this_station.set_limits, asyncio.Event()

        async def slowly(limits: SpaceLimits, reason: str) -> None:
            await gate.wait()
            await write(limits, reason)

        monkeypatch.setattr(station.work.this_station, "set_limits", slowly)
        first = await open_sheet(shell)
        part(first, QSpinBox, "warn-below").setValue(4096)
        part(first, QLineEdit, "reason").setText("a small disk")
        press_set(first)
        first.reject()
        sheet = await open_sheet(shell)
        async with emitted(shell._station.limits_set):
            gate.set()
        assert sheet.isVisible(), "nothing was set in this one"
        assert part(sheet, QSpinBox, "warn-below").value() == 4096
        sheet.reject()
        shell.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


async def _disk_in_trouble(_limits: SpaceLimits, _reason: str) -> None:
    raise StoreIOError


@pytest.mark.parametrize(("warn", "stop"), ((256, 512), (512, 63)))
def test_limits_that_protect_nothing_are_told_and_not_set(
    sheet: StationSheet, warn: int, stop: int
) -> None:
    part(sheet, QSpinBox, "warn-below").setValue(warn)
    part(sheet, QSpinBox, "stop-below").setValue(stop)
    part(sheet, QLineEdit, "reason").setText("a small disk")
    press_set(sheet)
    assert sheet.isVisible()
    assert SpaceLimits(warn * MIB, stop * MIB).problem() in part(sheet, InlineProblem, "").text


def test_figures_keep_off_their_frame(sheet: StationSheet) -> None:
    box = part(sheet, QSpinBox, "stop-below")
    shown = box.grab().toImage()
    middle = shown.height() // 2
    ground = shown.pixel(4, middle)
    rows, beside = range(middle - 8, middle + 8), range(3, 8)
    assert {shown.pixel(x, y) for x in beside for y in rows} == {ground}


def test_every_control_has_a_name(sheet: StationSheet) -> None:
    assert not nameless(sheet)


async def test_a_key_asks_for_the_sheet(office: Office) -> None:
    office.window.activateWindow()
    async with emitted(office.window.top_bar.station_wanted):
        QTest.keyClick(office.window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)


async def test_the_top_bar_shows_the_disk_only_while_it_is_nearly_full(office: Office) -> None:
    room = office.find(QPushButton, "space")
    assert not room.isVisible()
    office.window.top_bar.show_space(Phrase("Disk: 820 MB free", Mood.WARN))
    assert (room.isVisible(), room.accessibleName()) == (True, "Disk: 820 MB free")
    async with emitted(office.window.top_bar.station_wanted):
        room.click()
    office.window.top_bar.show_space(None)
    assert not room.isVisible()
