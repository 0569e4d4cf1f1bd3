"""The program: one event loop, one station at a time, everything opened and closed in order."""

import asyncio
import importlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from enum import StrEnum
from typing import TYPE_CHECKING, Final

os.environ["QT_API"] = "pyside6"  # qasync takes the binding that is named, else the first it finds

from PySide6.QtWidgets import QApplication, QDialog

from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import HautError, StationError
from haut_desktop.services.early_session import EarlySession, SignedOutNote
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import (
    PRODUCTION_SERVER,
    PROGRAM,
    AppPaths,
    app_paths,
    resources_folder,
)
from haut_desktop.viewmodels.notices import Notice, NoticesViewModel, Weight
from haut_desktop.viewmodels.sign_in import PracticeAccount, SignInViewModel
from haut_desktop.viewmodels.words import count
from haut_desktop.widgets.ask import finish, painted, tell_error
from haut_desktop.widgets.sign_in_dialog import SignInDialog
from haut_desktop.widgets.theme import Appearance, SchemeFile

if TYPE_CHECKING:
    from haut_desktop.api.transport import Network
    from haut_desktop.practice_process import PracticeProcess
    from haut_desktop.services.changes import Change
    from haut_desktop.shell import Shell
    from haut_desktop.store.secrets import Secrets
    from haut_desktop.store.station import Station
    from haut_desktop.workplace import Pacing, Workplace

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
_ENDED: Final = "The platform has ended the session. Nothing is lost; sign in and sending goes on."


class Mode(StrEnum):
    """Whose work is done."""

    STUDY = "study"
    PRACTICE = "practice"


