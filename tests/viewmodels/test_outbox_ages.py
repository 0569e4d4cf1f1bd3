"""Whatever has not come to its end shows its age, and turns into a warning and an alarm by it."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from haut_desktop.domain.ageing import AGE_RULES, OVERDUE_AFTER_S, WAITS_LONG_AFTER_S
from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState
from haut_desktop.domain.outbox import OpenRegistration, VisitDelivery
from haut_desktop.domain.retraction import Retraction
from haut_desktop.domain.session import Connection
from haut_desktop.viewmodels.outbox_ages import aged_registration, unplaced_phrase
from haut_desktop.viewmodels.outbox_rows import OutboxRow, visit_row
from haut_desktop.viewmodels.outbox_words import Circumstances, registration_words
from haut_desktop.viewmodels.phrase import Mood
from tests.fakes.clock import START
from tests.viewmodels.deliveries import batch_of, make_delivery

FINAL = {
    ImageState.STORED,
    ImageState.ERASED,
    BatchState.RETRACTED,
    RegistrationState.REGISTERED,
}
LONG = START + timedelta(seconds=WAITS_LONG_AFTER_S)
OVERDUE = START + timedelta(seconds=OVERDUE_AFTER_S)


def around(now: datetime, connection: Connection = Connection.ONLINE) -> Circumstances:
    return Circumstances(now=now, connection=connection)


def finished(delivery: VisitDelivery) -> VisitDelivery:
    return replace(delivery, visit=replace(delivery.visit, finished_at=START))


def with_batch(state: BatchState) -> VisitDelivery:
    """A visit whose batch is in ``state``, with pictures that fit it."""
    has_arrived = state in (BatchState.SUBMITTING, BatchState.SUBMITTED)
    image = ImageState.STORED if has_arrived else ImageState.SEALED
    made = finished(make_delivery(image, batch=state))
    if state in (BatchState.RETRACTING, BatchState.RETRACTED):
        retraction = Retraction(reason="a test", asked_at=START, operator_id=None)
        made = replace(made, batches=(replace(batch_of(made), retraction=retraction),))
    return made


def batch_row_of(delivery: VisitDelivery, now: datetime) -> OutboxRow:
    return visit_row(delivery, around(now), {}).children[0]


def test_every_state_has_a_rule_and_only_an_end_has_none() -> None:
    states = {*ImageState, *BatchState, *RegistrationState}
    assert set(AGE_RULES) == states
    assert {state for state, rule in AGE_RULES.items() if rule is None} == FINAL


@pytest.mark.parametrize("state", BatchState)
def test_a_batch_turns_into_a_warning_and_into_an_alarm_by_its_age(state: BatchState) -> None:
    delivery = with_batch(state)
    long, overdue = (batch_row_of(delivery, now) for now in (LONG, OVERDUE))
    assert long.since <= START
    if state in FINAL:
        assert long.phrase == overdue.phrase == batch_row_of(delivery, START).phrase
        return
    assert long.phrase.mood is (Mood.BAD if state is BatchState.HELD else Mood.WARN)
    assert "1 h" in long.phrase.text
    assert overdue.phrase.mood is Mood.BAD
    assert "24 h" in overdue.phrase.text
    assert visit_row(delivery, around(OVERDUE), {}).phrase == overdue.phrase


@pytest.mark.parametrize("state", ImageState)
def test_a_picture_turns_into_a_warning_and_into_an_alarm_by_its_age(state: ImageState) -> None:
    delivery = finished(make_delivery(state))
    fresh, long, overdue = (
        batch_row_of(delivery, now).children[0] for now in (START, LONG, OVERDUE)
    )
    assert long.since <= START
    if state in FINAL:
        assert fresh.phrase == long.phrase == overdue.phrase
        return
    assert long.phrase.mood is (Mood.BAD if state is ImageState.HELD else Mood.WARN)
    assert "1 h" in long.phrase.text
    assert overdue.phrase.mood is Mood.BAD
    assert "24 h" in overdue.phrase.text


def test_the_age_counts_from_the_finish_and_not_from_the_cameras_clock() -> None:
    made = finished(make_delivery(ImageState.SEALED))
    taken_long_ago = replace(batch_of(made), created_at=START - timedelta(days=300))
    row = batch_row_of(replace(made, batches=(taken_long_ago,)), LONG)
    assert (row.since, row.children[0].since) == (START, START)
    rests = replace(taken_long_ago, not_before=LONG)
    assert batch_row_of(replace(made, batches=(rests,)), LONG).since == LONG


@pytest.mark.parametrize("state", RegistrationState)
def test_a_registration_turns_into_a_warning_and_into_an_alarm_by_its_age(
    state: RegistrationState,
) -> None:
    delivery = finished(make_delivery(ImageState.SEALED, registration=state))
    registration = delivery.registrations[0]
    tenant = None
    found = OpenRegistration(registration, "B-007", "Study", tenant, START)  # type: ignore[arg-type]
    moods = [
        aged_registration(registration_words(registration, around(now)), found, now).mood
        for now in (LONG, OVERDUE)
    ]
    if state is RegistrationState.REGISTERED:
        assert moods == [Mood.GOOD, Mood.GOOD]
        return
    is_held = state is RegistrationState.HELD
    assert moods == [Mood.BAD if is_held else Mood.WARN, Mood.BAD]
    # the pictures wait for it, and say so
    assert batch_row_of(delivery, LONG).phrase.mood is moods[0]
    assert batch_row_of(delivery, OVERDUE).phrase.mood is Mood.BAD


def test_what_keeps_everything_is_named_and_ages_as_well() -> None:
    delivery = finished(make_delivery(ImageState.SEALED))
    words = visit_row(delivery, around(OVERDUE, Connection.OFFLINE), {}).phrase
    assert words.text == "Waiting for the network, not sent for 24 h"
    assert words.mood is Mood.BAD


def test_what_waits_for_the_sending_times_is_no_warning_before_a_day() -> None:
    delivery = finished(make_delivery(ImageState.SEALED))
    closed = replace(around(LONG), opens_at=LONG + timedelta(hours=3))
    row = visit_row(delivery, closed, {}).children[0]
    assert row.phrase.text == "Sends again at 13:12 UTC"
    assert row.children[0].phrase.text == "Sealed here"
    overdue = replace(around(OVERDUE), opens_at=OVERDUE + timedelta(hours=3))
    assert visit_row(delivery, overdue, {}).phrase.mood is Mood.BAD


def test_a_visit_ages_from_the_end_of_its_rest() -> None:
    rests = finished(make_delivery(ImageState.SEALED, not_before=LONG))
    assert batch_row_of(rests, START).phrase.mood is Mood.ACCENT
    assert batch_row_of(rests, LONG).phrase.mood is Mood.NEUTRAL
    later = LONG + timedelta(seconds=WAITS_LONG_AFTER_S)
    assert batch_row_of(rests, later).phrase.text == "Waiting for its turn, not sent for 1 h"


def test_what_is_computed_or_stays_here_after_a_retraction_ages_no_more() -> None:
    computed = make_delivery(ImageState.STORED, batch=BatchState.SUBMITTED, is_computed=True)
    assert batch_row_of(computed, OVERDUE).phrase.mood is Mood.GOOD
    taken_back = batch_row_of(with_batch(BatchState.RETRACTED), OVERDUE).children[0]
    assert taken_back.phrase.text == "Not sent, sealed here"


def test_an_erased_picture_whose_file_is_still_here_ages() -> None:
    delivery = finished(make_delivery(ImageState.ERASED))
    original_id = batch_of(delivery).images[0].rendition.original_id
    erasing = replace(delivery, erasing={original_id: START})
    moods = [batch_row_of(erasing, now).children[0].phrase.mood for now in (START, LONG, OVERDUE)]
    assert moods == [Mood.ACCENT, Mood.WARN, Mood.BAD]


def test_pictures_that_nobody_has_placed_age() -> None:
    assert unplaced_phrase(0, None, START) is None
    fresh, long, overdue = (unplaced_phrase(2, START, now) for now in (START, LONG, OVERDUE))
    assert fresh is not None
    assert fresh.text == "2 pictures wait for you to say whose they are"
    assert fresh.mood is Mood.WARN
    assert long is not None
    assert long.text.endswith(", for 1 h")
    assert overdue is not None
    assert overdue.mood is Mood.BAD
