"""Whoever is signed in elsewhere decides nothing about what another company's platform holds."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from haut_desktop.domain.delivery import BatchState, Route, Waiting, held_by_hand
from haut_desktop.domain.errors import OtherAccountError, RefusedError
from haut_desktop.domain.ids import CompanyId, PlatformSubjectId
from haut_desktop.domain.session import Account
from haut_desktop.services.session import Session
from haut_desktop.services.troubles import trouble_of
from haut_desktop.store.secrets import MemorySecrets
from tests.e2e.conftest import MakeStudy
from tests.e2e.stations import open_workplace

pytestmark = pytest.mark.timeout(60)

WHY = "a reason"


async def test_every_decision_about_anothers_pictures_is_refused_in_words(
    tmp_path: Path,
    study_by: MakeStudy,
    small_pictures: tuple[Path, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = study_by(Route.SIGNED)
    async with open_workplace(tmp_path / "station", MemorySecrets(), is_working=False) as station:
        await station.sign_in(there.platform.url)
        subject = await station.finish_first_visit(there.name, small_pictures[0])
        (batch,) = await station.batches()
        waiting = Waiting(1, station.work.clock(), trouble_of(RefusedError(400, "x", "y")))
        await station.work.store.outbox.set_waiting_batch(batch.id, waiting)
        (registration,) = (await station.work.subjects.get(subject.id)).registrations
        own = station.work.session.account
        assert own is not None
        other = replace(own, company_id=CompanyId("another-company"))
        signed_in: list[Account] = [other]
        monkeypatch.setattr(Session, "account", property(lambda _: signed_in[-1]))
        outbox, original = station.work.outbox, batch.images[0].rendition.original_id
        acts: tuple[Callable[[], Awaitable[object]], ...] = (
            lambda: outbox.hold(batch.id, WHY),
            lambda: outbox.resume_held(batch.id, WHY),
            lambda: outbox.retract(batch.id, WHY),
            lambda: outbox.compute_again(batch.id, WHY),
            lambda: outbox.retry_now(batch.id),
            lambda: outbox.erase(original, WHY),
            lambda: outbox.say_same(registration, PlatformSubjectId("entry"), WHY),
            lambda: outbox.look_again(registration, WHY),
        )
        for act in acts:
            with pytest.raises(OtherAccountError, match=f"company {own.company_id} on practice"):
                await act()
        await outbox.retry_now()
        assert await station.batches() == (replace(batch, waiting=waiting),)
        signed_in.append(own)
        await outbox.retry_now()
        assert [one.waiting.trouble for one in await station.batches()] == [None]
        await station.work.store.outbox.set_waiting_batch(batch.id, waiting)
        await outbox.hold(batch.id, WHY)
        (held,) = await station.batches()
        assert held.state is BatchState.HELD
        assert held.waiting.trouble == held_by_hand(WHY), "and nothing of what it waited for before"
