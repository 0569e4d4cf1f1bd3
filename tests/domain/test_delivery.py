"""The state machine moves along its table and nowhere else."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haut_desktop.domain.delivery import (
    CANNOT_BE_HELD,
    TRANSITIONS,
    BatchEvent,
    BatchState,
    ImageEvent,
    ImageState,
    RegistrationEvent,
    RegistrationState,
    RetryPolicy,
    TransitionError,
    advance,
)

MACHINES = (
    (ImageState, ImageEvent),
    (BatchState, BatchEvent),
    (RegistrationState, RegistrationEvent),
)
MOVES = [(s, e) for states, events in MACHINES for s, e in product(states, events)]


@pytest.mark.parametrize(("state", "event"), MOVES)
def test_every_move_is_in_the_table_or_refused(state: ImageState, event: ImageEvent) -> None:
    held_from = type(state)("HELD") if event.value == "resume" else None
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    elif event.value == "hold" and state not in CANNOT_BE_HELD:
        assert advance(state, event).value == "HELD"
    elif event.value == "resume" and state.value == "HELD":
        assert advance(state, event, held_from=held_from) is held_from
    else:
        with pytest.raises(TransitionError):
            advance(state, event, held_from=held_from)


@pytest.mark.parametrize("state", [s for states, _ in MACHINES for s in states])
def test_held_thing_goes_back_to_where_it_was_held(state: ImageState) -> None:
    if state in CANNOT_BE_HELD:
        return
    hold, resume = next(
        (e("hold"), e("resume")) for states, e in MACHINES if isinstance(state, states)
    )
    assert advance(advance(state, hold), resume, held_from=state) is state


def test_held_thing_without_a_memory_of_its_place_is_not_resumed() -> None:
    with pytest.raises(TransitionError):
        advance(ImageState.HELD, ImageEvent.RESUME)


def test_event_of_another_machine_is_refused() -> None:
    with pytest.raises(TransitionError):
        advance(ImageState.SEALED, BatchEvent.SUBMIT)


def test_stored_picture_is_never_sent_again_unless_its_batch_is_abandoned() -> None:
    ways = {e for (s, e), t in TRANSITIONS.items() if s is ImageState.STORED and t != "ERASED"}
    assert ways == {ImageEvent.ABANDON}


def test_erased_picture_and_retracted_batch_have_no_way_out() -> None:
    assert not [e for (s, e) in TRANSITIONS if s in (ImageState.ERASED, BatchState.RETRACTED)]


@given(failures=st.integers(1, 1000), chance=st.floats(0, 0.999))
def test_delays_grow_to_the_last_and_stay_within_their_jitter(failures: int, chance: float) -> None:
    policy = RetryPolicy()
    base = policy.delays_s[min(failures, len(policy.delays_s)) - 1]
    assert base <= policy.delay_s(failures, chance=chance) <= base * (1 + policy.jitter)
