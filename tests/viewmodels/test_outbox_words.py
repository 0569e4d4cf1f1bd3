"""Every state of a delivery in words that a technician understands."""

from dataclasses import replace
from datetime import timedelta

import pytest

from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    RegistrationState,
    Waiting,
    held_by_hand,
)
from haut_desktop.domain.errors import (
    ContentMismatchError,
    NotThePlatformError,
    OtherAccountError,
    OutcomeUnknownError,
    PermissionRefusedError,
    ServerTroubleError,
    SignedOutError,
    UnreachableError,
)
from haut_desktop.domain.former import NotAskedYetError, RebuiltError
from haut_desktop.domain.ids import CompanyId, PlatformBatchId
from haut_desktop.domain.outbox import OutboxSummary, VisitDelivery
from haut_desktop.domain.retraction import MAY_BE_THERE, Computed, Remnant, Retraction
from haut_desktop.domain.session import Connection
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.computing import NotShownYetError
from haut_desktop.viewmodels.outbox_held import HELD_TODOS
from haut_desktop.viewmodels.outbox_rows import visit_row
from haut_desktop.viewmodels.outbox_words import (
    Circumstances,
    batch_words,
    image_words,
    paused_words,
    waiting_words,
    worst,
)
from haut_desktop.viewmodels.phrase import Mood, Phrase
from tests.fakes.builders import make_proof
from tests.fakes.clock import START
from tests.faults.matrix.reasons import REASONS
from tests.viewmodels.deliveries import NOT_ALLOWED, batch_of, make_delivery, trouble_with
from tests.widgets.outbox_gallery import HELD, REGISTRATIONS, WAITING, troubled

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
    (
        make_delivery(
            _UNSETTLED, _STORED, waiting=Waiting(trouble=trouble_with(OutcomeUnknownError()))
        ),
        "Asking what arrived",
        Mood.WARN,
    ),
    (
        make_delivery(_UNSETTLED, waiting=Waiting(trouble=trouble_with(NotThePlatformError()))),
        "Waiting for the network",
        Mood.WARN,
    ),
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
    (
        make_delivery(
            _STORED,
            batch=BatchState.SUBMITTING,
            waiting=Waiting(trouble=trouble_with(NotShownYetError())),
        ),
        "Asking whether it is computed",
        Mood.WARN,
    ),
    (make_delivery(_STORED, batch=BatchState.SUBMITTED), "Arrived, being computed", Mood.GOOD),
    (
        make_delivery(_STORED, batch=BatchState.SUBMITTED, is_computed=True),
        "Arrived and computed",
        Mood.GOOD,
    ),
    (make_delivery(_SEALED, batch=BatchState.HELD), "Held by you", Mood.BAD),
    (
        make_delivery(
            _SEALED, batch=BatchState.HELD, waiting=Waiting(trouble=held_by_hand("no consent yet"))
        ),
        "Held by you",
        Mood.BAD,
    ),
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
        (
            Circumstances(START, opens_at=START.replace(hour=20, minute=0)),
            "Sends again at 20:00 UTC",
        ),
        (Circumstances(START, is_signed_in=False), "Waiting for sign-in"),
        (Circumstances(START, account_waits=NOT_ALLOWED), "Waiting for a right"),
        (
            Circumstances(START, is_signed_in=False, account_waits=NOT_ALLOWED),
            "Waiting for sign-in",
        ),
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


# ---- taken back and erased ---------------------------------------------------------------


def _taken_back(
    *states: ImageState, batch: BatchState, waiting: Waiting | None = None, ended: bool = True
) -> VisitDelivery:
    left = (Remnant(PlatformBatchId("there"), computed=Computed.YES),) if ended else ()
    retraction = Retraction(
        "wrong participant", START, ended_at=START if ended else None, left=left
    )
    made = make_delivery(*states, batch=batch, waiting=waiting)
    return replace(made, batches=(replace(batch_of(made), retraction=retraction),))


@pytest.mark.parametrize(
    ("delivery", "around", "text"),
    [
        (
            _taken_back(_STORED, batch=BatchState.RETRACTED),
            _NOW,
            "Taken back, a part is left there",
        ),
        (_taken_back(_STORED, batch=BatchState.RETRACTING, ended=False), _NOW, "Being taken back"),
        (_taken_back(_SEALED, batch=BatchState.INITIATING, ended=False), _NOW, "Being taken back"),
        (
            _taken_back(_STORED, batch=BatchState.RETRACTING, waiting=_SERVER, ended=False),
            _NOW,
            "Being taken back, waiting",
        ),
        (
            _taken_back(_STORED, batch=BatchState.RETRACTING, ended=False),
            replace(_NOW, connection=Connection.OFFLINE),
            "Being taken back, waiting",
        ),
        (
            _taken_back(_STORED, batch=BatchState.RETRACTING, ended=False),
            replace(_NOW, account_waits=Waiting(0, None, trouble_with(PermissionRefusedError()))),
            "Being taken back, waiting for a right",
        ),
        (
            _taken_back(
                _STORED,
                batch=BatchState.RETRACTING,
                waiting=Waiting(0, None, trouble_with(OtherAccountError())),
                ended=False,
            ),
            _NOW,
            "Being taken back, waiting for an account of its company",
        ),
        (
            _taken_back(_STORED, batch=BatchState.RETRACTING, ended=False),
            replace(_NOW, needs=Tenant("https://saas.haut.ai", CompanyId("7"))),
            "Being taken back, waiting for an account of its company",
        ),
    ],
)
def test_a_batch_that_is_taken_back_says_so(
    delivery: VisitDelivery, around: Circumstances, text: str
) -> None:
    assert _words(delivery, around).text == text


