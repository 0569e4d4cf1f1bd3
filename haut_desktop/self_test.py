"""The self-test: each part of the program does its work once, in a folder that goes again."""

import asyncio
import importlib.resources
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from PySide6.QtWidgets import QWidget

from haut_desktop import app
from haut_desktop.desktop.garbage import garbage_on_main_thread
from haut_desktop.domain.clock import system_clock
from haut_desktop.practice_process import PracticeProcess
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import resources_folder
from haut_desktop.shell import Shell
from haut_desktop.store.keys import NoRecovery
from haut_desktop.store.secrets import MemorySecrets, backend_name
from haut_desktop.store.station import Station, create_station, open_station
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.sign_in import SignInViewModel
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.sign_in_dialog import SignInDialog
from haut_desktop.widgets.theme import FONT_FAMILY, Appearance
from haut_desktop.workplace import Workplace

Check = Callable[[Path], Awaitable[str]]
"""Does its work in the given empty folder and says what it saw; an error means failed."""

NOWHERE: Final = "http://127.0.0.1:9"
"""A platform that nobody serves: the windows open without one."""

_LETTERS: Final = b"\xff\xd8 letters in place of a picture \xff\xd9"

_CHECKED_CODES: Final = {
    "luhn": "78949",
    "verhoeff": "12340",
    "iso7064.mod_37_36": "A12425GABC1234002M",
}
"""Schemes of check characters with a code that has the right one, from stdnum's own manual."""


class CheckFailed(Exception):  # noqa: N818 - what the line after the check's name says
    """A part answered, but not with what it must."""


def run_self_test(checks: "Mapping[str, Check] | None" = None) -> int:
    """Do every check, print a line for each; 1 when any of them failed, else 0."""
    # nothing may appear on a screen, and there may be none
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = app.make_application()
    with (
        garbage_on_main_thread(),
        asyncio.Runner(loop_factory=lambda: app.make_loop(application)) as runner,
    ):
        failed = runner.run(_run_all(CHECKS if checks is None else checks))
    _say(f"{len(failed)} failed: {', '.join(failed)}" if failed else "everything works")
    return 1 if failed else 0


async def _run_all(checks: Mapping[str, Check]) -> list[str]:
    return [name for name, check in checks.items() if not await _run(name, check)]


async def _run(name: str, check: Check) -> bool:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="haut-self-test-") as folder:
        try:
            outcome, detail = "ok", await check(Path(folder))
        except Exception as error:  # noqa: BLE001 - whatever is wrong is what the test is about
            outcome, detail = "FAILED", f"{type(error).__name__}: {_last_line(error)}"
    _say(f"{name:<20} {outcome:<6} {time.monotonic() - began:5.2f} s  {detail}")
    return outcome == "ok"


def _say(line: str) -> None:
    # a windowed program on Windows has no output; its console twin has one
    if sys.stdout is not None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


def _last_line(error: Exception) -> str:
    """The end of a long message is where a missing library is named."""
    return (str(error).strip().splitlines() or [""])[-1]


