"""The status: the services' news reduced to a few words."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

import pytest
import pytest_asyncio
from PySide6.QtWidgets import QApplication

from haut_desktop.domain.ids import CompanyId
from haut_desktop.domain.outbox import OutboxSummary
from haut_desktop.domain.session import Account, Connection, SessionState
from haut_desktop.services.broadcast import Broadcast
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.connectivity import Connectivity
from haut_desktop.services.outbox import Outbox
from haut_desktop.services.session import Session
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.desk import Desk
from haut_desktop.viewmodels.notices import NoticesViewModel
from haut_desktop.viewmodels.status import StatusViewModel
from tests.fakes.builders import make_study
from tests.fakes.clock import START, FakeClock
from tests.waiting import eventually

ACCOUNT = Account("https://x.example", CompanyId("1"), 7, "someone@x.example")


@dataclass
class FakeServices:
    """Session, connectivity and outbox in one."""

    state: object = SessionState.SIGNED_IN
    account: Account | None = ACCOUNT
    expires_at: datetime | None = START + timedelta(minutes=42)
    outbox: OutboxSummary = field(default_factory=OutboxSummary)

    async def summary(self) -> OutboxSummary:
        """Give the outbox in one line."""
        return self.outbox


@dataclass
class Bench:
    """A status view model and what it looks at."""

    model: StatusViewModel
    services: FakeServices
    network: FakeServices
    desk: Desk
    changes: Changes


@pytest_asyncio.fixture
async def bench(qapp: QApplication) -> AsyncIterator[Bench]:
    changes: Changes = Broadcast[Change]()
    services, network = FakeServices(), FakeServices(state=Connection.ONLINE)
    scope = TaskScope("test", NoticesViewModel().report)
    desk = Desk()
    model = StatusViewModel(
        desk=desk,
        session=cast(Session, services),
        connectivity=cast(Connectivity, network),
        outbox=cast(Outbox, services),
        changes=changes,
        tasks=scope,
        clock=FakeClock(),
        site="B01",
    )
    model.start()
    yield Bench(model, services, network, desk, changes)
    model.close()
    await scope.aclose()


async def test_it_names_study_operator_and_token(bench: Bench) -> None:
    bench.desk.open_study(make_study("Barrier cream"))
    await eventually(lambda: bench.model.status.study == "Barrier cream")
    status = bench.model.status
    assert (status.site, status.operator) == ("B01", "someone@x.example")
    assert status.token == "Signed in, renews within 42 min"


async def test_it_says_when_something_was_last_sent_and_what_waits(bench: Bench) -> None:
    sent = START - timedelta(minutes=3)
    bench.services.outbox = OutboxSummary(12, held=1, resting_visits=2, last_sent_at=sent)
    bench.changes.send(Change(Topic.OUTBOX))
    words = "1 held, last sent 3 min ago, 12 waiting, 2 visits resting"
    await eventually(lambda: bench.model.status.outbox == words)
    assert bench.model.status.outbox_count == 13


@pytest.mark.parametrize(
    ("state", "words"),
    (
        (Connection.OFFLINE, "No connection"),
        (Connection.PORTAL, "Guest network"),
        (Connection.TROUBLE, "Platform has trouble"),
        (Connection.UNKNOWN, "Connecting…"),
    ),
)
async def test_it_names_the_connection(bench: Bench, state: Connection, words: str) -> None:
    bench.network.state = state
    bench.changes.send(Change(Topic.CONNECTIVITY))
    await eventually(lambda: bench.model.status.connection == words)


async def test_a_refused_session_needs_a_sign_in(bench: Bench) -> None:
    bench.services.state = SessionState.REFUSED
    bench.changes.send(Change(Topic.SESSION))
    await eventually(lambda: bench.model.status.needs_sign_in)
    assert bench.model.status.token == "Not signed in"


async def test_a_private_token_does_not_end(bench: Bench) -> None:
    bench.services.expires_at = None
    bench.model.refresh()
    await eventually(lambda: bench.model.status.token == "Signed in")


async def test_what_is_late_is_counted_and_marked(bench: Bench) -> None:
    bench.services.outbox = OutboxSummary(late=2)
    bench.model.refresh()
    await eventually(lambda: bench.model.status.outbox == "2 late, all sent")
    assert bench.model.status.outbox_is_late
