"""The program's event loop for whatever runs it without its windows: benchmarks, the night."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from haut_desktop.app import make_application, make_loop
from haut_desktop.desktop.garbage import garbage_on_main_thread


@contextmanager
def qt_runner() -> Iterator[asyncio.Runner]:
    """Give a runner on Qt's loop; garbage is collected on this thread only, as in the program.

    Else a worker's thread may destroy what belongs to Qt, and the process crashes.
    """
    application = make_application()
    with (
        garbage_on_main_thread(),
        asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner,
    ):
        yield runner
