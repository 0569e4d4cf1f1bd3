"""Server errors that looks at results met: they keep looks back, and never sending."""

import asyncio

from haut_desktop.services.blame import SERVER_ERRORS_THAT_PAUSE
from haut_desktop.services.pauses import pause, uptime


class ResultsTrouble:
    """A batch that meets a server error waits; after errors of several in a row all looks do.

    Whoever asks has everything looked at at once, but for the time that the server asked for.
    """

    def __init__(self) -> None:
        self._batches: set[str] = set()
        self._due_s = 0.0
        self._asked_due_s = 0.0
        self._woken = asyncio.Event()

    @property
    def due_in_s(self) -> float:
        """Seconds until anything is looked at again; 0 while there is no run of errors."""
        return max(0.0, self._due_s - uptime())

    async def sit_out(self, batch_id: str, wait_s: float, asked_s: float) -> None:
        """Wait after one more error; ``asked_s`` of it are the server's own and wait for nobody."""
        woken, now_s = self._woken, uptime()
        self._batches.add(batch_id)
        if len(self._batches) >= SERVER_ERRORS_THAT_PAUSE:
            self._asked_due_s = max(self._asked_due_s, now_s + asked_s)
            if self._due_s <= now_s:
                self._due_s = now_s + wait_s
            # more errors put a run off no further, but for what the server asks for
            self._due_s = max(self._due_s, self._asked_due_s)
        await asyncio.sleep(asked_s)
        await pause(woken, wait_s - asked_s)

    async def wait(self) -> None:
        """Wait for the end of a run of errors, or until somebody asks."""
        await pause(self._woken, self.due_in_s)

    def end_run(self) -> None:
        """A look succeeded: what met an error waits on, nothing else does."""
        self._batches.clear()
        self._due_s = self._asked_due_s = 0.0

    def wake(self) -> None:
        """Somebody asks: only what the server asked for is still waited for."""
        self._batches.clear()
        self._due_s = min(self._due_s, self._asked_due_s)
        woken, self._woken = self._woken, asyncio.Event()
        woken.set()
