"""A cold start with a locked keyring: pictures are sealed at once, and none of them is lost."""

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QPushButton

from haut_desktop.app import Program
from haut_desktop.domain.errors import KeyringLockedError
from haut_desktop.settings import AppPaths
from haut_desktop.store.spool import SPOOL, Spool, SpoolNote
from haut_desktop.viewmodels.notices import Notice, Weight
from haut_desktop.widgets.sign_in_dialog import SignInDialog
from haut_desktop.widgets.spool_page import SpoolPage
from haut_desktop.widgets.unlock_dialog import UnlockDialog
from tests.e2e.test_early_sign_in import (
    ProgramWith,
    application,
    paths,
    program_with,
    running,
    secrets_of,
    type_credentials,
)
from tests.photographs import marked
from tests.waiting import eventually
from tests.widgets.drops import drop_files

__all__ = ["application", "paths", "program_with"]


async def unlock_dialog(program: Program, *, other_than: QDialog | None = None) -> UnlockDialog:
    """Wait for the dialog that says why the station doesn't open."""

    def shown() -> UnlockDialog | None:
        dialog = program.dialog
        if not isinstance(dialog, UnlockDialog) or dialog is other_than:
            return None
        return dialog if dialog.isVisible() else None

    found = await eventually(shown)
    assert found is not None
    return found


async def spool_page(program: Program) -> tuple[UnlockDialog, SpoolPage]:
    """Wait for the locked start, and go on to take pictures meanwhile."""
    dialog = await unlock_dialog(program)
    click(dialog, "meanwhile")
    page = dialog.findChild(SpoolPage)
    assert page is not None
    return dialog, page


async def notice_of(program: Program) -> Notice:
    """Wait for what is told."""
    found = await eventually(lambda: program.notices.current)
    assert found is not None
    return found


def click(dialog: UnlockDialog, name: str) -> None:
    button = dialog.findChild(QPushButton, name)
    assert button is not None
    assert is_enabled(dialog, name)
    button.click()


def is_enabled(dialog: UnlockDialog, name: str) -> bool:
    button = dialog.findChild(QPushButton, name)
    return button is not None and button.isEnabled()


def write(dialog: UnlockDialog, name: str, text: str) -> None:
    edit = dialog.findChild(QLineEdit, name)
    assert edit is not None
    edit.setText(text)


def listed(dialog: UnlockDialog) -> list[str]:
    found = dialog.findChild(QListWidget, "spool-list")
    assert found is not None
    return [found.item(row).text() for row in range(found.count())]


async def test_pictures_of_a_locked_start_wait_for_a_person_after_the_unlocking(
    program_with: ProgramWith, paths: AppPaths, tmp_path: Path
) -> None:
    pictures = [tmp_path / name for name in ("front.jpg", "left.jpg")]
    for number, path in enumerate(pictures):
        path.write_bytes(marked(number))
    (tmp_path / "letter.pdf").write_bytes(b"%PDF-1.4")
    secrets = secrets_of(KeyringLockedError)
    program = program_with(secrets)
    async with running(program):
        dialog, page = await spool_page(program)
        write(dialog, "spool-code", "B-007")
        write(dialog, "spool-visit", "Baseline")
        assert drop_files(page, *pictures, tmp_path / "letter.pdf")
        await eventually(lambda: len(listed(dialog)) == 2)
        # the keyring is still locked: what was typed and sealed is there all the same
        await eventually(lambda: is_enabled(dialog, "spool-again"))
        click(dialog, "spool-again")
        again = await unlock_dialog(program, other_than=dialog)
        assert listed(again) == ["B-007 · Baseline\nfront.jpg", "B-007 · Baseline\nleft.jpg"]
        code = again.findChild(QLineEdit, "spool-code")
        assert code is not None
        assert code.isVisible()
        assert code.text() == "B-007"
        secrets.trouble = None
        click(again, "spool-again")
        await eventually(lambda: isinstance(program.dialog, SignInDialog))
        notice = await notice_of(program)
        assert notice.weight is Weight.WARN
        assert "2 pictures wait in the outbox for you to say whose they are" in notice.message
        type_credentials(program.dialog)
        shell = await eventually(lambda: program.shell)
        assert shell is not None
        held = await shell.work.store.rebuilt.held_pictures()
        assert [dict(each.claim) for each in held] == [
            {"subject_code": "B-007", "visit": "Baseline"}
        ] * 2
        assert {each.original.file_name for each in held} == {"front.jpg", "left.jpg"}
        assert list((paths.station / SPOOL).iterdir()) == []


async def test_a_window_that_is_closed_while_pictures_are_sealed_seals_them_all(
    program_with: ProgramWith, paths: AppPaths, tmp_path: Path
) -> None:
    (tmp_path / "front.jpg").write_bytes(marked(1))
    secrets = secrets_of(KeyringLockedError)
    program = program_with(secrets)
    async with running(program):
        _, page = await spool_page(program)
        assert drop_files(page, tmp_path / "front.jpg")
        assert not spooled_files(paths)
        program.request_close()
    assert len(spooled_files(paths)) == 2
    # nobody tells of the keyring at the next start: the picture is placed by itself
    secrets.trouble = None
    later = program_with(secrets)
    async with running(later):
        notice = await notice_of(later)
        assert "1 picture waits in the outbox" in notice.message
    assert not spooled_files(paths)


async def test_back_and_another_try_while_pictures_are_sealed_forget_none(
    program_with: ProgramWith, paths: AppPaths, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [tmp_path / f"{number}.jpg" for number in range(3)]
    for number, path in enumerate(pictures):
        path.write_bytes(marked(number))
    gate, seal = threading.Event(), Spool.seal

    def seal_slowly(
        spool: Spool, data: bytes, words: Mapping[str, str], *, file_name: str = ""
    ) -> SpoolNote:
        assert not spooled_files(paths) or gate.wait(20)  # a slow disk, from the second one on
        return seal(spool, data, words, file_name=file_name)

    monkeypatch.setattr(Spool, "seal", seal_slowly)
    secrets = secrets_of(KeyringLockedError)
    program = program_with(secrets)
    async with running(program):
        dialog, page = await spool_page(program)
        assert drop_files(page, *pictures)
        await eventually(lambda: len(listed(dialog)) == 1)
        page.back_wanted.emit()
        assert not is_enabled(dialog, "try-again")
        secrets.trouble = None
        dialog.accept()  # as Enter would where a button is missed
        assert dialog.isVisible()
        gate.set()
        await eventually(lambda: isinstance(program.dialog, SignInDialog))
        assert "3 pictures wait in the outbox" in (await notice_of(program)).message
    assert not spooled_files(paths)


def spooled_files(paths: AppPaths) -> list[Path]:
    folder = paths.station / SPOOL
    return list(folder.iterdir()) if folder.is_dir() else []
