"""Unlock: the recovery key is asked for where it helps, and nowhere else."""

import pytest
from pytestqt.qtbot import QtBot

from haut_desktop.domain.errors import (
    DiskFullError,
    HautError,
    KeyringLockedError,
    KeyringStrangerError,
    RecoveryKeyError,
    StoreIOError,
    StoreKeyError,
    StoreNewerError,
)
from haut_desktop.widgets.secret_edit import SecretEdit
from haut_desktop.widgets.unlock_dialog import UnlockDialog


@pytest.mark.parametrize(
    ("error", "helps"),
    [
        (KeyringStrangerError(), True),
        (KeyringLockedError(), True),
        (RecoveryKeyError(), True),
        (StoreKeyError(), False),
        (DiskFullError(), False),
        (StoreIOError(), False),
        (StoreNewerError(), False),
    ],
)
def test_the_recovery_key_is_asked_for_where_it_helps(
    qtbot: QtBot, error: HautError, helps: bool
) -> None:
    dialog = UnlockDialog(error)
    qtbot.addWidget(dialog)
    dialog.show()
    key = dialog.findChild(SecretEdit, "recovery-key")
    assert (key is not None and key.isVisible()) == helps
    assert dialog.recovery_key is None
