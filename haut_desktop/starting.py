"""Starting the window: one process for each station's folder, and the words when it can't be."""

import asyncio
import logging
import signal
import sys
from typing import Final

from haut_desktop.app import Mode, Program, make_application, make_loop
from haut_desktop.domain.errors import HautError, StationError
from haut_desktop.settings import app_paths
from haut_desktop.viewmodels.notices import Notice, Weight
from haut_desktop.widgets.ask import tell_error

_log = logging.getLogger(__name__)

FAULT: Final = Notice(
    "Something went wrong in the program",
    "What was sealed is safe, and sending goes on. If it happens again, restart the program and "
    "tell your study's support what you did.",
    Weight.BAD,
)
_FOLDER: Final = (
    "This account can't write to it. Nothing was changed; ask your IT to let this account write "
    "there, then start the program again."
)
_ELSEWHERE: Final = (
    "Another program, or another account of this computer, works on this station and does not "
    "answer. Go on there, or close it first; then start the program again. Nothing was changed."
)


def run_window(*, is_practice: bool) -> int:
    """Open the program for a user; returns the exit code. What ends it early is said in a box."""
    mode = Mode.PRACTICE if is_practice else Mode.STUDY
    application = make_application()
    try:
        return _run_alone(mode)
    except HautError as error:
        told = error
    except OSError:
        told = StationError(_FOLDER, title="The station's folder can't be used")
    except Exception:  # noqa: BLE001 - logged already, whatever it is
        told = StationError(FAULT.message, title=FAULT.title)
    with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
        runner.run(tell_error(told))
    return 1


def _run_alone(mode: Mode) -> int:
    """Run as the one process on the folder, or bring the one that is there to the front."""
    from haut_desktop.desktop.instance import SingleInstance
    from haut_desktop.logs import close_logs, open_logs

    paths = app_paths()
    is_practice = mode is Mode.PRACTICE
    instance = SingleInstance(paths.practice_station if is_practice else paths.station)
    if not instance.acquire():
        if instance.knock():
            _tell_terminal("Haut Desktop is open already; its window is in front now.")
            return 0
        raise StationError(_ELSEWHERE, title="Haut Desktop is open already")
    handler = open_logs(paths.logs)
    application = make_application()

    async def work() -> None:
        program = Program(application, paths=paths, mode=mode)
        instance.shown.connect(lambda: bring_to_front(program))
        _heed(program)
        await program.run()

    try:
        with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
            runner.run(work())
    except Exception as error:
        _log.error("ended by %s", type(error).__name__)
        if not isinstance(error, HautError):
            sys.excepthook(type(error), error, error.__traceback__)
        raise
    finally:
        instance.release()
        close_logs(handler)
    return 0


def _tell_terminal(words: str) -> None:
    """Say it where there is a terminal; the windowed program of Windows has no output at all."""
    if sys.stderr is not None:
        sys.stderr.write(f"{words}\n")


def _heed(program: Program) -> None:
    """Tell of faults on the screen, and end in order when the system asks for it."""
    from haut_desktop.logs import report_faults

    loop = asyncio.get_running_loop()
    report_faults(lambda: program.notices.show(FAULT), loop)
    if sys.platform != "win32":
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, program.request_close)


def bring_to_front(program: Program) -> None:
    """Show the program's window, or the dialog that is open, above all others."""
    shown = [program.shell.window if program.shell else None, program.dialog]
    for window in filter(None, shown):
        window.showNormal() if window.isMinimized() else window.show()
        window.raise_()
        window.activateWindow()
        _log.info("brought to the front by a second start")
