"""The viewer: zoom, place, masks on the right pixels, captured beside predicted."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from haut_desktop.viewmodels.results import Sight
from haut_desktop.viewmodels.results_picture import layers
from haut_desktop.widgets.viewer import CANVAS, PictureViewer
from tests.viewmodels.findings import make_findings, make_result, square

_GREY = QColor("#808080")


@pytest.fixture
def viewer(qtbot: QtBot) -> PictureViewer:
    made = PictureViewer()
    qtbot.addWidget(made)
    made.resize(400, 500)
    made.show()
    return made


def _picture(colour: str = "#808080") -> QImage:
    image = QImage(80, 100, QImage.Format.Format_RGB32)
    image.fill(QColor(colour))
    return image


def _sight() -> Sight:
    visit = make_findings(make_result(masks=(square(),)))
    return Sight(_picture(), "key", layers(visit.masks, visit.pictures[0]))


def _colour(viewer: PictureViewer, x: int, y: int) -> QColor:
    return viewer.grab().toImage().pixelColor(x, y)


def test_a_picture_fits_at_first(viewer: PictureViewer) -> None:
    viewer.show_sight(_sight())
    assert viewer.zoom == pytest.approx(5.0)
    assert _colour(viewer, 200, 250) == _GREY


def test_keys_zoom_and_fit_again(viewer: PictureViewer) -> None:
    viewer.show_sight(_sight())
    QTest.keyClick(viewer, Qt.Key.Key_Plus)
    assert viewer.zoom == pytest.approx(6.25)
    QTest.keyClick(viewer, Qt.Key.Key_1)
    assert viewer.zoom == pytest.approx(1.0)
    QTest.keyClick(viewer, Qt.Key.Key_0)
    assert viewer.zoom == pytest.approx(5.0)


def test_a_picture_smaller_than_the_canvas_lies_on_dark(viewer: PictureViewer) -> None:
    viewer.show_sight(_sight())
    QTest.keyClick(viewer, Qt.Key.Key_Minus)
    assert _colour(viewer, 5, 250) == QColor(CANVAS)


def test_zoom_and_place_wait_for_a_picture_that_is_coming(viewer: PictureViewer) -> None:
    viewer.show_sight(_sight())
    QTest.keyClick(viewer, Qt.Key.Key_Plus)
    QTest.keyClick(viewer, Qt.Key.Key_Plus)
    place = viewer._offset
    viewer.show_sight(Sight(None, "next", is_coming=True), "Fetching the picture…")
    assert _colour(viewer, 5, 5) == QColor(CANVAS)
    viewer.resize(401, 500)
    viewer.show_sight(_sight())
    assert viewer.zoom == pytest.approx(7.8125)
    assert viewer._offset == place


def test_the_wheel_zooms_about_the_pointer(viewer: PictureViewer) -> None:
    viewer.show_sight(_sight())
    at = QPointF(50, 50)
    wheel = QWheelEvent(
        at, viewer.mapToGlobal(at), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(viewer, wheel)
    assert viewer.zoom == pytest.approx(6.25)


def test_a_mask_lies_where_its_shape_says(viewer: PictureViewer) -> None:
    sight = _sight()
    viewer.show_sight(sight)
    viewer.show_layers(frozenset({sight.layers[0].id}))
    viewer.set_opacity(1.0)
    assert _colour(viewer, 100, 100) == QColor(sight.layers[0].colour)
    assert _colour(viewer, 300, 400) == _GREY


def test_a_mask_that_is_switched_off_is_not_drawn(viewer: PictureViewer) -> None:
    viewer.show_sight(_sight())
    viewer.show_layers(frozenset())
    assert _colour(viewer, 100, 100) == _GREY


def test_opacity_lets_the_skin_through(viewer: PictureViewer) -> None:
    sight = _sight()
    viewer.show_sight(sight)
    viewer.show_layers(frozenset({sight.layers[0].id}))
    viewer.set_opacity(0.5)
    assert _colour(viewer, 100, 100) not in (_GREY, QColor(sight.layers[0].colour))


def test_captured_lies_left_of_the_line_and_predicted_right(viewer: PictureViewer) -> None:
    viewer.show_sight(Sight(_picture("#00ff00"), "key", before=_picture("#0000ff")))
    assert _colour(viewer, 50, 300) == QColor("#0000ff")
    assert _colour(viewer, 350, 300) == QColor("#00ff00")


def test_dragging_moves_a_zoomed_picture_but_never_out_of_sight(viewer: PictureViewer) -> None:
    viewer.show_sight(_sight())
    QTest.keyClick(viewer, Qt.Key.Key_Plus)
    QTest.mousePress(viewer, Qt.MouseButton.LeftButton, pos=QPoint(200, 250))
    QTest.mouseMove(viewer, QPoint(1200, 250))
    QTest.mouseRelease(viewer, Qt.MouseButton.LeftButton, pos=QPoint(1200, 250))
    assert _colour(viewer, 2, 250) == _GREY
