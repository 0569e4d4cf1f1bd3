"""Icons are drawn from the resources; one that is missing is an error and no more."""

import pytest
from pytestqt.qtbot import QtBot

from haut_desktop.widgets.icons import icon_pixmap


def test_a_missing_icon_is_an_error_that_leaves_the_process_alive(qtbot: QtBot) -> None:
    with pytest.raises(FileNotFoundError):
        icon_pixmap("no-such-icon", "#000000")
    assert not icon_pixmap("outbox", "#000000").isNull()
