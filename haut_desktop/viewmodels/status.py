"""Status: study, site, operator, connection, token and outbox in the top bar's words."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.outbox import OutboxSummary
from haut_desktop.domain.session import Connection, SessionState
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.rereading import Rereading
from haut_desktop.viewmodels.words import ago, count, span

if TYPE_CHECKING:
    from haut_desktop.services.connectivity import Connectivity
    from haut_desktop.services.outbox import Outbox
    from haut_desktop.services.session import Session

_LOOK_AGAIN_MS: Final = 20_000
_TOPICS: Final = frozenset(
    {Topic.SESSION, Topic.STUDY, Topic.OUTBOX, Topic.CONNECTIVITY, Topic.VISITS}
)

_CONNECTIONS: Final = {
    Connection.ONLINE: ("Connected", "online", "good"),
    Connection.OFFLINE: ("No connection", "offline", "warn"),
    Connection.PORTAL: ("Guest network", "portal", "warn"),
    Connection.TROUBLE: ("Platform has trouble", "warning", "warn"),
    Connection.UNKNOWN: ("Connecting…", "clock", "neutral"),
}


@dataclass(frozen=True, slots=True)
class Status:
    """What the top bar says at one moment."""

    study: str = ""
    site: str = ""
    operator: str = ""
    connection: str = "Connecting…"
    connection_icon: str = "clock"
    connection_tone: str = "neutral"
    token: str = ""
    outbox: str = ""
    outbox_count: int = 0
    """Pictures that wait, and whatever is held."""
    outbox_is_late: bool = False
    """Whether something takes longer than it should to be sent, computed or to have results."""
    needs_sign_in: bool = False


class StatusViewModel(QObject):
    """Reduces the services' news to one ``Status``; looks again by itself, as minutes pass."""

    changed = Signal(object)

    def __init__(
        self,
        *,
        desk: Desk,
        session: "Session",
        connectivity: "Connectivity",
        outbox: "Outbox",
        changes: Changes,
        tasks: TaskScope,
        clock: Clock,
        site: str = "",
    ) -> None:
        super().__init__()
        self._desk = desk
        self._session = session
        self._connectivity = connectivity
        self._outbox = outbox
        self._clock = clock
        self._site = site
        self._status = Status()
        self._reading = Rereading(self._read, tasks, name="status")
        self._unsubscribe = changes.subscribe(self._on_change)
        desk.study_changed.connect(self._on_study_changed)
        self._timer = QTimer(self, interval=_LOOK_AGAIN_MS)
        self._timer.timeout.connect(self.refresh)

    @property
    def status(self) -> Status:
        """What is shown now."""
        return self._status

    def start(self) -> None:
        """Read the truth now and from now on."""
        self._timer.start()
        self.refresh()

    def close(self) -> None:
        """Listen no longer."""
        self._timer.stop()
        self._unsubscribe()

    def refresh(self) -> None:
        """Read everything again; news that come meanwhile make it read once more."""
        self._reading.want()

    async def _read(self) -> None:
        self._status = await self._compose()
        self.changed.emit(self._status)

    async def _compose(self) -> Status:
        words, icon, tone = _CONNECTIONS[self._connectivity.state]
        account = self._session.account
        study = self._desk.study
        summary = await self._outbox.summary()
        return Status(
            study=study.name if study else "",
            site=self._site,
            operator=account.username if account else "",
            connection=words,
            connection_icon=icon,
            connection_tone=tone,
            token=self._token_words(),
            outbox=self._outbox_words(summary),
            outbox_count=summary.waiting_images + summary.held + summary.unplaced,
            outbox_is_late=summary.late > 0,
            needs_sign_in=self._session.state in {SessionState.REFUSED, SessionState.SIGNED_OUT},
        )

    def _token_words(self) -> str:
        if self._session.state is not SessionState.SIGNED_IN:
            return "Not signed in"
        expires_at = self._session.expires_at
        if expires_at is None:
            return "Signed in"
        left_s = (expires_at - self._clock()).total_seconds()
        return f"Signed in, renews within {span(left_s)}" if left_s > 0 else "Renewing sign-in"

    def _outbox_words(self, summary: OutboxSummary) -> str:
        """What needs a person first: a narrow window shows the beginning."""
        parts = [f"{summary.held} held"] if summary.held else []
        if summary.unplaced:
            parts.append(f"{summary.unplaced} to be placed")
        if summary.late:
            parts.append(f"{summary.late} late")
        if summary.last_sent_at is not None:
            parts.append(f"last sent {ago(summary.last_sent_at, self._clock())}")
        parts.append(f"{summary.waiting_images} waiting" if summary.waiting_images else "all sent")
        if summary.resting_visits:
            parts.append(f"{count(summary.resting_visits, 'visit')} resting")
        words = ", ".join(parts)
        return words[:1].upper() + words[1:]

    def _on_change(self, change: Change) -> None:
        if change.topic in _TOPICS:
            self.refresh()

    def _on_study_changed(self, _study: object) -> None:
        self.refresh()
