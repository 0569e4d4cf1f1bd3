"""Garbage: collected on the main thread only, where Qt's objects live.

Python's collector runs in whichever thread allocates next. A widget or timer that is part of a
cycle would then be destroyed in a worker's thread, while Qt still delivers events to it: the
process crashes, much later and elsewhere.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import QTimer

_EVERY_MS: Final = 500
"""Cycles may wait: nobody needs their memory within half a second."""


@contextmanager
def garbage_on_main_thread() -> Iterator[None]:
    """Collect by a timer of the main thread while the block lasts, and no other way."""
    was_enabled = gc.isenabled()
    gc.disable()
    timer = QTimer(interval=_EVERY_MS)
    timer.timeout.connect(collect_what_is_due)
    timer.start()
    try:
        yield
    finally:
        timer.stop()
        timer.deleteLater()
        if was_enabled:
            gc.enable()


def collect_what_is_due() -> None:
    """Collect the oldest generation whose time has come by the collector's own thresholds."""
    counts, thresholds = gc.get_count(), gc.get_threshold()
    for generation in (2, 1, 0):
        if counts[generation] > thresholds[generation] > 0:
            gc.collect(generation)
            return
