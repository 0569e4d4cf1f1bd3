"""Files that were not taken in: the list is always of the visit that is shown."""

from PySide6.QtWidgets import QListWidget
from pytestqt.qtbot import QtBot

from haut_desktop.viewmodels.capture_words import Rejected
from haut_desktop.widgets.rejected_list import RejectedList
from haut_desktop.widgets.theme import Appearance


def test_another_visits_list_is_shown_in_place_of_the_one_before(
    qtbot: QtBot, appearance: Appearance
) -> None:
    shown = RejectedList()
    qtbot.addWidget(shown)
    one, two, three = (Rejected(f"{n}.pdf", "Not taken in", "No picture.") for n in (1, 2, 3))
    found = shown.findChild(QListWidget)
    assert found is not None
    for rejected in ((one,), (one, two), (three, two), (three,), ()):
        shown.show_rejected(rejected)
        names = [found.item(row).text()[0] for row in range(found.count())]
        assert names == [line.name[0] for line in rejected]
