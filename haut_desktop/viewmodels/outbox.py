"""The outbox page's state: rows, the line above them, and what a person may do with a row."""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.ids import ImageId, VisitId
from haut_desktop.domain.outbox import OutboxSummary, VisitDelivery
from haut_desktop.domain.session import SessionState
from haut_desktop.domain.traffic import SendingRules
from haut_desktop.services.changes import Change, Changes, Progress, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.outbox_ages import unplaced_phrase
from haut_desktop.viewmodels.outbox_model import OutboxModel
from haut_desktop.viewmodels.outbox_rows import Deed, OutboxRow, RowKind, visit_row
from haut_desktop.viewmodels.outbox_words import Circumstances, paused_words
from haut_desktop.viewmodels.phrase import Mood, Phrase
from haut_desktop.viewmodels.rereading import Rereading
from haut_desktop.viewmodels.words import ago, count, size

if TYPE_CHECKING:
    from haut_desktop.services.connectivity import Connectivity
    from haut_desktop.services.outbox import Outbox
    from haut_desktop.services.session import Session

PAGE_LENGTH: Final = 100
"""Visits that are listed; older ones are asked for with ``show_more``."""
_PROGRESS_MS: Final = 100
_AGE_MS: Final = 15_000
_TOPICS: Final = frozenset(
    {
        Topic.OUTBOX,
        Topic.VISITS,
        Topic.SUBJECTS,
        Topic.SESSION,
        Topic.CONNECTIVITY,
        Topic.RESULTS,
        Topic.RECHECKS,
    }
)


class PageState(StrEnum):
    """Which of its faces a page shows."""

    LOADING = "loading"
    EMPTY = "empty"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OutboxHead:
    """The line above the rows."""

    summary: OutboxSummary
    words: str
    obstacle: Phrase | None
    """What keeps everything from being sent just now."""
    unplaced: Phrase | None = None
    """What a person must say whose it is."""


