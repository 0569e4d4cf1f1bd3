"""The outbox's view model over fakes, for the tests of the model, its page and its pictures."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

from haut_desktop.domain.ids import VisitId
from haut_desktop.domain.session import Account, Connection, SessionState
from haut_desktop.services.changes import Changes
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.outbox import Outbox
from haut_desktop.services.session import Session
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.outbox import OutboxViewModel
from tests.fakes.clock import FakeClock
from tests.viewmodels.deliveries import FakeOutbox


@dataclass
class FakeSession:
    """Somebody is signed in."""

    state: SessionState = SessionState.SIGNED_IN
    account: Account | None = None


@dataclass
class _Online:
    """The network is there."""

    state: Connection = Connection.ONLINE


def outbox_model(
    outbox: FakeOutbox,
    *,
    session: FakeSession,
    reopen: Callable[[VisitId], Awaitable[object]],
    send_now: Callable[[VisitId], Awaitable[object]],
    changes: Changes,
    tasks: TaskScope,
) -> OutboxViewModel:
    """Make the view model of the outbox, with the network there."""
    return OutboxViewModel(
        outbox=cast(Outbox, outbox),
        session=cast(Session, session),
        connectivity=cast(Connectivity, _Online()),
        reopen=reopen,
        send_now=send_now,
        changes=changes,
        tasks=tasks,
        clock=FakeClock(),
    )
