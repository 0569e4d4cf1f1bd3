"""The look that the operator chose, kept from one start to the next."""

import re
from pathlib import Path

from PySide6.QtWidgets import QApplication

from haut_desktop import widgets
from haut_desktop.widgets.theme import Appearance, Scheme, SchemeFile

_BOLDER_THAN_SHIPPED = re.compile(r"setBold\(|\bBold\b|font-weight: *(?:bold|[789]00)")
"""Inter is shipped up to 600: of a bolder one Qt smears the strokes."""


def test_a_chosen_scheme_is_there_at_the_next_start(qapp: QApplication, tmp_path: Path) -> None:
    kept = SchemeFile(tmp_path / "new folder" / "colours.txt")
    assert kept.read() is Scheme.SYSTEM
    appearance = Appearance(qapp, kept.read())
    appearance.scheme_changed.connect(kept.write)
    appearance.choose(Scheme.DARK)
    assert SchemeFile(tmp_path / "new folder" / "colours.txt").read() is Scheme.DARK
    appearance.choose(Scheme.LIGHT)
    assert kept.read() is Scheme.LIGHT
    appearance.deleteLater()


def test_an_unreadable_choice_is_none(tmp_path: Path) -> None:
    path = tmp_path / "colours.txt"
    path.write_text("purple", "utf-8")
    assert SchemeFile(path).read() is Scheme.SYSTEM


def test_a_folder_that_takes_nothing_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    SchemeFile(blocked / "colours.txt").write(Scheme.DARK)
    assert SchemeFile(blocked / "colours.txt").read() is Scheme.SYSTEM


def test_nobody_asks_for_a_weight_that_is_not_shipped() -> None:
    sources = Path(widgets.__file__).parent.glob("*.py")
    assert [p.name for p in sources if _BOLDER_THAN_SHIPPED.search(p.read_text("utf-8"))] == []
