"""Logs: a few files on this computer, with ids and nothing that names a person or a file."""

import logging
import sys
from collections.abc import Callable
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Final

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


def report_faults(tell: Callable[[], None]) -> None:
    """Log every error that nobody caught, by its kind and place, and ``tell`` the user once each.

    The error's own words stay out of the log: they may quote what was typed or dropped.
    """

    def on_fault(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        _log.error("fault %s at %s", kind.__name__, _place(trace))
        tell()

    sys.excepthook = on_fault


def _place(trace: TracebackType | None) -> str:
    places = []
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{Path(code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " < ".join(reversed(places))
