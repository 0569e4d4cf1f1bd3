"""A computation whose answer was lost: how long results are waited for before a person decides."""

from pathlib import Path
from typing import Any, cast

import pytest

from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import BatchEvent, BatchState, Waiting, held_by_hand
from haut_desktop.domain.errors import Blame
from haut_desktop.services import computing as computing_module
from haut_desktop.services.computing import Computing
from tests.services.rooms import open_room


async def _none(*_: object) -> bool:
    return False


async def test_what_a_person_lets_go_on_waits_for_its_answer_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop_s = [0.0]
    monkeypatch.setattr(computing_module, "uptime", lambda: loop_s[0])
    to = cast(Any, None)
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        batch = await room.arrive()
        computing = Computing(
            api=to, outbox=room.outbox, clock=room.clock, has_results=_none, settling_s=180.0
        )
        asked = await room.outbox.move_batch(batch.id, BatchEvent.SUBMIT)
        await computing.settle(asked, to)
        waiting = (await room.outbox.batch(batch.id)).waiting
        # the platform answers: nothing here waits for the network
        assert waiting.trouble is not None
        assert (waiting.trouble.kind, waiting.trouble.blame) == ("NotShownYetError", Blame.SERVER)
        await room.outbox.move_batch(batch.id, BatchEvent.HOLD, act=Act(reason="wait"))
        loop_s[0] += 600.0
        room.clock.advance(600.0)
        resumed = await room.outbox.resume(batch.id, Act(reason="go on"))
        await computing.settle(resumed, to)
        assert (await room.outbox.batch(batch.id)).state is BatchState.SUBMITTING
        loop_s[0] += 180.0
        await computing.settle(resumed, to)
        assert (await room.outbox.batch(batch.id)).state is BatchState.HELD


async def test_what_a_person_holds_while_the_platform_is_asked_keeps_that_reason(
    tmp_path: Path,
) -> None:
    to, why = cast(Any, None), Waiting(trouble=held_by_hand("no consent yet"))
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        batch = await room.arrive()

        async def held_meanwhile(*_: object) -> bool:
            await room.outbox.move_batch(batch.id, BatchEvent.HOLD, waiting=why)
            return False

        computing = Computing(
            api=to, outbox=room.outbox, clock=room.clock, has_results=held_meanwhile
        )
        await computing.settle(await room.outbox.move_batch(batch.id, BatchEvent.SUBMIT), to)
        held = await room.outbox.batch(batch.id)
    assert (held.state, held.waiting) == (BatchState.HELD, why)
