"""The rules of sending while they are read: what a person says meanwhile is not lost."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import msgspec
import pytest

from haut_desktop.api.throttle import Throttle
from haut_desktop.domain.audit import Act
from haut_desktop.domain.clock import system_clock
from haut_desktop.domain.errors import HautError
from haut_desktop.domain.traffic import SendingRules
from haut_desktop.services.changes import Changes
from haut_desktop.services.tasks import TaskScope
from haut_desktop.services.traffic import Traffic, kept_rules
from haut_desktop.store.studies import StudyStore
from tests.conftest import ExpectedLogs
from tests.waiting import eventually

KEPT = SendingRules(most_bytes_per_s=100_000)


@dataclass
class SlowSettings:
    """Stands in for the station's settings on a disk that takes its time."""

    kept: str = msgspec.json.encode(KEPT).decode()
    read: asyncio.Event = field(default_factory=asyncio.Event)

    async def site(self) -> None:
        """Give no site."""

    async def setting(self, name: str) -> str:
        """Give what is kept once the disk has turned."""
        kept = self.kept
        await self.read.wait()
        return kept

    async def change_setting(self, name: str, value: str, act: Act) -> None:
        """Keep it."""
        self.kept = value

    @property
    def rules(self) -> SendingRules:
        """What the next start reads."""
        return msgspec.json.decode(self.kept, type=SendingRules)


@pytest.fixture
def settings() -> SlowSettings:
    return SlowSettings()


@pytest.fixture
async def traffic(settings: SlowSettings) -> AsyncIterator[Traffic]:
    def report(error: HautError) -> None:
        raise error

    tasks = TaskScope("test", report)
    yield Traffic(
        studies=cast(StudyStore, settings),
        throttle=Throttle(),
        act=lambda reason: Act(None, reason),
        changes=Changes(),
        tasks=tasks,
        clock=system_clock,
    )
    await tasks.aclose()


async def test_a_pause_while_the_rules_are_read_is_kept_with_them(
    traffic: Traffic, settings: SlowSettings
) -> None:
    loading = asyncio.create_task(traffic.load())
    await asyncio.sleep(0)
    traffic.note_pause(True)
    settings.read.set()
    await loading
    both = SendingRules(is_paused=True, most_bytes_per_s=100_000)
    assert traffic.rules == both
    await eventually(lambda: settings.rules == both)


async def test_a_pause_before_the_rules_are_read_leaves_what_was_kept(
    traffic: Traffic, settings: SlowSettings
) -> None:
    traffic.note_pause(True)
    await asyncio.sleep(0)
    assert settings.rules == KEPT
    settings.read.set()
    await traffic.load()
    await eventually(lambda: settings.rules.is_paused)
    assert settings.rules == SendingRules(is_paused=True, most_bytes_per_s=100_000)


async def test_who_lets_sending_go_on_has_the_last_word_over_a_kept_pause(
    traffic: Traffic, settings: SlowSettings
) -> None:
    settings.kept = msgspec.json.encode(SendingRules(is_paused=True)).decode()
    loading = asyncio.create_task(traffic.load())
    await asyncio.sleep(0)
    traffic.note_pause(False)
    settings.read.set()
    await loading
    assert not traffic.rules.is_paused


@pytest.mark.parametrize(
    ("kept", "rules"),
    (
        ('{"is_paused":true,"most_bytes_per_s":null,"window":null}', SendingRules(is_paused=True)),
        ('{"is_paused":true,"rest_minutes":15}', SendingRules(is_paused=True, rest_minutes=15)),
        ('{"is_paused":true,"rest_minutes":61}', SendingRules()),
    ),
    ids=("from before there was a rest", "with a rest", "with one that is refused"),
)
async def test_kept_rules_are_read_without_a_rest_and_with_one_that_may_be(
    settings: SlowSettings, kept: str, rules: SendingRules, expected_log: ExpectedLogs
) -> None:
    if rules == SendingRules():
        expected_log.allow("the kept sending rules can't be read")
    settings.kept = kept
    settings.read.set()
    assert await kept_rules(cast(StudyStore, settings)) == rules