def _demand(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CheckFailed(otherwise)


# ------------------------------------------------------------------------------------ the checks


async def check_event_loop(_folder: Path) -> str:
    """Run a task, a thread and a timer on Qt's loop."""
    loop = asyncio.get_running_loop()
    scope = TaskScope("self-test", _raise)
    try:
        task = scope.start(asyncio.to_thread(threading_answer), name="thread")
        _demand(await task == "answered", "a thread's answer did not come")
        rung = asyncio.Event()
        loop.call_later(0.01, rung.set)
        async with asyncio.timeout(10):
            await rung.wait()
    finally:
        await scope.aclose()
    return type(loop).__name__


def threading_answer() -> str:
    """Give what the event loop's check waits for."""
    return "answered"


async def check_resources(_folder: Path) -> str:
    """Find icons, fonts, help, licences and migrations."""
    from PySide6.QtGui import QFontDatabase

    from haut_desktop.widgets.theme import load_fonts

    wanted = {"icons": "*.svg", "fonts": "*.otf", "help": "*.md", "licences": "*"}
    found = {name: len(list((resources_folder() / name).glob(g))) for name, g in wanted.items()}
    migrations = importlib.resources.files("haut_desktop.store") / "migrations"
    found["migrations"] = sum(each.name.endswith(".sql") for each in migrations.iterdir())
    missing = [name for name, count in found.items() if not count]
    _demand(not missing, f"missing: {', '.join(missing)}")
    load_fonts()
    _demand(FONT_FAMILY in QFontDatabase.families(), f"the font {FONT_FAMILY} does not load")
    return ", ".join(f"{count} {name}" for name, count in found.items())


async def check_time_zones(_folder: Path) -> str:
    """Load a zone from the shipped data, which is all that Windows has."""
    place = importlib.resources.files("tzdata") / "zoneinfo" / "Europe" / "Berlin"
    with place.open("rb") as file:
        zone = ZoneInfo.from_file(file, "Europe/Berlin")
    return str(zone.key)


async def check_subject_codes(_folder: Path) -> str:
    """Check a code's last character by schemes that a study's plan only names."""
    from haut_desktop.domain.study import ImagingPlan
    from haut_desktop.domain.subjects import code_problem

    for scheme, code in _CHECKED_CODES.items():
        plan = ImagingPlan(code_pattern=".+", check_character=scheme)
        _demand(code_problem(code, plan) is None, f"{scheme} refuses {code}")
    return ", ".join(_CHECKED_CODES)


async def check_keyring(_folder: Path) -> str:
    """Say which keyring this computer has; to have none is not the program's fault."""
    name = await asyncio.to_thread(backend_name)
    return name or "this computer has none: a study's station cannot be made here, practice can"


async def check_database(folder: Path) -> str:
    """Make an encrypted station, close it, open it again; nothing in it lies in plain."""
    secrets = MemorySecrets()
    store = await _new_station(folder, secrets)
    await store.aclose()
    _demand(b"SQLite format" not in (folder / "station.db").read_bytes()[:64], "not encrypted")
    store = await open_station(folder, secrets, system_clock)
    try:
        site = await store.studies.site()
        _demand(site is not None and site.code == "SELFTEST", "the site was not kept")
    finally:
        await store.aclose()
    return "made, closed, opened again"


async def check_vault(folder: Path) -> str:
    """Seal bytes in the read cache and under the vault's key, and open them."""
    store = await _new_station(folder, MemorySecrets())
    try:
        await asyncio.to_thread(store.cache.put, "letters", _LETTERS)
        sealed = [p.read_bytes() for p in (folder / "cache").rglob("*") if p.is_file()]
        _demand(bool(sealed), "nothing was sealed")
        _demand(not any(_LETTERS in each for each in sealed), "the seal hides nothing")
        opened = await asyncio.to_thread(store.cache.get, "letters")
        _demand(opened == _LETTERS, "the seal opens on something else")
    finally:
        await store.aclose()
    return "sealed and opened"


async def check_faces(_folder: Path) -> str:
    """Find a drawn face with every cascade that intake and the practice platform use."""
    return await asyncio.to_thread(_find_faces)


def _find_faces() -> str:
    import cv2
    import numpy as np

    from haut_desktop.domain.imaging import Side
    from haut_desktop.practice.algorithms import faces as practice_faces
    from haut_desktop.practice.pictures import Person, SkinTone, draw_face
    from haut_desktop.services import faces

    for file in sorted(faces.cascade_folder().glob("*.xml")):
        _demand(not cv2.CascadeClassifier(str(file)).empty(), f"{file.name} does not load")
    wanted = {*faces.CASCADES, *practice_faces.CASCADES}
    missing = [n for n in sorted(wanted) if not (faces.cascade_folder() / n).is_file()]
    _demand(not missing, f"missing: {', '.join(missing)}")
    rgb = draw_face(Person(3, list(SkinTone)[2]), side="front", size=640).rgb
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    _demand(faces.find_face(grey, Side.FRONT) is not None, "intake sees no face")
    _demand(practice_faces.find_face(rgb) is not None, "the practice platform sees no face")
    return f"{len(wanted)} cascades, one face seen twice"


async def check_pictures(_folder: Path) -> str:
    """Decode a JPEG as intake does."""
    return await asyncio.to_thread(_inspect_picture)


def _inspect_picture() -> str:
    import io

    from PIL import Image

    from haut_desktop.services import pictures

    made = io.BytesIO()
    Image.new("RGB", (320, 240), "tan").save(made, "JPEG")
    facts, _pixels = pictures.inspect(made.getvalue())
    _demand(facts.media_type == "image/jpeg", f"a JPEG was taken for {facts.media_type}")
    return facts.media_type


async def check_sign_in(folder: Path) -> str:
    """Open the sign-in window and draw it."""
    async with _workplace(folder) as (work, scope):
        dialog = SignInDialog(SignInViewModel(work.session, scope, server=NOWHERE))
        try:
            dialog.open()
            return _drawn(dialog)
        finally:
            dialog.done(0)
            dialog.deleteLater()


async def check_main_window(folder: Path) -> str:
    """Open the main window and build and draw each of its pages."""
    async with _workplace(folder) as (work, _scope):
        site = await work.store.studies.site()
        assert site is not None, "a station has a site"
        shell = Shell(
            work,
            site=site,
            notices=NoticesViewModel(),
            appearance=Appearance(app.make_application()),
            help_folder=resources_folder() / "help",
            is_practice=True,
        )
        try:
            await shell.open()
            for place in Place:
                shell.window.go(place)
                _drawn(shell.window)
            return f"{_drawn(shell.window)}, {len(Place)} pages"
        finally:
            shell.close()


async def check_plots(_folder: Path) -> str:
    """Draw a plot, whose library is loaded only then."""
    from haut_desktop.viewmodels.results_trends import TrendLine, TrendPicture
    from haut_desktop.widgets.trend_plot import TrendPlot

    line = TrendLine("1", (((0, 40.0), (1, 60.0)),))
    plot = TrendPlot()
    try:
        plot.show_trend(TrendPicture("Redness", "", ("Baseline", "Day 28"), (line,), "rises"))
        return _drawn(plot)
    finally:
        plot.deleteLater()


async def check_practice(folder: Path) -> str:
    """Start the practice platform as a child of this program and sign in there."""
    process = await asyncio.to_thread(PracticeProcess.start, folder, "--no-demonstration")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, process.stop)
        work, _scope = await stack.enter_async_context(_workplace(folder / "station"))
        account = next(a for a in process.accounts if not a.mfa)
        await work.session.sign_in(process.url, account.username, account.password)
        algorithms = await work.api.algorithms()
        _demand(bool(algorithms), "it describes no algorithm")
        return f"signed in, {len(algorithms)} algorithms described"