class Program:
    """Runs from the first dialog to the last commit; ``run`` returns when everything is closed."""

    def __init__(
        self,
        application: QApplication,
        *,
        paths: AppPaths,
        mode: Mode,
        secrets: "Secrets | None" = None,
        platform: str = "",
        pacing: "Pacing | None" = None,
    ) -> None:
        self.notices = NoticesViewModel()
        kept = SchemeFile(paths.scheme)
        self.appearance = Appearance(application, kept.read())
        self.appearance.scheme_changed.connect(kept.write)
        self.dialog: QDialog | None = None
        self.shell: Shell | None = None
        self._paths = paths
        self._mode: Mode | None = mode
        self._platform = platform
        self._pacing = pacing
        self._tasks = TaskScope("program", self.notices.report)
        self._secrets = secrets
        self._signed_out = SignedOutNote(paths.station)
        self._practice: PracticeProcess | None = None
        self._closing = asyncio.Event()
        self._is_ending = False
        self._is_asking = False
        self._locked = paths.practice_station if mode is Mode.PRACTICE else paths.station
        """The folder that whoever starts the program has locked."""

    async def run(self) -> None:
        """Work until the user ends it; a study's work and practice may follow each other."""
        from haut_desktop.desktop.garbage import garbage_on_main_thread

        with garbage_on_main_thread():
            await self._run()

    async def _run(self) -> None:
        try:
            while self._mode is not None and not self._is_ending:
                mode, self._mode = self._mode, None
                self._closing.clear()
                async with AsyncExitStack() as stack:
                    await self._work(mode, stack)
        finally:
            await self._tasks.aclose()

    def request_close(self) -> None:
        """End the program as its window's cross would; no dialog comes after that."""
        self._is_ending = True
        self._closing.set()
        if self.dialog is not None:
            self.dialog.reject()

    async def ask(self, dialog: QDialog) -> bool:
        """Show a dialog, over the one that is open, until it is closed; True when accepted."""
        if self._is_ending:
            dialog.deleteLater()
            return False
        below, self.dialog = self.dialog, dialog
        if below is not None and dialog.parent() is None:
            dialog.setParent(below, dialog.windowFlags())
        try:
            return await finish(dialog)
        finally:
            self.dialog = below
            dialog.deleteLater()

    # ---- one station -----------------------------------------------------------------------

    async def _work(self, mode: Mode, stack: AsyncExitStack) -> None:
        if mode is Mode.STUDY and self._signed_out.is_there:
            work, is_in = await self._sign_in_early(stack)
        else:
            work = await self._open(mode, stack)
            is_in = work is not None and await self._enter(work, mode)
        if work is not None and is_in:
            self._note(mode, is_signed_in=True)
            work.start()
            await self._work_in_window(work, mode, stack)

    async def _open(self, mode: Mode, stack: AsyncExitStack) -> "Workplace | None":
        store = await self._open_station(mode, stack)
        return None if store is None else await self._open_workplace(store, stack)

    async def _open_station(self, mode: Mode, stack: AsyncExitStack) -> "Station | None":
        await load("haut_desktop.opening")
        from haut_desktop.opening import PracticeWanted, StationOpener, rebuilt_notice

        opener = StationOpener(
            self._paths, clock=system_clock, tasks=self._tasks, ask=self.ask, secrets=self._secrets
        )
        try:
            if mode is Mode.PRACTICE:
                self._lock_practice(stack)
                if not self._platform:
                    await self._start_practice(stack)
                return await opener.open_for_practice(stack)
            return await opener.open_for_study()
        except PracticeWanted:
            self._mode = Mode.PRACTICE
            return None
        finally:
            if opener.rebuilt is not None:
                self.notices.show(rebuilt_notice(opener.rebuilt))

    def _lock_practice(self, stack: AsyncExitStack) -> None:
        """Take the practice station for this window, unless it was taken at the start."""
        from haut_desktop.desktop.instance import FolderLock

        folder = self._paths.practice_station
        if folder == self._locked:
            return
        folder.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(folder)
        if not lock.acquire():
            raise StationError(
                "Another window practises on this computer. Go on there, or close it first.",
                title="Practice is open already",
            )
        stack.callback(lock.release)

    async def _start_practice(self, stack: AsyncExitStack) -> None:
        from haut_desktop.practice_process import PracticeProcess

        folder = self._paths.practice_platform
        self._practice = await asyncio.to_thread(PracticeProcess.start, folder)
        stack.push_async_callback(self._stop_practice, self._practice)

    async def _stop_practice(self, practice: "PracticeProcess") -> None:
        self._practice = None
        await asyncio.to_thread(practice.stop)

    async def _open_workplace(self, store: "Station", stack: AsyncExitStack) -> "Workplace":
        await load("haut_desktop.workplace")
        from haut_desktop.workplace import Workplace

        station = await store.studies.station()
        if station is None:
            raise StationError("The station has no site. Set it up again in an empty folder.")
        work = Workplace(
            store,
            station.id,
            report=self.notices.report,
            server=self._server,
            network=await self._network(store),
            pacing=self._pacing,
        )
        # the window goes last, when everything behind it has ended
        stack.callback(self._close_shell)
        stack.push_async_callback(work.aclose)
        return work

    @property
    def _server(self) -> str:
        return self._platform or (self._practice.url if self._practice else PRODUCTION_SERVER)

    async def _network(self, store: "Station") -> "Network":
        """The way to the server that the kept sign-in belongs to."""
        from haut_desktop.api.transport import Network

        if self._platform or self._practice:
            return Network()
        from haut_desktop.desktop.proxy import system_proxy

        kept = await store.credentials.load()
        server = kept.account.server if kept else self._server
        return Network(proxy=await asyncio.to_thread(system_proxy, server))

    # ---- signing in ------------------------------------------------------------------------

    async def _enter(self, work: "Workplace", mode: Mode) -> bool:
        """Go on with the kept sign-in, or ask; False when the user leaves."""
        if await work.session.restore():
            if mode is Mode.PRACTICE:
                # its port may be another one since the last time
                work.api.server = self._server
            return True
        return await self._sign_in(work, mode)

    async def _sign_in_early(self, stack: AsyncExitStack) -> "tuple[Workplace | None, bool]":
        """Ask at once and open the station behind the dialog, while the user types."""
        session = EarlySession()
        view_model = SignInViewModel(session, self._tasks, server=self._server)
        dialog = SignInDialog(view_model)
        view_model.practice_requested.connect(lambda: self._on_practice_requested(dialog))

        async def open_behind() -> "Workplace | None":
            try:
                await painted(dialog)
                _log.info("sign-in window painted")
                work = await self._open(Mode.STUDY, stack)
            except BaseException:
                dialog.reject()
                raise
            if work is None:
                dialog.reject()
            elif await work.session.restore():
                dialog.accept()
            else:
                session.arrive(work.session)
            return work

        opening = self._tasks.start(open_behind(), name="open station")
        is_in = await self.ask(dialog)
        work = await opening
        if work is not None and is_in:
            await self._name_predecessor(work)
        return work, is_in

    async def _sign_in(self, work: "Workplace", mode: Mode, reason: str = "") -> bool:
        view_model = SignInViewModel(
            work.session,
            self._tasks,
            server=work.api.server,
            practice_accounts=self._accounts(mode),
            reason=reason,
        )
        parent = self.shell.window if self.shell else None
        dialog = SignInDialog(view_model, parent)
        view_model.practice_requested.connect(lambda: self._on_practice_requested(dialog))
        self._note(mode, is_signed_in=False)
        is_in = await self.ask(dialog)
        self._note(mode, is_signed_in=is_in)
        if is_in:
            await self._name_predecessor(work)
        return is_in

    async def _name_predecessor(self, work: "Workplace") -> None:
        """Say whose pictures wait when somebody of another company has signed in."""
        last, account = work.session.predecessor, work.session.account
        if last is None or account is None or last.company_id == account.company_id:
            return
        if waiting := await work.store.studies.unsent_pictures(last.company_id):
            self.notices.show(_unsent_notice(last.username, waiting))

    def _note(self, mode: Mode, *, is_signed_in: bool) -> None:
        """Leave word for the next start; practice signs in by itself."""
        if mode is Mode.STUDY:
            self._signed_out.erase() if is_signed_in else self._signed_out.write()

    def _accounts(self, mode: Mode) -> tuple[PracticeAccount, ...]:
        if mode is not Mode.PRACTICE or self._practice is None:
            return ()
        return tuple(
            PracticeAccount(a.username, a.password, a.role, a.mfa) for a in self._practice.accounts
        )

    def _on_practice_requested(self, dialog: QDialog) -> None:
        self._mode = Mode.PRACTICE
        self._closing.set()
        dialog.reject()

    # ---- the window ------------------------------------------------------------------------

    async def _work_in_window(self, work: "Workplace", mode: Mode, stack: AsyncExitStack) -> None:
        from haut_desktop.desktop.network import NetworkWatch
        from haut_desktop.shell import Shell

        site = await work.store.studies.site()
        assert site is not None, "a station has a site"
        shell = Shell(
            work,
            site=site,
            notices=self.notices,
            appearance=self.appearance,
            help_folder=resources_folder() / "help",
            is_practice=mode is Mode.PRACTICE,
        )
        self.shell = shell
        watch = NetworkWatch()
        stack.callback(watch.stop)
        watch.changed.connect(work.connectivity.network_changed)
        watch.changed.connect(work.session.wake)
        shell.window.close_requested.connect(self._closing.set)
        top_bar = shell.window.top_bar
        top_bar.sign_out_wanted.connect(lambda: self._sign_out(work, mode))
        top_bar.sign_in_wanted.connect(lambda: self._ask_to_sign_in(work, mode))
        stack.callback(work.changes.subscribe(lambda news: self._on_news(news, work, mode)))
        await shell.open()
        await self._closing.wait()

    def _close_shell(self) -> None:
        shell, self.shell = self.shell, None
        if shell is not None:
            shell.close()

    def _on_news(self, change: "Change", work: "Workplace", mode: Mode) -> None:
        from haut_desktop.domain.session import SessionState
        from haut_desktop.services.changes import Topic

        if change.topic is Topic.SESSION and work.session.state is SessionState.REFUSED:
            self._ask_to_sign_in(work, mode, _ENDED)

    def _sign_out(self, work: "Workplace", mode: Mode) -> None:
        async def leave() -> None:
            await work.session.sign_out()
            await self._sign_in(work, mode)

        self._start_asking(leave, name="sign out")

    def _ask_to_sign_in(self, work: "Workplace", mode: Mode, reason: str = "") -> None:
        self._start_asking(lambda: self._sign_in(work, mode, reason), name="sign in")

    def _start_asking(self, ask: Callable[[], Awaitable[object]], *, name: str) -> None:
        """Ask one thing at a time: what is asked twice is asked once."""
        if self.dialog is not None or self._is_asking:
            return
        self._is_asking = True

        async def once() -> None:
            try:
                await ask()
            finally:
                self._is_asking = False

        self._tasks.start(once(), name=name)


