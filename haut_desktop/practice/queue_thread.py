"""A thread of its own that works off a queue in the records."""

import threading
from abc import ABC, abstractmethod


class QueueThread(ABC):
    """Works until it is stopped; what waits then stays in the records for the next start."""

    def __init__(self, name: str) -> None:
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something may have been queued, or is done."""
        with self._changed:
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop after the piece of work at hand."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    @abstractmethod
    def _run(self) -> None:
        """Do what is queued until ``_is_stopping``."""