def test_a_doubt_about_what_is_left_is_said_as_one() -> None:
    retraction = Retraction("wrong participant", START, ended_at=START, left=(MAY_BE_THERE,))
    made = make_delivery(_SEALED, batch=BatchState.RETRACTED)
    delivery = replace(made, batches=(replace(batch_of(made), retraction=retraction),))
    assert _words(delivery).text == "Taken back, perhaps a part is left there"


def test_what_was_not_sent_of_a_taken_back_batch_is_no_trouble() -> None:
    held = batch_of(make_delivery(_HELD, image_waiting=_MISMATCH)).images[0]
    assert image_words(held, is_taken_back=True) == Phrase("No proof it arrived, sealed here")
    sealed = batch_of(make_delivery(ImageState.SEALED)).images[0]
    assert image_words(sealed, is_taken_back=True) == Phrase("Not sent, sealed here")


def test_an_erased_picture_says_whether_it_had_arrived() -> None:
    erased = batch_of(make_delivery(ImageState.ERASED)).images[0]
    assert image_words(erased).text == "Erased, no proof it arrived"
    assert image_words(replace(erased, proof=make_proof())).text == "Arrived, erased here"


def test_a_missing_right_is_no_missing_sign_in() -> None:
    waiting = Waiting(trouble=trouble_with(PermissionRefusedError()))
    words = waiting_words(waiting)
    assert words is not None
    assert words.text == "Waiting for a right"


def test_the_gallery_shows_everything_that_only_a_person_decides() -> None:
    batches = [batch for delivery in troubled() for batch in delivery.batches]
    registrations = [one for delivery in troubled() for one in delivery.registrations]
    waiting = [*(one.waiting for one in batches), *(one.waiting for one in registrations)]
    shown = {each.trouble.kind for each in waiting if each.trouble}
    assert shown >= {*REASONS, *HELD_TODOS}
    states = {batch.state for batch in batches}
    assert states >= {BatchState.HELD, BatchState.RETRACTING, BatchState.RETRACTED}


def test_the_gallery_shows_every_kind_of_trouble_in_words() -> None:
    around = Circumstances(START)
    rows = {d.subject_code: visit_row(d, around, {}) for d in troubled()}
    assert len(rows) == len(troubled())
    assert all(rows[code].trouble for code in (*WAITING, *HELD))
    assert all(rows[code].phrase.mood is Mood.BAD for code in (*HELD, *REGISTRATIONS))
    assert all(rows[code].phrase.mood is Mood.WARN for code in WAITING)


@pytest.mark.parametrize(
    ("uploading", "words"),
    [
        (0, "Sending is paused"),
        (1, "Paused: the picture under way is still being sent"),
        (3, "Paused: the 3 pictures under way are still being sent"),
    ],
)
def test_a_pause_says_what_is_still_on_its_way(uploading: int, words: str) -> None:
    assert paused_words(OutboxSummary(is_paused=True, uploading=uploading)) == words


_NOT_ASKED = Waiting(trouble=trouble_with(NotAskedYetError()))
_RIGHT = trouble_with(PermissionRefusedError()).message


@pytest.mark.parametrize(
    ("around", "registration", "rests", "words"),
    (
        (_NOW, RegistrationState.REGISTERED, False, "The station asks by itself"),
        (replace(_NOW, is_paused=True), RegistrationState.REGISTERED, False, "Sending is paused"),
        (replace(_NOW, is_signed_in=False), RegistrationState.DRAFT, False, "sign in, and"),
        (replace(_NOW, account_waits=NOT_ALLOWED), RegistrationState.REGISTERED, False, _RIGHT),
        (
            replace(_NOW, opens_at=START + timedelta(hours=8)),
            RegistrationState.REGISTERED,
            False,
            "from 18:12 CET on",
        ),
        (
            replace(_NOW, connection=Connection.OFFLINE),
            RegistrationState.REGISTERED,
            False,
            "can't be reached just now",
        ),
        (
            replace(_NOW, connection=Connection.PORTAL),
            RegistrationState.REGISTERED,
            False,
            "open a web browser",
        ),
        (
            replace(_NOW, connection=Connection.TROUBLE),
            RegistrationState.REGISTERED,
            False,
            "The platform has trouble",
        ),
        (
            replace(_NOW, needs=Tenant("https://there.example", CompanyId("theirs"))),
            RegistrationState.REGISTERED,
            False,
            "sign in to company theirs",
        ),
        (_NOW, RegistrationState.DRAFT, False, "is registered on the platform first"),
        (_NOW, RegistrationState.HELD, False, "decide about it first"),
        (_NOW, RegistrationState.REGISTERED, True, "rests until 10:17 CET"),
    ),
)
def test_what_was_not_asked_for_yet_says_what_keeps_the_asking_back(
    around: Circumstances, registration: RegistrationState, rests: bool, words: str
) -> None:
    not_before = START + timedelta(minutes=5) if rests else None
    delivery = make_delivery(
        _SEALED, waiting=_NOT_ASKED, registration=registration, not_before=not_before
    )
    (row,) = visit_row(delivery, around, {}).children
    assert row.trouble is not None
    assert row.trouble.message.startswith(NotAskedYetError().message)
    assert words in row.trouble.message.removeprefix(NotAskedYetError().message)


def test_what_a_rebuild_brought_back_says_what_comes_next_and_what_keeps_it() -> None:
    delivery = make_delivery(_SEALED, waiting=Waiting(trouble=trouble_with(RebuiltError())))
    (row,) = visit_row(delivery, _NOW, {}).children
    assert row.phrase.text == "Asking the platform what it has"
    (row,) = visit_row(delivery, replace(_NOW, is_paused=True), {}).children
    assert row.trouble is not None
    assert "only what is missing there is sent" in row.trouble.message
    assert "let sending go on" in row.trouble.message