def _unsent_notice(username: str, pictures: int) -> Notice:
    return Notice(
        f"{count(pictures, 'picture')} of another company {'waits' if pictures == 1 else 'wait'}",
        f"{username} worked here before. What was not sent stays sealed on this station and goes "
        "out when somebody of that company signs in again.",
        Weight.WARN,
    )


async def load(module: str) -> None:
    """Import a module with everything behind it, while windows stay alive."""
    await asyncio.to_thread(importlib.import_module, module)


def make_application() -> QApplication:
    """The application object; it ends when the program says so, not with a window."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        application = QApplication(sys.argv[:1])
    application.setApplicationName(PROGRAM)
    application.setQuitOnLastWindowClosed(False)
    return application


def make_loop(application: QApplication) -> asyncio.AbstractEventLoop:
    """The one event loop: asyncio on Qt's."""
    from qasync import QEventLoop

    loop: asyncio.AbstractEventLoop = QEventLoop(application)
    return loop


def run_window(*, is_practice: bool) -> int:
    """Open the program for a user; returns the exit code. What ends it early is said in a box."""
    application = make_application()
    try:
        return _run_window(application, is_practice=is_practice)
    except HautError as error:
        told = error
    except OSError:
        told = StationError(_FOLDER, title="The station's folder can't be used")
    except Exception:  # noqa: BLE001 - logged already, whatever it is
        told = StationError(FAULT.message, title=FAULT.title)
    with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
        runner.run(tell_error(told))
    return 1


def _run_window(application: QApplication, *, is_practice: bool) -> int:
    from haut_desktop.desktop.instance import SingleInstance
    from haut_desktop.logs import close_logs, open_logs, report_faults

    paths = app_paths()
    mode = Mode.PRACTICE if is_practice else Mode.STUDY
    instance = SingleInstance(paths.practice_station if is_practice else paths.station)
    if not instance.acquire():
        if instance.knock():
            return 0
        raise StationError(_ELSEWHERE, title="Haut Desktop is open already")
    handler = open_logs(paths.logs)

    async def work() -> None:
        program = Program(application, paths=paths, mode=mode)
        report_faults(lambda: program.notices.show(FAULT))
        instance.shown.connect(lambda: _bring_to_front(program))
        if sys.platform != "win32":
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, program.request_close)
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


def _bring_to_front(program: Program) -> None:
    window = program.shell.window if program.shell else program.dialog
    if window is not None:
        window.showNormal() if window.isMinimized() else window.show()
        window.raise_()
        window.activateWindow()