CHECKS: Final[Mapping[str, Check]] = {
    "event loop": check_event_loop,
    "resources": check_resources,
    "time zones": check_time_zones,
    "subject codes": check_subject_codes,
    "keyring": check_keyring,
    "database": check_database,
    "vault": check_vault,
    "pictures": check_pictures,
    "faces": check_faces,
    "sign-in window": check_sign_in,
    "main window": check_main_window,
    "plots": check_plots,
    "practice platform": check_practice,
}


# ------------------------------------------------------------------------------- what they stand on


@asynccontextmanager
async def _workplace(folder: Path) -> AsyncIterator[tuple[Workplace, TaskScope]]:
    """A station of its own with everything on it, and a scope for the window's tasks."""
    store = await _new_station(folder, MemorySecrets())
    station = await store.studies.station()
    assert station is not None, "it was made a moment ago"
    work = Workplace(store, station.id, report=_raise, server=NOWHERE)
    try:
        yield work, work.tasks
    finally:
        await work.aclose()


async def _new_station(folder: Path, secrets: MemorySecrets) -> Station:
    return await create_station(
        folder,
        secrets,
        system_clock,
        recovery=NoRecovery("self-test"),
        site_code="SELFTEST",
        zone="Europe/Berlin",
        station_name="Self-test",
    )


def _drawn(widget: QWidget) -> str:
    """Draw a widget into a picture and say how large it is; an even one shows nothing."""
    image = widget.grab().toImage()
    colours = {
        image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)
    }
    _demand(len(colours) > 1, f"{type(widget).__name__} draws nothing")
    return f"{image.width()} × {image.height()}"


def _raise(error: Exception) -> None:
    raise error
