"""Sign-in: what is wrong is said in words, and nothing typed is lost."""

import subprocess
import sys
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLineEdit, QPushButton, QScrollArea
from pytestqt.qtbot import QtBot

from haut_desktop.domain.errors import (
    HautError,
    MfaAccountError,
    SignInRefusedError,
    TooManyRequestsError,
    UnreachableError,
)
from haut_desktop.services.session import Session
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.sign_in import PracticeAccount, SignInViewModel, Way
from haut_desktop.widgets.sign_in_dialog import SignInDialog
from haut_desktop.widgets.theme import Appearance
from tests.fakes.screens import FakeSession
from tests.waiting import emitted, eventually

SERVER = "https://platform.example"


def make_sign_in(
    qtbot: QtBot, tasks: TaskScope, *, accounts: tuple[PracticeAccount, ...] = ()
) -> tuple[SignInDialog, FakeSession]:
    session = FakeSession()
    model = SignInViewModel(
        cast(Session, session), tasks, server=SERVER, practice_accounts=accounts
    )
    dialog = SignInDialog(model)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog, session


def edit(dialog: SignInDialog, name: str) -> QLineEdit:
    found = dialog.findChild(QLineEdit, name)
    assert found is not None
    return found


def type_in(dialog: SignInDialog, secret: str) -> None:
    QTest.keyClicks(edit(dialog, "username"), "someone@clinic.example")
    QTest.keyClicks(edit(dialog, "password"), secret)


async def test_enter_signs_in(qtbot: QtBot, appearance: Appearance, tasks: TaskScope) -> None:
    dialog, session = make_sign_in(qtbot, tasks)
    type_in(dialog, "right")
    async with emitted(dialog.accepted):
        QTest.keyClick(edit(dialog, "password"), Qt.Key.Key_Return)
    assert session.tried == [(SERVER, "someone@clinic.example")]
    assert dialog.result() == QDialog.DialogCode.Accepted


async def test_one_types_the_e_mail_at_once(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, _ = make_sign_in(qtbot, tasks)
    assert dialog.focusWidget() is edit(dialog, "username")


@pytest.mark.parametrize(
    ("error", "words"),
    (
        (SignInRefusedError(), "The e-mail or the password is not right"),
        (MfaAccountError(), "Private token"),
        (UnreachableError(), "can't be reached"),
        (TooManyRequestsError(300.0), "Wait 5 min and try again"),
        (TooManyRequestsError(), "Wait a few minutes"),
    ),
)
async def test_what_is_wrong_is_said_and_nothing_typed_is_lost(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, error: HautError, words: str
) -> None:
    dialog, session = make_sign_in(qtbot, tasks)
    session.error = error
    type_in(dialog, "wrong")
    dialog._sign_in.click()
    await eventually(lambda: dialog._problem.text)
    assert words in dialog._problem.text
    assert edit(dialog, "username").text() == "someone@clinic.example"
    assert edit(dialog, "password").text() == "wrong"


async def test_a_second_try_is_not_started_while_one_is_under_way(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, session = make_sign_in(qtbot, tasks)
    session.gate.clear()
    type_in(dialog, "right")
    dialog._sign_in.click()
    dialog._on_sign_in_clicked()
    await eventually(lambda: session.tried)
    assert not dialog._sign_in.isEnabled()
    session.gate.set()
    await eventually(lambda: not dialog.isVisible())
    assert len(session.tried) == 1


async def test_a_private_token_needs_no_e_mail(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, session = make_sign_in(qtbot, tasks)
    dialog._way.take(Way.TOKEN)
    QTest.keyClicks(edit(dialog, "token"), "right")
    dialog._sign_in.click()
    await eventually(lambda: session.tried == [(SERVER, "token")])
    await eventually(lambda: not dialog.isVisible())


async def test_a_practice_account_fills_in_with_one_key(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    account = PracticeAccount("technician@practice.example", "right", "technician")
    dialog, _ = make_sign_in(qtbot, tasks, accounts=(account,))
    button = dialog.findChild(QPushButton, "practice-account-1")
    assert button is not None
    button.click()
    assert edit(dialog, "username").text() == "technician@practice.example"
    assert dialog._sign_in.isEnabled()


async def test_practice_is_asked_for(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, _ = make_sign_in(qtbot, tasks)
    async with emitted(dialog._view_model.practice_requested):
        dialog._practice.click()


async def test_the_server_is_under_advanced(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, _ = make_sign_in(qtbot, tasks)
    assert not edit(dialog, "server").isVisible()
    dialog._advanced.click()
    assert edit(dialog, "server").text() == SERVER
    assert edit(dialog, "server").isVisible()


@pytest.mark.parametrize(
    "typed", ["not a server", "https://host:port", "https://host:99999", "ftp://host", "https://"]
)
async def test_what_is_no_address_is_said_at_its_field(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, typed: str
) -> None:
    dialog, session = make_sign_in(qtbot, tasks)
    type_in(dialog, "right")
    edit(dialog, "server").setText(typed)
    QTest.keyClick(edit(dialog, "password"), Qt.Key.Key_Return)
    assert "no address of a server" in edit(dialog, "server").accessibleDescription()
    assert edit(dialog, "server").isVisible()
    assert session.tried == []


@pytest.mark.parametrize("typed", ["http://saas.haut.ai", "http://10.0.0.5:8000/", "HTTP://other"])
async def test_no_password_goes_to_another_computer_in_the_clear(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope, typed: str
) -> None:
    dialog, session = make_sign_in(qtbot, tasks)
    type_in(dialog, "right")
    edit(dialog, "server").setText(typed)
    QTest.keyClick(edit(dialog, "password"), Qt.Key.Key_Return)
    assert "https://" in edit(dialog, "server").accessibleDescription()
    assert "read on its way" in edit(dialog, "server").accessibleDescription()
    assert session.tried == []


async def test_an_address_without_a_scheme_is_a_safe_one(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    dialog, session = make_sign_in(qtbot, tasks)
    type_in(dialog, "right")
    edit(dialog, "server").setText(" other.example:8443/ ")
    async with emitted(dialog.accepted):
        QTest.keyClick(edit(dialog, "password"), Qt.Key.Key_Return)
    assert session.tried == [("https://other.example:8443", "someone@clinic.example")]


def test_the_first_window_imports_no_heavy_library() -> None:
    heavy = "numpy cv2 PIL pyqtgraph msgspec keyring httpx sqlcipher3"
    program = (
        "import sys, haut_desktop.widgets.sign_in_dialog, haut_desktop.widgets.theme; "
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert answer.stdout.decode().strip() == "[]"


async def test_accounts_to_pick_fit_beside_the_cover(
    qtbot: QtBot, appearance: Appearance, tasks: TaskScope
) -> None:
    names = ("technician", "second-factor")
    accounts = tuple(
        PracticeAccount(f"{name}@practice.example", "secret", "technician", has_mfa=True)
        for name in names
    )
    dialog, _ = make_sign_in(qtbot, tasks, accounts=accounts)
    bars = [area.horizontalScrollBar() for area in dialog.findChildren(QScrollArea)]
    assert bars
    assert not [bar for bar in bars if bar.maximum()]
