"""What differs on the platform, as a notice that stays until somebody says to have read it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from haut_desktop.domain.errors import HautError
from haut_desktop.domain.rechecks import Finding
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.notices import Notice, NoticesViewModel
from haut_desktop.viewmodels.recheck_words import findings_notice
from haut_desktop.viewmodels.rereading import Rereading

if TYPE_CHECKING:
    from haut_desktop.services.rechecks import Rechecks


class RechecksViewModel:
    """Shows one notice, at the start as well; put away unread it comes with the next start."""

    def __init__(
        self,
        rechecks: "Rechecks",
        *,
        notices: NoticesViewModel,
        changes: Changes,
        tasks: TaskScope,
    ) -> None:
        self._rechecks = rechecks
        self._notices = notices
        self._tasks = tasks
        self._told: tuple[Finding, ...] = ()
        self._notice: Notice | None = None
        self._reading = Rereading(self._read, tasks, name="rechecks")
        self._unsubscribe = changes.subscribe(self._on_change)
        self._is_closed = False

    def start(self) -> None:
        """Look now and from now on."""
        self._reading.want()

    def close(self) -> None:
        """Look no longer, and leave no word about this station behind."""
        self._is_closed = True
        self._unsubscribe()
        self._withdraw()

    def _on_change(self, change: Change) -> None:
        if change.topic is Topic.RECHECKS:
            self._reading.want()

    async def _read(self) -> None:
        try:
            found = await self._rechecks.unread()
        except HautError:
            return  # whoever works with the record says what is the matter with it
        if self._is_closed or found == self._told:
            return
        self._told = found
        self._withdraw()
        self._notice = findings_notice(found, self._have_read)
        if self._notice is not None:
            self._notices.show(self._notice)

    def _withdraw(self) -> None:
        if self._notice is not None:
            self._notices.withdraw(self._notice)
        self._notice = None

    def _have_read(self, findings: Sequence[Finding]) -> None:
        self._tasks.start(self._rechecks.read(tuple(findings)), name="rechecks-read")