class OutboxViewModel(QObject):
    """Reads the outbox again whenever something changed; ages and progress pass by themselves."""

    head_changed = Signal(object)
    state_changed = Signal(object)
    rows_changed = Signal()
    reopened = Signal(object)
    """Carries the id of a visit that was taken back."""

    def __init__(
        self,
        *,
        outbox: "Outbox",
        session: "Session",
        connectivity: "Connectivity",
        reopen: Callable[[VisitId], Awaitable[object]],
        send_now: Callable[[VisitId], Awaitable[object]],
        changes: Changes,
        tasks: TaskScope,
        clock: Clock,
        zone: str = "UTC",
    ) -> None:
        super().__init__()
        self._outbox = outbox
        self._session = session
        self._connectivity = connectivity
        self._reopen = reopen
        self._send_now = send_now
        self._tasks = tasks
        self._clock = clock
        self.model = OutboxModel(clock, zone, self)
        self.state = PageState.LOADING
        self.error: HautError | None = None
        self.head = OutboxHead(OutboxSummary(), "", None)
        self._limit = PAGE_LENGTH
        self._deliveries: tuple[VisitDelivery, ...] = ()
        self._sent: dict[ImageId, int] = {}
        self._reading = Rereading(self._read, tasks, name="outbox-read")
        self._unsubscribe = (
            changes.subscribe(self._on_change),
            outbox.progress.subscribe(self._on_progress),
        )
        self._progress_timer = QTimer(self, interval=_PROGRESS_MS, singleShot=True)
        self._progress_timer.timeout.connect(self._show_rows)
        self._age_timer = QTimer(self, interval=_AGE_MS)
        self._age_timer.timeout.connect(self._on_age_passed)

    # ---- reading -------------------------------------------------------------------------

    def start(self) -> None:
        """The page is seen: read now, and let the ages grow."""
        self._age_timer.start()
        self.refresh()

    def stop(self) -> None:
        """The page is not seen any more."""
        self._age_timer.stop()
        self._progress_timer.stop()

    def close(self) -> None:
        """Listen no longer."""
        self.stop()
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def refresh(self) -> None:
        """Read everything again; news that come meanwhile make it read once more."""
        self._reading.want()

    def show_more(self) -> None:
        """List older visits too."""
        self._limit += PAGE_LENGTH
        self.refresh()

    @property
    def has_more(self) -> bool:
        """Whether there may be older visits than those that are listed."""
        return len(self._deliveries) >= self._limit

    async def _read(self) -> None:
        try:
            self._deliveries = await self._outbox.overview(self._limit)
            self._show_head(await self._outbox.summary())
            self._show_rows()
            self._turn(PageState.READY if self._deliveries else PageState.EMPTY)
        except HautError as error:
            self.error = error
            self._turn(PageState.FAILED)

    def _turn(self, state: PageState) -> None:
        self.state = state
        self.state_changed.emit(state)

    def _circumstances(self) -> Circumstances:
        account = self._session.account
        return Circumstances(
            now=self._clock(),
            zone=self.model.zone,
            is_paused=self._outbox.is_paused,
            is_signed_in=self._session.state is SessionState.SIGNED_IN,
            connection=self._connectivity.state,
            opens_at=self._outbox.opens_at,
            account_waits=self._outbox.account_waits,
            tenant=account.tenant if account is not None else None,
        )

    def _show_rows(self) -> None:
        around = self._circumstances()
        self.model.show(visit_row(each, around, self._sent) for each in self._deliveries)
        self.rows_changed.emit()

    def _show_head(self, summary: OutboxSummary) -> None:
        is_kept = summary.waiting_images or summary.late
        obstacle = self._circumstances().obstacle_in_full() if is_kept else None
        if summary.is_paused:
            obstacle = Phrase(paused_words(summary), Mood.WARN)
        unplaced = unplaced_phrase(summary.unplaced, summary.unplaced_since, self._clock())
        self.head = OutboxHead(summary, self._head_words(summary), obstacle, unplaced)
        self.head_changed.emit(self.head)

    def _head_words(self, summary: OutboxSummary) -> str:
        limit = self.rules.most_bytes_per_s
        words = head_words(summary, self._clock)
        return f"{words}  ·  at most {size(limit)}/s" if limit else words

    # ---- news ----------------------------------------------------------------------------

    def _on_change(self, change: Change) -> None:
        if change.topic in _TOPICS:
            self.refresh()

    def _on_progress(self, progress: Progress) -> None:
        self._sent[progress.image_id] = progress.sent_bytes
        if self._age_timer.isActive() and not self._progress_timer.isActive():
            self._progress_timer.start()

    def _on_age_passed(self) -> None:
        # what grows old may be late by now, which the line above the rows counts
        self.refresh()
        self.model.age_passed()

    # ---- rules ---------------------------------------------------------------------------

    @property
    def rules(self) -> SendingRules:
        """When and how fast the station sends."""
        return self._outbox.rules

    @property
    def zone(self) -> str:
        """The site's zone, in which the window's times are meant."""
        return self.model.zone

    def set_rules(self, rules: SendingRules) -> None:
        """Send by other rules from now on."""
        self._do(self._set_rules(rules), "rules")

    async def _set_rules(self, rules: SendingRules) -> None:
        await self._outbox.set_rules(rules)
        self.refresh()

    # ---- deeds ---------------------------------------------------------------------------

    def toggle_pause(self) -> None:
        """Pause sending, or go on."""
        if self._outbox.is_paused:
            self._outbox.resume()
        else:
            self._outbox.pause()
        self.refresh()

    def retry_all(self) -> None:
        """Try everything that waits, now."""
        self._do(self._outbox.retry_now(), "retry-all")

    def retry(self, row: OutboxRow) -> None:
        """Try what belongs to a row, now."""
        for batch_id in row.batch_ids:
            self._do(self._outbox.retry_now(batch_id), "retry")

    def hold(self, row: OutboxRow, reason: str) -> None:
        """Keep back what belongs to a row until somebody releases it."""
        for each in self._batches_with(row, Deed.HOLD):
            self._do(self._outbox.hold(each.batch_ids[0], reason), "hold")

    def release(self, row: OutboxRow, reason: str = "") -> None:
        """Let what is held in a row go on."""
        for each in self._batches_with(row, Deed.RELEASE):
            self._do(self._outbox.resume_held(each.batch_ids[0], reason), "release")

    def compute_again(self, row: OutboxRow, reason: str) -> None:
        """Ask once more for an analysis whose outcome is unknown; it may cost twice."""
        for each in self._batches_with(row, Deed.COMPUTE_AGAIN):
            self._do(self._outbox.compute_again(each.batch_ids[0], reason), "compute-again")

    def retract(self, row: OutboxRow, reason: str) -> None:
        """Take back what belongs to a row."""
        for each in self._batches_with(row, Deed.RETRACT):
            self._do(self._outbox.retract(each.batch_ids[0], reason), "retract")

    def erase(self, row: OutboxRow, reason: str) -> None:
        """Let a picture leave this station for ever."""
        if row.original_id is not None:
            self._do(self._outbox.erase(row.original_id, reason), "erase")

    def reopen(self, row: OutboxRow) -> None:
        """Take a resting visit back to the capture page."""
        self._do(self._take_back(row.visit_id), "reopen")

    def send_now(self, row: OutboxRow) -> None:
        """End a resting visit's rest; it can't be reopened afterwards."""
        self._do(self._end_rest(row.visit_id), "send-now")

    async def _end_rest(self, visit_id: VisitId) -> None:
        await self._send_now(visit_id)
        self.refresh()

    async def _take_back(self, visit_id: VisitId) -> None:
        await self._reopen(visit_id)
        self.reopened.emit(visit_id)
        self.refresh()

    def _batches_with(self, row: OutboxRow, deed: Deed) -> list[OutboxRow]:
        """The batches of a row that the deed is for; a picture stands for its batch."""
        if row.kind is not RowKind.VISIT:
            return [row]
        return [child for child in row.children if deed in child.deeds]

    def _do(self, work: Coroutine[Any, Any, object], name: str) -> None:
        self._tasks.start(work, name=f"outbox-{name}")


def head_words(summary: OutboxSummary, clock: Clock) -> str:
    """The outbox in one line, e.g. ``Last sent 3 min ago · 12 waiting (38.0 MB)``."""
    parts = []
    if summary.last_sent_at is not None:
        parts.append(f"Last sent {ago(summary.last_sent_at, clock())}")
    if summary.waiting_images:
        parts.append(
            f"{count(summary.waiting_images, 'picture')} waiting ({size(summary.waiting_bytes)})"
        )
    else:
        parts.append("Everything sent" if parts else "Nothing to send")
    if summary.unsettled:
        parts.append(f"{summary.unsettled} being asked for")
    if summary.late:
        parts.append(f"{summary.late} late")
    if summary.held:
        parts.append(f"{summary.held} held")
    return "  ·  ".join(parts)
