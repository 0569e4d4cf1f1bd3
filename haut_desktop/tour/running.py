"""Runs the tour: its own station in its own folder, step by step, everything closed at the end."""

import asyncio
import os
import secrets
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QApplication

from haut_desktop import __version__
from haut_desktop.app import Mode, Program, make_application, make_loop
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.imaging import Side
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import AppPaths
from haut_desktop.store.secrets import MemorySecrets
from haut_desktop.tour import arrival, results, visit
from haut_desktop.tour.address import address_trouble
from haut_desktop.tour.context import LeftOutError, Step, Tour
from haut_desktop.tour.eyes import Eyes, TourError
from haut_desktop.tour.hands import Hands
from haut_desktop.tour.pictures import draw_pictures, given_pictures
from haut_desktop.tour.report import StepReport, TourReport, clear_earlier

STEPS: Final = (*arrival.STEPS, *visit.STEPS, *results.STEPS)

_OWN_CODE: Final = "P-101"
_CLOSING_S: Final = 60.0
_CLOSE: Final = ("close", "The program closes everything in order")


def run_tour(out: Path, *, pictures: Path | None = None, platform: str | None = None) -> int:
    """Do the main job with the real widgets; 0 when every step did what it promises.

    Screenshots, the visit's report and ``tour.json`` go to ``out``. ``pictures`` holds ``front.*``,
    ``left.*``, ``right.*``, any of them; without it they are drawn. ``platform`` is the address of
    a practice platform that is already running; without it the tour starts its own.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        clear_earlier(out)
    except OSError as error:
        sys.stderr.write(f"The tour failed. --out {out} can't be used: {error.strerror}\n")
        return 1
    if platform and (trouble := address_trouble(platform)):
        sys.stderr.write(f"The tour failed. --platform: {trouble}\n")
        return 1
    report = TourReport(f"Haut Desktop {__version__}", started_at=datetime.now(UTC).isoformat())
    report.steps = [StepReport(step.name, step.what) for step in STEPS]
    report.steps.append(StepReport(*_CLOSE))
    began = time.monotonic()
    if not _has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    application = make_application()
    try:
        with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
            runner.run(_tour(application, out, pictures, platform or "", report))
    except (TourError, HautError, OSError) as error:
        report.reason = report.reason or _words(error)
    report.seconds = round(time.monotonic() - began, 1)
    report.ok = not report.reason and all(step.ok for step in report.steps)
    report.write(out)
    if not report.ok:
        sys.stderr.write(f"The tour failed. {report.reason}\n")
    return 0 if report.ok else 1


def _has_display() -> bool:
    return sys.platform != "linux" or not {"DISPLAY", "WAYLAND_DISPLAY"}.isdisjoint(os.environ)


async def _tour(
    application: QApplication, out: Path, folder: Path | None, platform: str, report: TourReport
) -> None:
    with tempfile.TemporaryDirectory(prefix="haut-tour-") as name:
        root = Path(name)
        pictures = await asyncio.to_thread(_pictures, folder, root / "pictures")
        program = Program(
            application,
            paths=AppPaths(root),
            mode=Mode.PRACTICE,
            secrets=MemorySecrets(),
            platform=platform,
        )
        await _with_program(program, out, pictures, platform, report)


def _pictures(given: Path | None, folder: Path) -> dict[Side, Path]:
    return given_pictures(given) if given is not None else draw_pictures(folder)


async def _with_program(
    program: Program, out: Path, pictures: dict[Side, Path], platform: str, report: TourReport
) -> None:
    scope = TaskScope("tour", program.notices.report)
    running = scope.start(program.run(), name="program")
    eyes = Eyes(lambda: _why_ended(running))
    tour = Tour(
        program=program,
        eyes=eyes,
        hands=Hands(eyes),
        out=out,
        pictures=pictures,
        new_code=_OWN_CODE if not platform else f"P-{100_000 + secrets.randbelow(900_000)}",
        is_own_platform=not platform,
        report=report,
    )
    hook, sys.excepthook = sys.excepthook, eyes.on_fault
    try:
        await _do_all(tour, STEPS)
    finally:
        await _close(program, running, report)
        await scope.aclose()
        sys.excepthook = hook


async def _do_all(tour: Tour, steps: Iterable[Step]) -> None:
    """Do one step after the other, up to the first that fails."""
    for number, (step, told) in enumerate(zip(steps, tour.report.steps, strict=False), 1):
        began = time.monotonic()
        told.screenshot = f"{number:02}-{step.name}.png"
        tour.shot = tour.out / told.screenshot
        try:
            await _do(tour, step, told)
        except (TourError, HautError, OSError) as error:
            told.status, told.reason = "failed", _explained(error, tour)
            tour.report.reason = f"Step {step.name}: {told.reason}"
        told.seconds = round(time.monotonic() - began, 2)
        await _photograph(tour, told)
        tour.report.write(tour.out)
        if not told.ok:
            return


async def _do(tour: Tour, step: Step, told: StepReport) -> None:
    try:
        await step.act(tour)
        told.status = "ok"
    except LeftOutError as reason:
        told.status, told.reason = "left out", str(reason)
    told.ok = True


async def _photograph(tour: Tour, told: StepReport) -> None:
    try:
        await tour.show()
    except TourError as error:
        told.screenshot = None
        if told.ok:
            told.ok, told.status, told.reason = False, "failed", str(error)
            tour.report.reason = f"Step {told.name}: {error}"


async def _close(program: Program, running: "asyncio.Task[None]", report: TourReport) -> None:
    """Close as the window's cross does, and see that nothing is left."""
    told = report.steps[-1]
    began = time.monotonic()
    program.request_close()
    try:
        await asyncio.wait_for(asyncio.shield(running), _CLOSING_S)
        left = [type(w).__name__ for w in QApplication.topLevelWidgets() if w.isVisible()]
        if left:
            raise TourError(f"windows are left: {', '.join(left)}")
        told.ok, told.status = True, "ok"
    except (TourError, HautError, OSError, TimeoutError) as error:
        told.status, told.reason = "failed", _words(error)
        report.reason = report.reason or f"Step close: {told.reason}"
    told.seconds = round(time.monotonic() - began, 2)


def _why_ended(running: "asyncio.Task[None]") -> str:
    if not running.done():
        return ""
    error = None if running.cancelled() else running.exception()
    return f"the program ended: {_words(error)}" if error else "the program ended by itself"


def _explained(error: Exception, tour: Tour) -> str:
    """The error's words, with what the program itself shows about it."""
    notice = tour.program.notices.current
    shown = f" The program says: {notice.title}. {notice.message}" if notice else ""
    return _words(error) + shown


def _words(error: BaseException) -> str:
    if isinstance(error, HautError):
        return f"{error.title}. {error.message}"
    return str(error) or type(error).__name__
