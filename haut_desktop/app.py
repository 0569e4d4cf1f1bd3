"""The program: one event loop, one station at a time, everything opened and closed in order."""

import asyncio
import logging
import os
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

os.environ["QT_API"] = "pyside6"  # qasync takes the binding that is named, else the first it finds

from PySide6.QtWidgets import QApplication, QDialog, QWidget

from haut_desktop.domain.tenant import server_of
from haut_desktop.services.early_session import SignedOutNote
from haut_desktop.services.tasks import TaskScope
from haut_desktop.settings import PROGRAM, AppPaths, resources_folder
from haut_desktop.signing_in import ENDED, SigningIn
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.widgets.ask import finish
from haut_desktop.widgets.theme import Appearance, SchemeFile
from haut_desktop.work_opening import Mode, WorkOpener, load

if TYPE_CHECKING:
    from haut_desktop.services.changes import Change
    from haut_desktop.shell import Shell
    from haut_desktop.store.secrets import Secrets
    from haut_desktop.workplace import Pacing, Workplace

_log = logging.getLogger(__name__)

__all__ = ["Mode", "Program", "make_application", "make_loop"]


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
        self._tasks = TaskScope("program", self.notices.report)
        self._opener = WorkOpener(
            paths,
            notices=self.notices,
            tasks=self._tasks,
            ask=self.ask,
            close_window=self._close_shell,
            secrets=secrets,
            platform=platform,
            pacing=pacing,
            locked=paths.practice_station if mode is Mode.PRACTICE else paths.station,
        )
        self._closing = asyncio.Event()
        self._is_ending = False
        self._is_left = False
        """Whether the user left this mode's work before it began."""

    @property
    def platform(self) -> str:
        """The address of the platform that one signs in to."""
        return self._opener.server

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
                self._is_left = False
                async with AsyncExitStack() as stack:
                    await self._work(mode, stack)
        finally:
            await self._tasks.aclose()

    def request_close(self) -> None:
        """End the program as its window's cross would; no dialog comes after that."""
        self._is_ending = True
        self._closing.set()
        self._go_on_ending()

    def _go_on_ending(self) -> None:
        """Close the topmost dialog; the one below it follows when that is gone."""
        if self._is_ending and self.dialog is not None:
            self.dialog.reject()

    async def ask(self, dialog: QDialog) -> bool:
        """Show a dialog, over the one that is open, until it is closed; True when accepted."""
        if self._is_ending or self._is_left:
            dialog.deleteLater()
            return False
        below, self.dialog = self.dialog, dialog
        if below is not None and dialog.parent() is None:
            dialog.setParent(below, dialog.windowFlags())
        _log.info("asking by %s", type(dialog).__name__)
        try:
            return await finish(dialog)
        finally:
            self.dialog = below
            dialog.deleteLater()
            self._go_on_ending()

    # ---- one station -----------------------------------------------------------------------

    async def _work(self, mode: Mode, stack: AsyncExitStack) -> None:
        signing_in = self._signing_in(mode)
        stack.callback(signing_in.close)
        if signing_in.comes_first:
            work, is_in = await signing_in.before_opening(
                lambda: self._open(mode, stack),
                self._opener.server,
                ask_no_more=self._ask_no_more,
            )
        else:
            work = await self._open(mode, stack)
            is_in = work is not None and await self._enter(work, mode, signing_in)
        if work is not None and is_in:
            signing_in.leave_word(is_signed_in=True)
            work.start(has_window=True)
            await self._work_in_window(work, mode, signing_in, stack)

    def _ask_no_more(self) -> None:
        self._is_left = True

    async def _open(self, mode: Mode, stack: AsyncExitStack) -> "Workplace | None":
        await load("haut_desktop.opening")
        from haut_desktop.opening import PracticeWanted

        try:
            return await self._opener.open(mode, stack)
        except PracticeWanted:
            self._mode = Mode.PRACTICE
            return None

    async def _enter(self, work: "Workplace", mode: Mode, signing_in: SigningIn) -> bool:
        """Go on with the kept sign-in, or ask; False when the user leaves."""
        if await work.session.restore():
            if mode is not Mode.PRACTICE:
                return True
            # its port may be another one since the last time; another platform is asked anew
            account, server = work.session.account, self._opener.server
            is_known = account is not None and account.tenant.server == server_of(server)
            if not is_known:
                await work.session.sign_out()
            work.api.server = server
            if is_known:
                return True
        return await signing_in.sign_in(work, self._opener.practice_accounts)

    def _signing_in(self, mode: Mode) -> SigningIn:
        return SigningIn(
            ask=self.ask,
            tasks=self._tasks,
            notices=self.notices,
            want_practice=self._on_practice_requested,
            # practice signs in by itself
            note=SignedOutNote(self._paths.station) if mode is Mode.STUDY else None,
            window=self._window,
        )

    def _on_practice_requested(self, dialog: QDialog) -> None:
        self._mode = Mode.PRACTICE
        self._closing.set()
        dialog.reject()

    # ---- the window ------------------------------------------------------------------------

    async def _work_in_window(
        self, work: "Workplace", mode: Mode, signing_in: SigningIn, stack: AsyncExitStack
    ) -> None:
        from haut_desktop.desktop.network import NetworkWatch
        from haut_desktop.desktop.sleep import SleepWatch
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
        sleep = SleepWatch()
        stack.callback(sleep.stop)
        sleep.woken.connect(work.wake_ups.hear)
        shell.window.close_requested.connect(self._closing.set)
        top_bar = shell.window.top_bar
        top_bar.sign_out_wanted.connect(lambda: self._sign_out(work, signing_in))
        top_bar.sign_in_wanted.connect(lambda: self._ask_to_sign_in(work, signing_in))
        stack.callback(work.changes.subscribe(lambda news: self._on_news(news, work, signing_in)))
        shell.window.fit_screen(shell.window.screen().availableSize())
        await shell.open()
        await self._closing.wait()

    def _window(self) -> QWidget | None:
        return self.shell.window if self.shell else None

    def _close_shell(self) -> None:
        shell, self.shell = self.shell, None
        if shell is not None:
            shell.close()

    def _on_news(self, change: "Change", work: "Workplace", signing_in: SigningIn) -> None:
        from haut_desktop.domain.session import SessionState
        from haut_desktop.services.changes import Topic

        if change.topic is Topic.SESSION and work.session.state is SessionState.REFUSED:
            self._ask_to_sign_in(work, signing_in, ENDED)

    def _sign_out(self, work: "Workplace", signing_in: SigningIn) -> None:
        async def leave() -> None:
            await work.session.sign_out()
            await signing_in.sign_in(work, self._opener.practice_accounts)

        if self.dialog is None:
            signing_in.start(leave, name="sign out")

    def _ask_to_sign_in(self, work: "Workplace", signing_in: SigningIn, reason: str = "") -> None:
        accounts = self._opener.practice_accounts
        if self.dialog is None:
            signing_in.start(lambda: signing_in.sign_in(work, accounts, reason), name="sign in")


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
