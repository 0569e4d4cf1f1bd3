"""The spool on the screen: the words of the moment, each picture for itself, what became of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from haut_desktop.domain.errors import DiskFullError, HautError, VaultError
from haut_desktop.domain.ids import OriginalId
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.intake import Source
from haut_desktop.services.spooling import Drained, Spooled, SpoolIntake
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.sealing import new_identity, recipient_of
from haut_desktop.store.spool import Spool
from haut_desktop.viewmodels.notices import Weight
from haut_desktop.viewmodels.spool import SpoolState, SpoolViewModel, drained_notice
from tests.fakes.clock import FakeClock
from tests.photographs import marked
from tests.waiting import eventually


class Intake(SpoolIntake):
    """The real intake behind a gate, with errors where a test wants them."""

    gate = asyncio.Event()
    error: BaseException | None = None

    async def take_in(self, source: Source, words: "object") -> Spooled:
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return await super().take_in(source, words)  # type: ignore[arg-type]


@pytest.fixture
async def tasks(qapp: QApplication) -> AsyncIterator[TaskScope]:
    scope = TaskScope("test", lambda error: pytest.fail(str(error)))
    yield scope
    await scope.aclose()


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    made = Intake(
        Spool(tmp_path / "spool", recipient_of(new_identity()), FakeClock()), DiskSpace(tmp_path)
    )
    made.gate = asyncio.Event()
    made.gate.set()
    return made


def card(tmp_path: Path, *names: str) -> tuple[Path, ...]:
    """A folder of pictures, as a camera's card has them."""
    folder = tmp_path / "card"
    folder.mkdir(exist_ok=True)
    paths = tuple(folder / name for name in names)
    for number, path in enumerate(paths):
        path.write_bytes(marked(number))
    return paths


async def test_the_words_of_the_moment_of_the_drop_count(
    intake: Intake, tasks: TaskScope, tmp_path: Path
) -> None:
    model = SpoolViewModel(intake, tasks)
    front, left = card(tmp_path, "front.jpg", "left.jpg")
    intake.gate.clear()
    model.code, model.visit = " B-007 ", "Baseline"
    model.take_in((front,))
    model.code, model.visit = "B-008", ""
    model.take_in((left,))
    intake.gate.set()
    await eventually(lambda: not model.state.is_going)
    assert [(line.name, line.whose) for line in model.state.lines] == [
        ("front.jpg", "B-007 · Baseline"),
        ("left.jpg", "B-008"),
    ]


async def test_what_is_dropped_as_the_last_one_ends_is_waited_for(
    intake: Intake, tasks: TaskScope, tmp_path: Path
) -> None:
    model = SpoolViewModel(intake, tasks)
    front, left = card(tmp_path, "front.jpg", "left.jpg")
    said_done: list[int] = []

    def drop_another(state: SpoolState) -> None:
        if state.is_going and len(state.lines) == state.total == 1:
            model.take_in((left,))
        if not state.is_going:
            said_done.append(len(state.lines))

    model.changed.connect(drop_another)
    model.take_in((front,))
    await eventually(lambda: len(model.state.lines) == 2)
    await eventually(lambda: said_done == [2])


async def test_a_folder_is_counted_picture_by_picture_and_named_afterwards(
    intake: Intake, tasks: TaskScope, tmp_path: Path
) -> None:
    model = SpoolViewModel(intake, tasks)
    (front, _left) = card(tmp_path, "front.jpg", "left.jpg")
    model.take_in((front.parent, tmp_path / "gone.jpg"))
    await eventually(lambda: not model.state.is_going)
    assert (model.state.done, model.state.total) == (3, 3)
    assert [line.whose for line in model.state.lines] == ["no subject typed"] * 2
    assert [line.name for line in model.state.rejected] == ["gone.jpg"]
    model.code = "B-007"
    model.rename([model.state.lines[1].id])
    await eventually(lambda: model.state.lines[1].whose == "B-007")
    assert model.state.lines[0].whose == "no subject typed"
    again = SpoolViewModel(intake, tasks)
    await again.count_earlier()
    assert again.state.earlier_words == "2 pictures from an earlier time wait as well."


async def test_a_full_disk_is_told_for_each_picture(
    intake: Intake, tasks: TaskScope, tmp_path: Path
) -> None:
    model = SpoolViewModel(intake, tasks)
    intake.error = DiskFullError()
    model.take_in(card(tmp_path, "front.jpg", "left.jpg"))
    await eventually(lambda: not model.state.is_going)
    assert [line.title for line in model.state.rejected] == ["The disk is full"] * 2
    assert model.state.heading == "Nothing sealed yet"


async def test_a_fault_leaves_no_dialog_that_never_closes(
    intake: Intake, tasks: TaskScope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[object] = []
    monkeypatch.setattr("sys.excepthook", lambda *fault: faults.append(fault[0]))
    model = SpoolViewModel(intake, tasks)
    intake.error = ZeroDivisionError()
    model.take_in(card(tmp_path, "front.jpg"))
    await eventually(lambda: faults == [ZeroDivisionError])
    assert not model.state.is_going


_A, _B = OriginalId("a"), OriginalId("b")
_KEPT: tuple[tuple[str, HautError], ...] = (("c.age", VaultError("It is damaged.")),)


@pytest.mark.parametrize(
    ("drained", "words", "weight"),
    (
        (Drained((_A,)), "1 picture waits in the outbox for you to say whose it is", Weight.WARN),
        (Drained((_A, _B)), "2 pictures wait in the outbox", Weight.WARN),
        (Drained(known=2), "2 pictures were in the record already", Weight.INFO),
        (Drained((_A,), 1, _KEPT), "1 picture stays sealed where it is", Weight.BAD),
        (Drained(kept=_KEPT), "It is damaged.", Weight.BAD),
    ),
)
def test_what_became_of_them_is_told(drained: Drained, words: str, weight: Weight) -> None:
    notice = drained_notice(drained)
    assert notice is not None
    assert words in notice.message
    assert notice.weight is weight


def test_nothing_is_told_of_nothing() -> None:
    assert drained_notice(Drained()) is None
