"""Pictures that stay behind: listed with their reason, erased in two steps, on a real station."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import ErasureRefusedError, HautError
from haut_desktop.domain.ids import BatchId, OriginalId
from haut_desktop.domain.imaging import Side
from haut_desktop.services.asides import Asides
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.asides import AsidesViewModel
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.thumbnails import Thumbnails
from haut_desktop.widgets.asides_dialog import AsidesDialog
from haut_desktop.widgets.theme import Appearance
from haut_desktop.widgets.two_steps_dialog import TwoStepsDialog
from haut_desktop.widgets.visit_header import VisitHeader
from tests.photographs import marked
from tests.services.rooms import Room, open_room
from tests.services.test_erasure import make_erasures
from tests.waiting import eventually


@dataclass
class Bench:
    """A visit with one set-aside and one removed picture, and the dialog over it."""

    room: Room
    model: AsidesViewModel
    dialog: AsidesDialog
    set_aside: OriginalId
    errors: list[HautError]

    def titles(self) -> list[str]:
        """The lines' first words."""
        return [line.title for line in self.model.lines]


@pytest_asyncio.fixture
async def bench(qtbot: QtBot, appearance: Appearance, tmp_path: Path) -> AsyncIterator[Bench]:
    async with open_room(tmp_path) as room:
        front, left, *_ = (shelf.slot.id for shelf in (await room.sheet()).shelves)
        first = await room.capture.take_in(room.visit, room.file("1.jpg", marked(1)), front)
        await room.capture.take_in(room.visit, room.file("2.jpg", marked(2)), front)
        wrong = await room.capture.take_in(room.visit, room.file("3.jpg", marked(3)), left)
        await room.capture.remove_take(wrong.take.id, "another subject's")

        async def forget(_: BatchId, __: Side) -> None:
            raise AssertionError

        erasures = make_erasures(room, forget, system_clock())

        async def erase(original_id: OriginalId, reason: str) -> None:
            await erasures.erase(original_id, Act(reason=reason))

        errors = list[HautError]()
        tasks, changes = TaskScope("asides", errors.append), room.capture._changes
        desk = Desk("Europe/Berlin")
        desk.open_study(room.study)
        desk.open_subject(room.subject)
        asides = Asides(store=room.station.asides, erase=erase, changing=room.capture.changing)
        model = AsidesViewModel(asides, desk, tasks, changes)
        desk.open_visit(room.visit, of=room.subject.id)
        await eventually(lambda: len(model.lines) == 2)
        dialog = AsidesDialog(model, Thumbnails(room.capture.thumbnail, tasks))
        qtbot.addWidget(dialog)
        dialog.show()
        yield Bench(room, model, dialog, first.original.id, errors)
        await tasks.aclose()


def confirm(bench: Bench, reason: str) -> None:
    """Take both steps for the chosen picture."""
    erase = bench.dialog.findChild(QPushButton, "erase-aside")
    assert erase is not None
    QTest.mouseClick(erase, Qt.MouseButton.LeftButton)
    (steps,) = bench.dialog.findChildren(TwoStepsDialog)
    why, on, yes = (
        steps.findChild(kind, name)
        for kind, name in ((QLineEdit, "reason"), (QPushButton, "continue"), (QPushButton, "yes"))
    )
    assert isinstance(why, QLineEdit)
    assert isinstance(on, QPushButton)
    assert isinstance(yes, QPushButton)
    QTest.keyClicks(why, reason)
    QTest.mouseClick(on, Qt.MouseButton.LeftButton)
    QTest.mouseClick(yes, Qt.MouseButton.LeftButton)


async def test_each_says_why_it_is_not_sent(bench: Bench) -> None:
    listed = bench.dialog.findChild(QListWidget, "asides-list")
    assert listed is not None
    texts = [listed.item(number).text() for number in range(listed.count())]
    assert texts[0].startswith("Front, take 1\n")
    assert "Set aside: take 2 counts." in texts[0]
    assert texts[1].startswith("Left, take 1\n")
    assert texts[1].endswith("another subject's.")


async def test_after_two_steps_and_a_reason_the_bytes_leave_the_disk(bench: Bench) -> None:
    room, name = bench.room, f"{bench.set_aside}.age"
    confirm(bench, "blurred, the subject asked")
    await eventually(lambda: bench.titles() == ["Left, take 1"])
    assert name not in room.vault.names()
    trail = await room.station.audit.of_entity(bench.set_aside)
    assert "blurred, the subject asked" in [e.reason for e in trail if e.action == "picture.erased"]
    confirm(bench, "another subject's picture")
    await eventually(lambda: not bench.dialog.isVisible())
    (counts,) = [s.counting for s in (await room.sheet()).shelves if s.counting]
    assert (counts.take.number, bench.errors) == (2, [])


async def test_a_picture_that_counts_meanwhile_is_not_erased(bench: Bench) -> None:
    room, (line, _) = bench.room, bench.model.lines
    takes = (await room.sheet()).shelves[0].takes
    await room.capture.choose_take(takes[0].take.id, "sharper")
    bench.model.erase(line, "blurred")
    await eventually(lambda: bench.errors)
    assert [type(error) for error in bench.errors] == [ErasureRefusedError]
    assert f"{bench.set_aside}.age" in room.vault.names()


async def test_the_header_says_how_many_and_by_which_key(qtbot: QtBot) -> None:
    header = VisitHeader()
    qtbot.addWidget(header)
    button = header.findChild(QPushButton, "stay-behind")
    assert button is not None
    assert button.isHidden()
    header.show_asides(2)
    assert (button.text(), button.shortcut().toString()) == ("2 set aside…", "Ctrl+Shift+B")
    assert button.accessibleName() == "2 pictures set aside or removed"
    header.show_asides(0)
    assert button.isHidden()
