"""Receipts from the window: a folder is chosen, and a visit's proofs lie in it."""

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot

from haut_desktop.domain.delivery import Route
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.widgets.outbox_page import OutboxPage
from tests.e2e.conftest import MakeStudy
from tests.e2e.stations import open_workplace
from tests.e2e.windows import open_shell
from tests.waiting import eventually


async def test_receipts_lie_in_the_folder_that_was_chosen(
    qtbot: QtBot, tmp_path: Path, study_by: MakeStudy, small_pictures: tuple[Path, ...]
) -> None:
    there, folder = study_by(Route.SIGNED), tmp_path / "receipts"
    folder.mkdir()
    async with open_workplace(tmp_path / "station", MemorySecrets()) as station:
        await station.sign_in(there.platform.url)
        study = await station.choose_study(there.name)
        subject = await station.register(study, "B-007")
        visit_id = await station.finish_visit(study, subject, *small_pictures)
        await station.until_delivered()
        shell = await open_shell(station)
        page = shell.window.findChild(OutboxPage)
        assert isinstance(page, OutboxPage)
        page.receipts_wanted.emit(visit_id)
        dialog = await eventually(lambda: shell.window.findChild(QFileDialog))
        assert isinstance(dialog, QFileDialog)
        name = dialog.findChild(QLineEdit, "fileNameEdit")
        assert isinstance(name, QLineEdit)
        name.setText(str(folder))
        dialog.accept()
        await eventually(lambda: shell.notices.current)
        assert shell.notices.current is not None
        assert shell.notices.current.title == "Receipts saved"
        assert str(folder) in shell.notices.current.message
        shell.close()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert not station.errors
    text = (folder / f"{visit_id}.csv").read_text("utf-8-sig")
    assert text.count("store-hash") == len(small_pictures)
    assert (folder / f"{visit_id}.pdf").read_bytes().startswith(b"%PDF")
