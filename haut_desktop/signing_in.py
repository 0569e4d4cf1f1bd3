"""Signing in: with the kept session, or in a dialog, which may come before the station is open."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QDialog, QWidget

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.session import Account
from haut_desktop.services.early_session import EarlySession, SignedOutNote
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.notices import Notice, NoticesViewModel, Weight
from haut_desktop.viewmodels.sign_in import PracticeAccount, SignInViewModel
from haut_desktop.viewmodels.words import count
from haut_desktop.widgets.ask import Ask, painted
from haut_desktop.widgets.sign_in_dialog import SignInDialog

if TYPE_CHECKING:
    from haut_desktop.viewmodels.counted_notice import CountedNotice
    from haut_desktop.workplace import Workplace

ENDED: Final = "The platform has ended the session. Nothing is lost; sign in and sending goes on."

_log = logging.getLogger(__name__)


class SigningIn:
    """Asks who works here, one question at a time, and remembers for the next start."""

    def __init__(
        self,
        *,
        ask: Ask,
        tasks: TaskScope,
        notices: NoticesViewModel,
        want_practice: Callable[[QDialog], None],
        note: SignedOutNote | None,
        window: Callable[[], QWidget | None],
    ) -> None:
        self._ask = ask
        self._tasks = tasks
        self._notices = notices
        self._want_practice = want_practice
        self._note = note
        """None for practice, which signs in by itself."""
        self._window = window
        self._is_asking = False
        self._unsent: CountedNotice | None = None

    def close(self) -> None:
        """Leave no word about this station behind."""
        if self._unsent is not None:
            self._unsent.close()
        self._unsent = None

    @property
    def comes_first(self) -> bool:
        """Whether nobody is signed in, so that one may be asked before the station is open."""
        return self._note is not None and self._note.is_there

    async def before_opening(
        self,
        open_work: "Callable[[], Awaitable[Workplace | None]]",
        server: str,
        *,
        ask_no_more: Callable[[], None],
    ) -> "tuple[Workplace | None, bool]":
        """Ask at once and open the station behind the dialog, while the user types.

        Who leaves it is asked nothing more: ``ask_no_more`` is called, and what stands between
        this account and the station is said at the next start.
        """
        session = EarlySession()
        view_model = SignInViewModel(session, self._tasks, server=server)
        dialog = SignInDialog(view_model)
        view_model.practice_requested.connect(lambda: self._want_practice(dialog))
        is_asked = True

        def close(result: QDialog.DialogCode) -> None:
            if is_asked:  # once it was answered it is gone
                dialog.done(result)

        async def open_behind() -> "Workplace | None":
            try:
                await painted(dialog)
                _log.info("sign-in window painted")
                work = await open_work()
            except BaseException:
                close(QDialog.DialogCode.Rejected)
                raise
            if work is None:
                close(QDialog.DialogCode.Rejected)
            elif await work.session.restore():
                close(QDialog.DialogCode.Accepted)
            else:
                session.arrive(work.session)
            return work

        opening = self._tasks.start(open_behind(), name="open station")
        is_in = await self._ask(dialog)
        is_asked = False
        if not is_in and not opening.done():
            ask_no_more()
            return await _ended(opening), False
        await view_model.given_up()
        work = await opening
        if work is not None and is_in:
            await self._name_predecessor(work)
        return work, is_in

    async def sign_in(
        self, work: "Workplace", accounts: tuple[PracticeAccount, ...] = (), reason: str = ""
    ) -> bool:
        """Ask in a dialog; False when the user leaves it."""
        view_model = SignInViewModel(
            work.session,
            self._tasks,
            server=work.api.server,
            practice_accounts=accounts,
            reason=reason,
        )
        dialog = SignInDialog(view_model, self._window())
        view_model.practice_requested.connect(lambda: self._want_practice(dialog))
        self.leave_word(is_signed_in=False)
        is_in = await self._ask(dialog)
        await view_model.given_up()
        self.leave_word(is_signed_in=is_in)
        if is_in:
            await self._name_predecessor(work)
        return is_in

    def start(self, ask: Callable[[], Awaitable[object]], *, name: str) -> None:
        """Ask beside the work, one thing at a time: what is asked twice is asked once."""
        if self._is_asking:
            return
        self._is_asking = True

        async def once() -> None:
            try:
                await ask()
            finally:
                self._is_asking = False

        self._tasks.start(once(), name=name)

    def leave_word(self, *, is_signed_in: bool) -> None:
        """Leave word for the next start."""
        if self._note is not None:
            self._note.erase() if is_signed_in else self._note.write()

    async def _name_predecessor(self, work: "Workplace") -> None:
        """Say whose pictures wait when somebody else has signed in than worked here before."""
        from haut_desktop.viewmodels.counted_notice import CountedNotice

        last, account = work.session.predecessor, work.session.account
        if last is None or account is None:
            return
        self.close()
        count_unsent = partial(work.store.studies.unsent_pictures, last.tenant)
        if waiting := await count_unsent():
            self._unsent = CountedNotice(
                waiting,
                count=count_unsent,
                say=lambda number: unsent_notice(last, account, number) if number else None,
                notices=self._notices,
                changes=work.changes,
                tasks=work.tasks,
            )


async def _ended(opening: "asyncio.Task[Workplace | None]") -> "Workplace | None":
    """Wait for a station that nobody waits for any more; its error was reported by its task."""
    try:
        return await opening
    except HautError as error:
        _log.info("station not opened: %s", error.kind)
        return None


def unsent_notice(last: Account, account: Account, pictures: int) -> Notice:
    """Say whose pictures wait: a colleague's, another company's, or one's own at another server."""
    if last.tenant == account.tenant:
        return Notice(
            f"{count(pictures, 'picture')} {'is' if pictures == 1 else 'are'} sent with your "
            "sign-in",
            f"{last.username} worked here before, and what was not sent yet is your company's as "
            "well; what is held stays held. The record keeps who took each picture and who "
            "finished its visit. To let it wait, pause sending in the outbox.",
        )
    whose, again = "of another company", "somebody of that company signs in again"
    if last.company_id == account.company_id:
        whose = f"for {last.tenant.server}"
        again = f"somebody signs in at that server again; you are at {account.tenant.server}"
    return Notice(
        f"{count(pictures, 'picture')} {whose} {'waits' if pictures == 1 else 'wait'}",
        f"{last.username} worked here before. What was not sent stays sealed on this station and "
        f"goes out when {again}.",
        Weight.WARN,
    )
