"""Every state of a delivery in words that a technician understands."""

from datetime import timedelta

import pytest

from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState, Waiting
from haut_desktop.domain.errors import (
    ContentMismatchError,
    ServerTroubleError,
    SignedOutError,
    UnreachableError,
)
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.domain.session import Connection
from haut_desktop.viewmodels.outbox_words import Circumstances, batch_words, image_words, worst
from haut_desktop.viewmodels.phrase import Mood, Phrase
from tests.fakes.clock import START
from tests.viewmodels.deliveries import batch_of, make_delivery, trouble_with

_SEALED, _UPLOADING = ImageState.SEALED, ImageState.UPLOADING
_STORED, _HELD, _UNSETTLED = ImageState.STORED, ImageState.HELD, ImageState.UNSETTLED
_NOW = Circumstances(START, "Europe/Berlin")


def _words(delivery: VisitDelivery, around: Circumstances = _NOW) -> Phrase:
    batch = batch_of(delivery)
    is_computed = batch.id in delivery.computed
    return batch_words(batch, around, delivery.registration_for(batch), is_computed=is_computed)


_SERVER = Waiting(1, START + timedelta(minutes=5), trouble_with(ServerTroubleError(503)))
_MISMATCH = Waiting(trouble=trouble_with(ContentMismatchError()))

_BATCHES = (
    (make_delivery(_SEALED), "Waiting for its turn", Mood.NEUTRAL),
    (
        make_delivery(_SEALED, not_before=START + timedelta(minutes=5)),
        "Resting until 10:17 CET",
        Mood.ACCENT,
    ),
    (make_delivery(_STORED, _UPLOADING, _SEALED), "Sending 2 of 3", Mood.ACCENT),
    (make_delivery(_STORED, _SEALED), "1 of 2 sent, more to come", Mood.ACCENT),
    (make_delivery(_UNSETTLED), "Asking what arrived", Mood.WARN),
    (make_delivery(_STORED, _HELD), "Held: 1 of 2 pictures", Mood.BAD),
    (make_delivery(_SEALED, waiting=_SERVER), "The platform has trouble", Mood.WARN),
    (
        make_delivery(_SEALED, waiting=Waiting(trouble=trouble_with(UnreachableError()))),
        "Waiting for the network",
        Mood.WARN,
    ),
    (
        make_delivery(_SEALED, waiting=Waiting(trouble=trouble_with(SignedOutError()))),
        "Waiting for sign-in",
        Mood.WARN,
    ),
    (
        make_delivery(_SEALED, registration=RegistrationState.DRAFT),
        "Registering the subject first",
        Mood.ACCENT,
    ),
    (
        make_delivery(_SEALED, registration=RegistrationState.HELD),
        "Held: the subject's registration",
        Mood.BAD,
    ),
    (make_delivery(_SEALED, batch=BatchState.INITIATING), "Starting", Mood.ACCENT),
    (
        make_delivery(_STORED, batch=BatchState.SUBMITTING),
        "All sent, asking for the analysis",
        Mood.ACCENT,
    ),
    (make_delivery(_STORED, batch=BatchState.SUBMITTED), "Arrived, being computed", Mood.GOOD),
    (
        make_delivery(_STORED, batch=BatchState.SUBMITTED, is_computed=True),
        "Arrived and computed",
        Mood.GOOD,
    ),
    (make_delivery(_SEALED, batch=BatchState.HELD), "Held by you", Mood.BAD),
    (
        make_delivery(_SEALED, batch=BatchState.HELD, waiting=_MISMATCH),
        "Held: Arrived changed",
        Mood.BAD,
    ),
    (make_delivery(_STORED, batch=BatchState.RETRACTED), "Taken back", Mood.NEUTRAL),
)


@pytest.mark.parametrize(("delivery", "text", "mood"), _BATCHES, ids=[b[1] for b in _BATCHES])
def test_a_batch_says_where_it_stands(delivery: VisitDelivery, text: str, mood: Mood) -> None:
    assert _words(delivery) == Phrase(text, mood)


@pytest.mark.parametrize(
    ("around", "text"),
    (
        (Circumstances(START, is_paused=True), "Paused by you"),
        (Circumstances(START, is_signed_in=False), "Waiting for sign-in"),
        (Circumstances(START, connection=Connection.OFFLINE), "Waiting for the network"),
        (
            Circumstances(START, connection=Connection.PORTAL),
            "Waiting: the network wants its own sign-in first",
        ),
    ),
)
def test_what_keeps_everything_back_is_said_on_the_row(around: Circumstances, text: str) -> None:
    assert _words(make_delivery(_SEALED), around).text == text


def test_a_picture_in_flight_is_told_even_while_paused() -> None:
    paused = Circumstances(START, is_paused=True)
    assert _words(make_delivery(_UPLOADING), paused).text == "Sending 1 of 1"


@pytest.mark.parametrize("state", tuple(ImageState))
def test_every_state_of_a_picture_has_words(state: ImageState) -> None:
    assert image_words(batch_of(make_delivery(state)).images[0]).text


@pytest.mark.parametrize("state", tuple(BatchState))
def test_every_state_of_a_batch_has_words(state: BatchState) -> None:
    assert _words(make_delivery(_STORED, batch=state)).text


def test_the_worst_phrase_stands_for_the_visit() -> None:
    good, bad = Phrase("Arrived", Mood.GOOD), Phrase("Held", Mood.BAD)
    assert worst([good, bad, Phrase("Sending", Mood.ACCENT)]) is bad
