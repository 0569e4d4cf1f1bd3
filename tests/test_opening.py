"""Opening a station: a damaged record comes back from the vault, with a word about it."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QDialog, QMessageBox

from haut_desktop import opening
from haut_desktop.app import make_application
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import KeyringLockedError
from haut_desktop.opening import StationOpener, rebuilt_notice
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import AppPaths
from haut_desktop.store.keys import KeyChest, RecoveryPassphrase
from haut_desktop.viewmodels.first_start import SetUp
from haut_desktop.widgets.first_start_dialog import FirstStartDialog
from tests.fakes.keyring import FakeSecrets
from tests.services.rooms import open_room
from tests.waiting import emitted


async def test_a_damaged_record_is_moved_aside_and_rebuilt_at_the_start(
    tmp_path: Path, qapp: QApplication
) -> None:
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.station.aclose()
        path = room.station.folder / "station.db"
        path.write_bytes(bytes(path.stat().st_size))
        opener = StationOpener(
            AppPaths(tmp_path),
            clock=system_clock,
            tasks=TaskScope("test", lambda _error: None),
            ask=_nobody,
            secrets=room.secrets,
        )
        station = await opener._open(room.station.folder, room.secrets, None)
        assert len(await station.pictures.sealed()) == 3
        await station.aclose()
    assert opener.rebuilt is not None
    assert opener.rebuilt.moved_to is not None
    notice = rebuilt_notice(opener.rebuilt)
    assert "3 pictures" in notice.message
    assert "the audit trail so far" in notice.message


async def _nobody(dialog: QDialog) -> bool:
    dialog.deleteLater()
    return False


async def test_a_first_start_that_broke_off_is_gone_through_again(
    tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "storage_problem", lambda _folder: "")
    paths, secrets = AppPaths(tmp_path), FakeSecrets()
    paths.station.mkdir(parents=True)
    KeyChest(paths.station, secrets).create(RecoveryPassphrase("on a lost sheet of paper"))
    asked: list[QDialog] = []

    async def leave(dialog: QDialog) -> bool:
        asked.append(dialog)
        dialog.deleteLater()
        return False

    tasks = TaskScope("test", lambda _error: None)
    opener = StationOpener(paths, clock=system_clock, tasks=tasks, ask=leave, secrets=secrets)
    assert await opener.open_for_study() is None
    assert [type(dialog) for dialog in asked] == [FirstStartDialog]
    await tasks.aclose()


async def test_why_no_station_was_made_is_told_to_whoever_closed_the_window_meanwhile(
    tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "storage_problem", lambda _folder: "")
    make_application()  # which does not end with a window
    secrets = FakeSecrets(trouble=KeyringLockedError)
    told: list[str] = []

    async def leave_while_it_is_made(dialog: QDialog) -> bool:
        if isinstance(dialog, FirstStartDialog):
            dialog.open()
            dialog._view_model.create(SetUp("B01", "Europe/Berlin", "Capture 1", recovery="words"))
            async with emitted(dialog.rejected):
                dialog.reject()
        elif isinstance(dialog, QMessageBox):
            told.extend((dialog.text(), dialog.informativeText()))
        dialog.deleteLater()
        return False

    tasks = TaskScope("test", lambda _error: None)
    opener = StationOpener(
        AppPaths(tmp_path), clock=system_clock, tasks=tasks, ask=leave_while_it_is_made,
        secrets=secrets,
    )  # fmt: skip
    assert await opener.open_for_study() is None
    assert told == [KeyringLockedError().title, KeyringLockedError().message]
    await tasks.aclose()
