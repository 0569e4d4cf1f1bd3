"""Logs: a few files on this computer, with ids and nothing that names a person or a file."""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Final

_LARGEST_BYTES: Final = 1_000_000
_KEPT: Final = 5
_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"

_log = logging.getLogger("haut_desktop")


def open_logs(folder: Path) -> logging.Handler:
    """Write the program's own records to ``folder``; libraries write from WARNING on."""
    folder.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        folder / "haut-desktop.log", maxBytes=_LARGEST_BYTES, backupCount=_KEPT, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    root.addHandler(handler)
    _log.setLevel(logging.INFO)
    return handler


def close_logs(handler: logging.Handler) -> None:
    """Close what ``open_logs`` opened."""
    logging.getLogger().removeHandler(handler)
    handler.close()


def report_faults(tell: Callable[[], None], loop: asyncio.AbstractEventLoop) -> None:
    """Log every error that nobody caught, by its kind and place, and ``tell`` the user once each.

    The error's own words stay out of the log, and so does what a callback of ``loop`` was given:
    they may quote what was typed or dropped. A thread's error is logged only, and so is a
    connection that broke under ``loop`` itself: Windows raises that where a reset socket is closed.
    """

    def on_fault(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        _log_fault(kind, trace)
        tell()

    def on_loop_fault(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, ConnectionError):
            _log_fault(type(error), error.__traceback__)
        elif isinstance(error, BaseException):
            on_fault(type(error), error, error.__traceback__)
        else:
            _log.error("the event loop is in trouble")

    sys.excepthook = on_fault
    threading.excepthook = lambda fault: _log_fault(fault.exc_type, fault.exc_traceback)
    loop.set_exception_handler(on_loop_fault)


def _log_fault(kind: type[BaseException], trace: TracebackType | None) -> None:
    _log.error("fault %s at %s", kind.__name__, _place(trace))


def _place(trace: TracebackType | None) -> str:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(places))
