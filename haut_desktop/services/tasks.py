"""The one way to start a task: with an owner, a name, and somebody who hears of its failure."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from haut_desktop.domain.errors import HautError, UserCancelled

T = TypeVar("T")


class TaskScope:
    """Owns the tasks started in it: keeps them alive, reports their errors, ends them together."""

    def __init__(self, name: str, report: Callable[[HautError], None]) -> None:
        self._name = name
        self._report = report
        self._tasks: set[asyncio.Task[Any]] = set()
        self._children: set[TaskScope] = set()
        self._on_closed: Callable[[TaskScope], None] = _forget
        self._is_closed = False

    @property
    def name(self) -> str:
        """Path of names from the root scope, e.g. ``app/capture``."""
        return self._name

    def start(self, coroutine: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Run ``coroutine``; its error goes to ``report`` or to ``sys.excepthook`` at once.

        In a closed scope it is cancelled before its first step.
        """
        task = asyncio.get_running_loop().create_task(coroutine, name=f"{self._name}/{name}")
        self._tasks.add(task)
        task.add_done_callback(self._on_task_done)
        if self._is_closed:
            task.cancel()
        return task

    def child(self, name: str) -> "TaskScope":
        """Make a scope that is closed at the latest together with this one."""
        scope = TaskScope(f"{self._name}/{name}", self._report)
        scope._on_closed = self._children.discard
        self._children.add(scope)
        if self._is_closed:
            scope.cancel()
        return scope

    def cancel(self) -> None:
        """Take no more tasks and ask all running ones but the caller's to stop, without waiting.

        For places that cannot await, such as a window's close event; the parent waits.
        """
        self._is_closed = True
        for child in tuple(self._children):
            child.cancel()
        for task in self.running():
            task.cancel()

    async def aclose(self) -> None:
        """Cancel everything that runs here and below but the caller's task, and wait for its end.

        Tasks that were started while others ended are waited for as well.
        """
        self.cancel()
        while running := self.running():
            await asyncio.wait(running)
        self._on_closed(self)

    def running(self) -> list[asyncio.Task[Any]]:
        """Tasks of this scope and its children that have not ended, without the caller's own."""
        found = [task for task in self._tasks if not task.done()]
        for child in self._children:
            found.extend(child.running())
        current = _current_task()
        return [task for task in found if task is not current]

    def _on_task_done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, HautError):
            self._report(error)
        elif error is not None and not isinstance(error, UserCancelled):
            sys.excepthook(type(error), error, error.__traceback__)


def _forget(_scope: TaskScope) -> None:
    """End a scope that has no parent."""


def _current_task() -> asyncio.Task[Any] | None:
    """Say which task calls; none where no loop runs, as in a window that closes after the end."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
