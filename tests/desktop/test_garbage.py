"""Cycles with Qt's objects in them are collected on the main thread, whatever threads do."""

import gc
import threading
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from haut_desktop.desktop.garbage import collect_what_is_due, garbage_on_main_thread
from tests.waiting import eventually


class Knot(QObject):
    """A Qt object that only the collector can take down; it notes where that happens."""

    died_on: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__()
        self.itself = self
        weakref.finalize(self, _note_death)


def _note_death() -> None:
    Knot.died_on.append(threading.current_thread().name)


def allocate_a_lot() -> list[list[int]]:
    """Make so many containers that the collector would come by."""
    return [[number] for number in range(200_000)]


@pytest.fixture(autouse=True)
def _collector() -> Iterator[None]:
    """The collector as it is in a program that does nothing about it."""
    gc.collect()
    Knot.died_on.clear()
    gc.enable()
    yield
    gc.disable()


async def test_a_worker_that_allocates_takes_no_widget_down(qapp: QApplication) -> None:
    with garbage_on_main_thread(), ThreadPoolExecutor(1, thread_name_prefix="worker") as workers:
        Knot()
        kept = workers.submit(allocate_a_lot).result()
        assert Knot.died_on == []
        collected: list[None] = []
        gc.callbacks.append(
            lambda phase, _info: collected.append(None) if phase == "stop" else None
        )
        try:
            await eventually(lambda: collected)
        finally:
            gc.callbacks.pop()
        gc.collect()
    assert kept
    assert Knot.died_on == [threading.main_thread().name]


def test_without_it_a_worker_does_take_a_widget_down(qapp: QApplication) -> None:
    with ThreadPoolExecutor(1, thread_name_prefix="worker") as workers:
        Knot()
        assert workers.submit(allocate_a_lot).result()
    assert [name.partition("_")[0] for name in Knot.died_on] == ["worker"]


def test_what_was_on_is_on_again(qapp: QApplication) -> None:
    before = gc.isenabled()
    with garbage_on_main_thread():
        assert not gc.isenabled()
    assert gc.isenabled() is before


def test_nothing_is_collected_before_its_time() -> None:
    gc.collect()
    runs: list[str] = []
    gc.callbacks.append(lambda phase, _info: runs.append(phase))
    try:
        collect_what_is_due()
    finally:
        gc.callbacks.pop()
    assert runs == []
