"""What every test stands on: the right event loop, and guards that let nothing pass in silence."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_API"] = "pyside6"

import asyncio
import gc
import logging
import re
import sys
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count

import pytest
import pytest_asyncio
import qasync
import shiboken6
from hypothesis import HealthCheck, settings
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from tests.waiting import emitted, eventually

__all__ = ["ExpectedLogs", "emitted", "eventually"]

# A slow computer makes a test slow, not red; CI tries the same examples every time.
settings.register_profile(
    "haut",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("haut")

_QT_FIXTURES = frozenset({"qapp", "qtbot", "qtmodeltester"})
_FAILED = pytest.StashKey[bool]()
_STATUS = pytest.StashKey[int]()


# ------------------------------------------------------------------------------------- event loop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run a test that asks for Qt on the Qt loop, every other one on asyncio's own."""
    if _uses_qt(item):
        return {"qt": _new_qt_loop}
    return {"asyncio": asyncio.new_event_loop}


def _uses_qt(item: pytest.Item) -> bool:
    return not _QT_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


@cache
def _application() -> QCoreApplication:
    return QApplication.instance() or QApplication(["haut-desktop-tests"])


def _new_qt_loop() -> asyncio.AbstractEventLoop:
    loop: asyncio.AbstractEventLoop = qasync.QEventLoop(_application())
    return loop


def pytest_unconfigure(config: pytest.Config) -> None:
    """End without taking Qt's and Python's objects down in whatever order, which may crash."""
    status = config.stash.get(_STATUS, None)
    if status is None or QCoreApplication.instance() is None or "coverage" in sys.modules:
        return
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remember how the run ended."""
    # the fault suite's own code stands there already when some of it could not run
    session.config.stash[_STATUS] = int(session.exitstatus)


_LATER_MS = 3_600_000


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Let no timer go off between a test and its fixtures' end, however slow the computer is.

    pytest-qt handles Qt's events there, where no loop runs in which work could be started. The
    timer stays active: whoever has to stop it is still seen when nobody does.
    """
    try:
        return (yield)
    finally:
        if _uses_qt(item):
            for timer in _active_timers():
                timer.setInterval(_LATER_MS)


# ---------------------------------------------------------------------------------------- garbage

# Windows of one test must not be taken down by a worker's thread in another: that crashes Qt.
gc.disable()
_TESTS_PER_COLLECTION = 10
_since_collection = count(1)


def pytest_runtest_logfinish(nodeid: str) -> None:
    """Collect between tests, on the main thread."""
    if not next(_since_collection) % _TESTS_PER_COLLECTION:
        gc.collect()


# ----------------------------------------------------------------------------------------- guards


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None, None, None]:
    """Say again, below every failed test, which checks failed before: their words are far above."""
    yield
    if failed := os.environ.get("HAUT_FAILED_CHECKS"):
        terminalreporter.write_line(f"FAILED before the tests: {failed}", red=True, bold=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember a failure: the guards add no noise to a test that is red already."""
    report = yield
    if report.failed:
        item.stash[_FAILED] = True
    return report


def _is_red(request: pytest.FixtureRequest) -> bool:
    node: pytest.Item = request.node
    return node.stash.get(_FAILED, False)


@dataclass(eq=False)
class ExpectedLogs(logging.Handler):
    """Collects warnings and errors; a test calls it with the pattern of each that it expects."""

    records: list[logging.LogRecord] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Become a handler that sees warnings and errors only."""
        super().__init__(logging.WARNING)

    def __call__(self, pattern: str) -> None:
        """Expect at least one record whose message, or logger's name, matches."""
        self.required.append(pattern)

    def allow(self, pattern: str) -> None:
        """Tolerate such a record where it is a matter of timing whether it comes."""
        self.allowed.append(pattern)

    def complaints(self) -> list[str]:
        """Every record that nobody expected, and every expectation that was not met."""
        known = [*self.required, *self.allowed]
        surprises = [
            f"unexpected log: {record.levelname} {record.name}: {record.getMessage()}"
            for record in self.records
            if not any(_matches(pattern, record) for pattern in known)
        ]
        missing = [
            f"expected log did not come: {pattern}"
            for pattern in self.required
            if not any(_matches(pattern, record) for record in self.records)
        ]
        return surprises + missing

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the record."""
        self.records.append(record)


def _gagged() -> list[str]:
    """What keeps warnings of the program from being heard by the tests that come after."""
    own = logging.getLogger("haut_desktop")
    if own.isEnabledFor(logging.WARNING):
        return []
    own.setLevel(logging.NOTSET)
    logging.disable(logging.NOTSET)
    return ["the program's log was left silenced"]


def _matches(pattern: str, record: logging.LogRecord) -> bool:
    return re.search(pattern, f"{record.name}: {record.getMessage()}") is not None


@pytest.fixture(autouse=True)
def expected_log(request: pytest.FixtureRequest) -> Iterator[ExpectedLogs]:
    """Fail on any log record of WARNING or above that the test did not announce."""
    logs = ExpectedLogs()
    root = logging.getLogger()
    root.addHandler(logs)
    yield logs
    root.removeHandler(logs)
    if not _is_red(request) and (complaints := [*logs.complaints(), *_gagged()]):
        pytest.fail("\n".join(complaints), pytrace=False)


@pytest.fixture(autouse=True)
def _guards(request: pytest.FixtureRequest, expected_log: ExpectedLogs) -> None:
    """Choose the guards that this test's kind can violate."""
    if _uses_qt(request.node):
        request.getfixturevalue("no_qt_leaks")
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("no_leaked_tasks")


@pytest_asyncio.fixture
async def no_leaked_tasks(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Fail when a task is still there after the test and its fixtures have ended."""
    before = asyncio.all_tasks()
    yield
    # What was cancelled in the last moment gets the turns it needs to end.
    for _ in range(5):
        await asyncio.sleep(0)
    leaked = asyncio.all_tasks() - before - {asyncio.current_task()}
    if leaked and not _is_red(request):
        names = sorted(f"{task.get_name()}: {task.get_coro()}" for task in leaked)
        pytest.fail("tasks left running:\n" + "\n".join(names), pytrace=False)


@pytest.fixture
def no_qt_leaks(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[None]:
    """Fail when an active timer or a top-level widget is left after the test and its fixtures."""
    before = {key for key, _ in _living_qt_things()}
    yield
    if _is_red(request):
        return
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    if any(key not in before for key, _ in _living_qt_things()):
        gc.collect()
    leaked = [text for key, text in _living_qt_things() if key not in before]
    if leaked:
        pytest.fail("left after the test:\n" + "\n".join(leaked), pytrace=False)


def _living_qt_things() -> list[tuple[int, str]]:
    """Address and description of every active timer and every top-level widget."""
    # Qt keeps one tool tip label for the whole process.
    widgets = [
        widget
        for widget in QApplication.topLevelWidgets()
        if widget.parent() is None and widget.metaObject().className() != "QTipLabel"
    ]
    return [(_address(thing), f"{thing!r}") for thing in (*_active_timers(), *widgets)]


def _active_timers() -> list[QTimer]:
    wrappers = shiboken6.Shiboken.getAllValidWrappers()
    return [thing for thing in wrappers if isinstance(thing, QTimer) and thing.isActive()]


def _address(thing: QObject) -> int:
    return int(shiboken6.Shiboken.getCppPointer(thing)[0])
