"""The outbox's rows, its model, and what a person does with them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState, Waiting
from haut_desktop.domain.errors import (
    ContentMismatchError,
    HautError,
    ServerTroubleError,
    StoreBusyError,
)
from haut_desktop.domain.ids import CompanyId, ImageId, PlatformBatchId, PlatformImageId, VisitId
from haut_desktop.domain.outbox import OutboxSummary, VisitDelivery
from haut_desktop.domain.retraction import MAY_BE_THERE, Computed, Remnant, Retraction
from haut_desktop.domain.session import Account, Connection
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.changes import Change, Changes, Progress, Topic
from haut_desktop.services.tasks import TaskScope
from haut_desktop.viewmodels.outbox import OutboxViewModel, PageState, head_words
from haut_desktop.viewmodels.outbox_confirm import confirmation_of
from haut_desktop.viewmodels.outbox_late import TODOS
from haut_desktop.viewmodels.outbox_model import OutboxColumn, OutboxModel
from haut_desktop.viewmodels.outbox_rows import Deed, visit_row
from haut_desktop.viewmodels.outbox_words import Circumstances
from haut_desktop.viewmodels.phrase import Mood, Phrase
from tests.fakes.clock import START, FakeClock
from tests.viewmodels.deliveries import (
    NOT_ALLOWED,
    FakeOutbox,
    batch_of,
    make_delivery,
    trouble_with,
)
from tests.viewmodels.outbox_desks import FakeSession, outbox_model
from tests.waiting import emitted, eventually

_SEALED, _STORED = ImageState.SEALED, ImageState.STORED
_NOW = Circumstances(START)


@dataclass
class Desk:
    """The view model with the fakes behind it."""

    outbox: FakeOutbox
    model: OutboxViewModel
    changes: Changes
    reopened: list[VisitId]
    sent_now: list[VisitId]
    session: FakeSession


@pytest_asyncio.fixture
async def desk(qtbot: QtBot) -> AsyncIterator[Desk]:
    errors: list[HautError] = []
    outbox, changes = FakeOutbox(), Changes()
    reopened, sent_now = list[VisitId](), list[VisitId]()
    tasks = TaskScope("test", errors.append)

    async def reopen(visit_id: VisitId) -> None:
        reopened.append(visit_id)

    async def send_now(visit_id: VisitId) -> None:
        sent_now.append(visit_id)

    session = FakeSession()
    made = outbox_model(
        outbox, session=session, reopen=reopen, send_now=send_now, changes=changes, tasks=tasks
    )
    yield Desk(outbox, made, changes, reopened, sent_now, session)
    made.close()
    await tasks.aclose()
    assert not errors


# ---- rows


@pytest.mark.parametrize(
    ("state", "minutes", "words", "title"),
    (
        (BatchState.OPEN, 14, "2 of 2 sent, more to come", None),
        (
            BatchState.OPEN,
            15,
            "Arrived, not computed for 15 min",
            "The analysis is not asked for yet",
        ),
        (
            BatchState.SUBMITTING,
            180,
            "Arrived, not computed for 3 h",
            "The analysis is not asked for yet",
        ),
        (BatchState.SUBMITTED, 9, "Arrived, being computed", None),
        (BatchState.SUBMITTED, 10, "Arrived, results late: 10 min", "The results are late"),
    ),
)
def test_what_takes_too_long_is_a_warning_by_its_age(
    state: BatchState, minutes: int, words: str, title: str | None
) -> None:
    around = Circumstances(START + timedelta(minutes=minutes))
    row = visit_row(make_delivery(_STORED, _STORED, batch=state), around, {})
    assert row.phrase.text == words
    assert (row.trouble.title if row.trouble else None) == title
    assert (row.phrase.mood is Mood.WARN) is (title is not None)
    assert (Deed.RETRY in row.deeds) is (title is not None)


def test_results_that_are_here_and_a_batch_that_is_held_are_not_late() -> None:
    around = Circumstances(START + timedelta(days=3))
    computed = make_delivery(_STORED, batch=BatchState.SUBMITTED, is_computed=True)
    held = make_delivery(_STORED, batch=BatchState.HELD)
    assert visit_row(computed, around, {}).phrase.text == "Arrived and computed"
    assert visit_row(held, around, {}).phrase.text == "Held by you, for 3 days"


@pytest.mark.parametrize(
    ("obstacle", "words", "mood"),
    (
        ({"is_signed_in": False}, "Waiting for sign-in, not computed for 3 h", Mood.WARN),
        ({"is_paused": True}, "Paused by you, not computed for 3 h", Mood.WARN),
        (
            {"connection": Connection.OFFLINE},
            "Waiting for the network, not computed for 3 h",
            Mood.WARN,
        ),
        (
            {"opens_at": START + timedelta(hours=8)},
            "Sends again at 17:12 UTC, not computed for 3 h",
            Mood.ACCENT,
        ),
    ),
)
def test_what_is_late_names_the_obstacle_and_advises_nothing_that_cannot_help(
    obstacle: dict[str, Any], words: str, mood: Mood
) -> None:
    around = Circumstances(START + timedelta(hours=3), **obstacle)
    row = visit_row(make_delivery(_STORED), around, {})
    assert row.phrase == Phrase(words, mood)
    assert row.trouble is not None
    assert words.split(",")[0] in row.trouble.message
    assert "at once" not in TODOS[row.trouble.kind]


def test_results_stay_away_behind_no_obstacle_that_is_only_about_sending() -> None:
    sent = make_delivery(_STORED, batch=BatchState.SUBMITTED)
    paused = Circumstances(
        START + timedelta(hours=3), is_paused=True, opens_at=START + timedelta(hours=8)
    )
    assert visit_row(sent, paused, {}).phrase.text == "Arrived, results late: 3 h"
    out = replace(paused, is_signed_in=False)
    assert visit_row(sent, out, {}).phrase.text == "Waiting for sign-in, results late: 3 h"


def test_a_late_batch_keeps_the_reason_that_is_known() -> None:
    waiting = Waiting(1, None, trouble_with(ServerTroubleError(503)))
    around = Circumstances(START + timedelta(hours=1))
    row = visit_row(make_delivery(_STORED, waiting=waiting), around, {})
    assert row.phrase.text == "Arrived, not computed for 1 h"
    assert row.trouble == waiting.trouble


def test_a_visit_behind_a_refused_account_says_what_keeps_it_and_until_when() -> None:
    row = visit_row(
        make_delivery(_SEALED, _SEALED), Circumstances(START, account_waits=NOT_ALLOWED), {}
    )
    assert row.phrase.text == "Waiting for a right"
    assert row.trouble == NOT_ALLOWED.trouble
    assert row.next_try == NOT_ALLOWED.retry_at
    assert Deed.RETRY in row.deeds


def test_a_refused_account_is_told_of_only_where_it_keeps_something_back() -> None:
    around = Circumstances(START, account_waits=NOT_ALLOWED)
    resting = make_delivery(_SEALED, not_before=START + timedelta(minutes=5))
    arrived = make_delivery(_STORED, batch=BatchState.SUBMITTED)
    for delivery in (resting, arrived):
        row = visit_row(delivery, around, {})
        assert row.trouble is None
        assert Deed.RETRY not in row.deeds
        assert row.next_try != NOT_ALLOWED.retry_at


_THEIRS = Tenant("https://saas.haut.ai", CompanyId("7"))
_OURS = replace(_THEIRS, company_id=CompanyId("8"))


def test_another_companys_visit_says_whose_account_it_needs() -> None:
    theirs = replace(make_delivery(_SEALED), tenant=_THEIRS, study="Night cream")
    around = Circumstances(START, account_waits=NOT_ALLOWED, tenant=_OURS)
    row = visit_row(theirs, around, {})
    assert row.phrase == Phrase("Waiting for an account of its company", Mood.WARN)
    assert row.trouble is not None
    assert row.trouble.kind == "OtherAccountError"
    assert "“Night cream” of company 7 on https://saas.haut.ai" in row.trouble.message
    # what this account was told, and trying now, have nothing to do with it
    assert row.next_try is None
    assert Deed.RETRY not in row.deeds


def test_whose_account_it_needs_is_said_only_where_it_matters() -> None:
    theirs, own = Circumstances(START, tenant=_OURS), Circumstances(START, tenant=_THEIRS)
    resting = replace(
        make_delivery(_SEALED, not_before=START + timedelta(minutes=5)), tenant=_THEIRS
    )
    arrived = replace(
        make_delivery(_STORED, batch=BatchState.SUBMITTED, is_computed=True), tenant=_THEIRS
    )
    assert visit_row(resting, theirs, {}).trouble is None
    assert visit_row(arrived, theirs, {}).trouble is None
    waiting = replace(make_delivery(_SEALED), tenant=_THEIRS)
    for around in (own, Circumstances(START)):
        row = visit_row(waiting, around, {})
        assert (row.phrase.text, row.trouble) == ("Waiting for its turn", None)


async def test_the_view_model_knows_whose_account_is_signed_in(desk: Desk) -> None:
    desk.session.account = Account(_OURS.server, _OURS.company_id, 1, "somebody")
    desk.outbox.deliveries = (replace(make_delivery(_SEALED), tenant=_THEIRS),)
    async with emitted(desk.model.rows_changed):
        desk.model.refresh()
    row = desk.model.model.row_at(desk.model.model.index(0, 0))
    assert row is not None
    assert row.phrase.text == "Waiting for an account of its company"


async def test_the_head_says_when_a_refused_account_is_looked_at_again(desk: Desk) -> None:
    desk.outbox.account_waits = NOT_ALLOWED
    desk.outbox.total = OutboxSummary(waiting_images=3)
    async with emitted(desk.model.head_changed):
        desk.model.start()
    obstacle = desk.model.head.obstacle
    assert obstacle is not None
    assert obstacle.text == "Waiting for a right, looks again at 10:12 UTC"


def test_a_visit_opens_to_its_batch_and_pictures() -> None:
    row = visit_row(make_delivery(_STORED, _SEALED), _NOW, {})
    (batch,) = row.children
    assert row.title == "B-007  ·  Week 4"
    assert [picture.title for picture in batch.children] == ["Front", "Left"]


def test_progress_counts_the_bytes_in_flight() -> None:
    delivery = make_delivery(ImageState.UPLOADING)
    image = batch_of(delivery).images[0]
    sent = {image.id: image.rendition.digest.size_bytes // 2}
    assert visit_row(delivery, _NOW, sent).progress == pytest.approx(0.5, abs=0.02)


def test_a_resting_visit_can_be_reopened() -> None:
    row = visit_row(make_delivery(_SEALED, _SEALED), _NOW, {})
    assert Deed.REOPEN in row.deeds


def test_a_visit_that_has_begun_to_go_cannot_be_reopened() -> None:
    row = visit_row(make_delivery(_STORED, _SEALED), _NOW, {})
    assert Deed.REOPEN not in row.deeds


def test_a_visit_that_may_have_begun_to_go_is_taken_back_not_reopened() -> None:
    made = make_delivery(_SEALED)
    row = visit_row(replace(made, begun=frozenset({batch_of(made).id})), _NOW, {})
    assert Deed.REOPEN not in row.deeds
    assert Deed.RETRACT in row.children[0].deeds


def test_a_resting_visit_can_be_sent_now() -> None:
    resting = make_delivery(_SEALED, not_before=START + timedelta(minutes=5))
    assert Deed.SEND_NOW in visit_row(resting, _NOW, {}).deeds


def test_a_visit_whose_rest_is_over_is_not_sent_again() -> None:
    rested = make_delivery(_SEALED, not_before=START - timedelta(minutes=5))
    assert Deed.SEND_NOW not in visit_row(rested, _NOW, {}).deeds


def _taken_back(*left: Remnant, batch: BatchState = BatchState.RETRACTED) -> VisitDelivery:
    ended = START if batch is BatchState.RETRACTED else None
    retraction = Retraction("wrong participant", START, ended_at=ended, left=left)
    made = make_delivery(_STORED, _SEALED, batch=batch)
    return replace(made, batches=(replace(batch_of(made), retraction=retraction),))


def test_what_has_left_can_be_taken_back_and_what_rests_is_reopened() -> None:
    sent = visit_row(make_delivery(_STORED, batch=BatchState.SUBMITTED), _NOW, {})
    resting = visit_row(make_delivery(_SEALED), _NOW, {})
    held = visit_row(make_delivery(_STORED, batch=BatchState.HELD), _NOW, {})
    assert Deed.RETRACT in sent.deeds
    assert Deed.RETRACT in sent.children[0].deeds
    assert Deed.RETRACT in held.deeds
    assert Deed.RETRACT not in resting.deeds


def test_a_batch_that_was_taken_back_can_be_reopened_and_says_what_is_left() -> None:
    left = Remnant(PlatformBatchId("there-1"), (PlatformImageId("p-1"),), Computed.UNKNOWN)
    row = visit_row(_taken_back(left), _NOW, {})
    facts = dict(row.children[0].facts)
    assert row.deeds == {Deed.REOPEN, Deed.RECEIPTS}
    assert facts["Taken back because"] == "wrong participant"
    assert facts["Left on the platform"] == "1 picture. Nobody can say whether it was computed."
    assert (facts["Batch there"], facts["Pictures there"]) == ("there-1", "p-1")
    assert "administrator" in facts["What to do"]


def test_a_doubt_sends_to_the_portal_and_names_no_numbers() -> None:
    row = visit_row(_taken_back(MAY_BE_THERE), _NOW, {})
    facts = dict(row.children[0].facts)
    assert facts["Left on the platform"].startswith("Perhaps pictures that were sent before")
    assert "Batch there" not in facts
    assert "portal" in facts["What to do"]
    assert "numbers" not in facts["What to do"]


def test_a_batch_of_which_nothing_is_left_says_so() -> None:
    facts = dict(visit_row(_taken_back(), _NOW, {}).children[0].facts)
    assert facts["Left on the platform"] == "Nothing."
    assert "What to do" not in facts


def test_while_it_is_taken_back_nothing_else_can_be_done() -> None:
    row = visit_row(_taken_back(batch=BatchState.RETRACTING), _NOW, {})
    assert row.deeds == {Deed.RECEIPTS}
    assert [child.deeds for child in row.children[0].children] == [frozenset(), frozenset()]


@pytest.mark.parametrize(
    ("state", "batch", "can"),
    [
        (_STORED, BatchState.SUBMITTED, True),
        (_SEALED, BatchState.OPEN, True),
        (ImageState.HELD, BatchState.OPEN, True),
        (ImageState.UPLOADING, BatchState.OPEN, False),
        (ImageState.UNSETTLED, BatchState.OPEN, False),
        (_STORED, BatchState.SUBMITTING, False),
        (ImageState.ERASED, BatchState.SUBMITTED, False),
    ],
)
def test_only_a_picture_whose_fate_is_known_can_be_erased(
    state: ImageState, batch: BatchState, can: bool
) -> None:
    picture = visit_row(make_delivery(state, batch=batch), _NOW, {}).children[0].children[0]
    assert (Deed.ERASE in picture.deeds) is can


def test_what_nobody_knows_can_be_erased_once_its_batch_was_taken_back() -> None:
    deeds = []
    for state in (BatchState.OPEN, BatchState.RETRACTED):
        delivery = make_delivery(ImageState.HELD, batch=state)
        batch = batch_of(delivery)
        images = tuple(replace(i, held_from=ImageState.UNSETTLED) for i in batch.images)
        unknown = replace(delivery, batches=(replace(batch, images=images),))
        picture = visit_row(unknown, _NOW, {}).children[0].children[0]
        deeds.append(Deed.ERASE in picture.deeds)
    assert deeds == [False, True]


def test_a_batch_says_what_it_replaces_and_what_replaced_it() -> None:
    old, new = _taken_back(), make_delivery(_STORED)
    second = replace(batch_of(new), supersedes=batch_of(old).id)
    row = visit_row(replace(old, batches=(batch_of(old), second)), _NOW, {})
    first_facts, second_facts = (dict(child.facts) for child in row.children)
    assert first_facts["Replaced by"] == "Batch 2"
    assert second_facts["Replaces"] == "Batch 1 (taken back)"
    assert [child.title for child in row.children] == [
        "Batch 1  ·  2 pictures",
        "Batch 2  ·  1 picture",
    ]


async def test_a_visit_is_taken_back_with_all_that_has_left(desk: Desk) -> None:
    sent = make_delivery(_STORED, batch=BatchState.SUBMITTED)
    desk.model.retract(visit_row(sent, _NOW, {}), "wrong participant")
    await eventually(lambda: desk.outbox.done)
    assert desk.outbox.done == [("retract", batch_of(sent).id, "wrong participant")]


async def test_a_picture_is_erased_by_its_original(desk: Desk) -> None:
    sent = make_delivery(_STORED, batch=BatchState.SUBMITTED)
    picture = visit_row(sent, _NOW, {}).children[0].children[0]
    desk.model.erase(picture, "the subject asked for it")
    await eventually(lambda: desk.outbox.done)
    original_id = batch_of(sent).images[0].rendition.original_id
    assert desk.outbox.done == [("erase", original_id, "the subject asked for it")]


def test_the_two_steps_say_what_stays_and_what_goes() -> None:
    sent = visit_row(make_delivery(_STORED, batch=BatchState.SUBMITTED), _NOW, {})
    waiting = visit_row(make_delivery(_SEALED), _NOW, {})
    (there,) = sent.children[0].children
    (here,) = waiting.children[0].children
    assert "stays there" in " ".join(confirmation_of(Deed.ERASE, there).meaning)
    assert "Nothing proves" in " ".join(confirmation_of(Deed.ERASE, here).meaning)
    assert "deletes nothing" in " ".join(confirmation_of(Deed.RETRACT, sent).meaning)
    assert confirmation_of(Deed.ERASE, there).about == "B-007  ·  Week 4  ·  Front"


def test_taking_a_visit_back_names_what_goes_and_nothing_else() -> None:
    visit = make_delivery(_STORED, _STORED, batch=BatchState.SUBMITTED)
    second = make_delivery(ImageState.UPLOADING).batches[0]
    gone = make_delivery(_STORED, batch=BatchState.RETRACTED).batches[0]
    row = visit_row(replace(visit, batches=(*visit.batches, second, gone)), _NOW, {})
    about = confirmation_of(Deed.RETRACT, row).about.splitlines()
    assert about[0] == "B-007  ·  Week 4"
    assert about[1].endswith("2 pictures: front, left")
    assert about[2].endswith("1 picture: front")
    assert len(about) == 3
    assert confirmation_of(Deed.RETRACT, row.children[0]).about.endswith("front, left")


def test_bytes_that_left_are_no_copy_on_the_platform() -> None:
    held = make_delivery(ImageState.HELD)
    image = batch_of(held).images[0]
    sent = {image.id: image.rendition.digest.size_bytes}
    (picture,) = visit_row(held, _NOW, sent).children[0].children
    assert "Nothing proves" in " ".join(confirmation_of(Deed.ERASE, picture).meaning)


def test_a_held_registration_waits_for_a_decision() -> None:
    row = visit_row(make_delivery(_SEALED, registration=RegistrationState.HELD), _NOW, {})
    assert Deed.DECIDE in row.deeds
    assert row.held_registration is not None
    assert row.held_registration.state is RegistrationState.HELD


def test_a_held_registration_of_pictures_that_arrived_needs_nobody() -> None:
    delivery = make_delivery(
        _STORED, batch=BatchState.SUBMITTED, registration=RegistrationState.HELD
    )
    assert Deed.DECIDE not in visit_row(delivery, _NOW, {}).deeds


def test_a_held_picture_shows_its_trouble_and_can_be_released() -> None:
    waiting = Waiting(trouble=trouble_with(ContentMismatchError()))
    row = visit_row(make_delivery(ImageState.HELD, image_waiting=waiting), _NOW, {})
    assert row.trouble == waiting.trouble
    assert Deed.RELEASE in row.deeds


# ---- model


def test_the_model_keeps_qts_rules(qtmodeltester: ModelTester) -> None:
    model = OutboxModel(FakeClock())
    model.show(visit_row(make_delivery(_STORED, _SEALED), _NOW, {}) for _ in range(3))
    qtmodeltester.check(model)  # type: ignore[no-untyped-call] # pytest-qt has no types here


def test_the_same_things_are_refreshed_in_place(qtbot: QtBot) -> None:
    model = OutboxModel(FakeClock())
    delivery = make_delivery(_SEALED)
    model.show([visit_row(delivery, _NOW, {})])
    later = Circumstances(START, is_paused=True)
    with qtbot.assertNotEmitted(model.modelReset), qtbot.waitSignal(model.dataChanged):
        model.show([visit_row(delivery, later, {})])
    assert model.index(0, OutboxColumn.STATE).data() == "Paused by you"


def test_a_row_is_found_by_its_id() -> None:
    model = OutboxModel(FakeClock())
    delivery = make_delivery(_SEALED, _STORED)
    model.show([visit_row(delivery, _NOW, {})])
    index = model.find(batch_of(delivery).images[1].id)
    assert index.data() == "Left"
    assert not model.find("gone").isValid()


# ---- view model


async def test_an_empty_outbox_says_so(desk: Desk) -> None:
    async with emitted(desk.model.state_changed) as emission:
        desk.model.refresh()
    assert emission.args == (PageState.EMPTY,)


async def test_news_are_read_again(desk: Desk) -> None:
    desk.outbox.deliveries = (make_delivery(_SEALED),)
    async with emitted(desk.model.rows_changed):
        desk.changes.send(Change(Topic.OUTBOX))
    await eventually(lambda: desk.model.state is PageState.READY)
    assert desk.model.model.rowCount() == 1


async def test_a_failed_read_is_shown(desk: Desk) -> None:
    desk.outbox.trouble = StoreBusyError()
    async with emitted(desk.model.state_changed) as emission:
        desk.model.refresh()
    assert emission.args == (PageState.FAILED,)
    assert desk.model.error is desk.outbox.trouble


async def test_progress_moves_the_rows_while_the_page_is_seen(desk: Desk) -> None:
    delivery = make_delivery(ImageState.UPLOADING)
    image = batch_of(delivery).images[0]
    desk.outbox.deliveries = (delivery,)
    desk.model.start()
    await eventually(lambda: desk.model.state is PageState.READY)
    size_bytes = image.rendition.digest.size_bytes
    desk.outbox.progress.send(Progress(ImageId(image.id), size_bytes, size_bytes))
    cell = desk.model.model.index(0, OutboxColumn.PROGRESS)
    await eventually(lambda: cell.data() == "100%")


async def test_holding_a_visit_holds_its_batches_with_the_reason(desk: Desk) -> None:
    delivery = make_delivery(_SEALED)
    desk.model.hold(visit_row(delivery, _NOW, {}), "wrong subject?")
    await eventually(lambda: desk.outbox.done)
    assert desk.outbox.done == [("hold", batch_of(delivery).id, "wrong subject?")]


async def test_releasing_a_picture_releases_its_batch(desk: Desk) -> None:
    delivery = make_delivery(ImageState.HELD)
    desk.model.release(visit_row(delivery, _NOW, {}).children[0].children[0])
    await eventually(lambda: desk.outbox.done)
    assert desk.outbox.done == [("release", batch_of(delivery).id)]


async def test_a_lost_computation_is_asked_for_again_with_a_reason(desk: Desk) -> None:
    delivery = make_delivery(_STORED, batch=BatchState.HELD)
    row = visit_row(delivery, _NOW, {})
    desk.model.compute_again(row.children[0], "no results on the platform")
    await eventually(lambda: desk.outbox.done)
    assert desk.outbox.done[0][0] == "compute"


async def test_reopening_goes_to_the_capture_service(desk: Desk) -> None:
    delivery = make_delivery(_SEALED)
    desk.model.reopen(visit_row(delivery, _NOW, {}))
    await eventually(lambda: desk.reopened)
    assert desk.reopened == [delivery.visit.id]


async def test_pausing_is_toggled(desk: Desk) -> None:
    desk.model.toggle_pause()
    await eventually(lambda: desk.model.head.summary.is_paused)
    desk.model.toggle_pause()
    await eventually(lambda: not desk.model.head.summary.is_paused)


# ---- the line above


def test_the_head_says_what_was_sent_and_what_waits() -> None:
    summary = OutboxSummary(
        waiting_images=12,
        waiting_bytes=38_000_000,
        held=1,
        unsettled=2,
        last_sent_at=START - timedelta(minutes=3),
    )
    assert head_words(summary, FakeClock()) == (
        "Last sent 3 min ago  ·  12 pictures waiting (38.0 MB)  ·  2 being asked for  ·  1 held"
    )


def test_the_head_of_a_new_station_says_that_nothing_waits() -> None:
    assert head_words(OutboxSummary(), FakeClock()) == "Nothing to send"


async def test_a_resting_visit_is_sent_now(desk: Desk) -> None:
    resting = make_delivery(_SEALED, not_before=START + timedelta(minutes=5))
    desk.model.send_now(visit_row(resting, _NOW, {}))
    await eventually(lambda: desk.sent_now)
    assert desk.sent_now == [resting.visit.id]


async def test_another_rest_is_set_and_told_again(desk: Desk) -> None:
    rules = replace(desk.model.rules, rest_minutes=15)
    desk.model.set_rules(rules)
    await eventually(lambda: desk.outbox.rules == rules)
    assert desk.model.rules == rules
