"""The program as a process of its own on a station that has much to tell; prints what it took.

One line of JSON: when the window could be used, seconds for the outbox page and for a claim, and
the memory held.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any, Final

from PySide6.QtWidgets import QAbstractItemView

from haut_desktop.app import Mode, Program, make_application, make_loop
from haut_desktop.domain.delivery import ImageEvent
from haut_desktop.settings import app_paths
from haut_desktop.shell import Shell
from haut_desktop.widgets.rail import Place
from haut_desktop.workplace import Workplace
from tests.benchmarks.table import median
from tests.waiting import eventually

CLAIMS: Final = 45
_LOOK: Final = "interrupted intake"
"""The name of the start's task that looks for files without a row."""
_LIMIT: Final = 3
"""As many batches as the delivery starts at once."""


def main() -> int:
    """Start the program as a user does, measure, close it."""
    application = make_application()
    with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
        runner.run(_measure(Program(application, paths=app_paths(), mode=Mode.STUDY)))
    return 0


async def _measure(program: Program) -> None:
    running = asyncio.ensure_future(program.run())
    shell = await eventually(lambda: program.shell, deadline_s=120)
    assert shell is not None
    await _until_shown(shell)
    ready_at = time.monotonic()
    await _let_sending_end(shell.work)
    page_s = await _open_outbox(shell)
    found = {
        "ready_at": ready_at,
        "page_s": page_s,
        "early_claim_s": await _claim(shell.work),
        "claim_s": await _claim_afterwards(shell.work),
        "look_claim_s": await _claim_during_look(shell.work),
        "resident_bytes": _resident_bytes(),
    }
    sys.stdout.write(json.dumps(found) + "\n")
    sys.stdout.flush()
    program.request_close()
    await running


async def _let_sending_end(work: Workplace) -> None:
    """Nobody is there to send to; what is measured is not to be disturbed by trying."""
    work.delivery.pause()
    if trying := [task for task in asyncio.all_tasks() if "/deliver-" in task.get_name()]:
        await asyncio.wait(trying)


async def _open_outbox(shell: Shell) -> float:
    """Seconds from going to the page to its first rows, painted."""
    began = time.monotonic()
    shell.window.go(Place.OUTBOX)
    await _until_shown(shell)
    return time.monotonic() - began


async def _until_shown(shell: Shell) -> None:
    """Wait until the page in front lists something and has painted it."""

    def lists_something() -> bool:
        views = shell.window.findChildren(QAbstractItemView)
        return any(view.isVisible() and _rows(view) for view in views)

    await eventually(lists_something, deadline_s=120)
    shell.window.grab()


def _rows(view: QAbstractItemView) -> int:
    model: Any = view.model()
    return model.rowCount() if model is not None else 0


async def _claim(work: Workplace) -> float:
    """Seconds to find what is due and to write down the first picture's claim; the middle one."""
    outbox, account = work.store.outbox, work.session.account
    assert account is not None
    took = []
    for _ in range(CLAIMS):
        began = time.monotonic()
        batch, *_others = await outbox.due_batches(work.clock(), _LIMIT, account.tenant)
        await outbox.move_image(batch.images[0].id, ImageEvent.CLAIM)
        took.append(time.monotonic() - began)
        await outbox.move_image(batch.images[0].id, ImageEvent.RELEASE)
    return median(took)


async def _claim_afterwards(work: Workplace) -> float:
    """Seconds for a claim once the start's look for files without a row is over."""
    if looks := [task for task in asyncio.all_tasks() if _LOOK in task.get_name()]:
        await asyncio.wait(looks)
    return await _claim(work)


async def _claim_during_look(work: Workplace) -> float:
    """Seconds for a claim while the vault is looked through as at a start, again and again."""

    async def look() -> None:
        while True:
            await work.interrupted.settle()

    looking = asyncio.create_task(look())
    try:
        return await _claim(work)
    finally:
        looking.cancel()
        await asyncio.wait((looking,))


def _resident_bytes() -> int:
    """What the process held in memory at its most; 0 where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text("ascii")
    except OSError:
        return 0
    return int(status.partition("VmHWM:")[2].split(maxsplit=1)[0]) * 1024


if __name__ == "__main__":
    sys.exit(main())
