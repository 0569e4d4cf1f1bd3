"""Delivery's state machine: one enum, one table and one pure function for each thing that moves.

 image         SEALED → UPLOADING → STORED          UPLOADING → UNSETTLED → STORED | SEALED | HELD
               STORED → SEALED (its batch is abandoned)
 batch         OPEN → INITIATING → OPEN(server ids) → SUBMITTING → SUBMITTED
               → RETRACTING → RETRACTED
               (inline: SUBMITTED with its last STORED)
 registration  DRAFT → REGISTERING → REGISTERED
 any of them ⇄ HELD (keeps held_from and the reason)          image, after a person's act: ERASED

Waiting is not a state: ``retry_at`` says "not before", ``error_kind`` says why. The database's
CHECK clauses list the same words; a test compares them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from haut_desktop.domain.errors import Blame


class ImageState(StrEnum):
    """Where one picture stands on its way to the platform."""

    SEALED = "SEALED"
    UPLOADING = "UPLOADING"
    UNSETTLED = "UNSETTLED"
    STORED = "STORED"
    HELD = "HELD"
    ERASED = "ERASED"


class BatchState(StrEnum):
    """Where the pictures that are computed together stand."""

    OPEN = "OPEN"
    INITIATING = "INITIATING"
    SUBMITTING = "SUBMITTING"
    SUBMITTED = "SUBMITTED"
    RETRACTING = "RETRACTING"
    RETRACTED = "RETRACTED"
    HELD = "HELD"


class RegistrationState(StrEnum):
    """Where a subject's registration in one dataset stands."""

    DRAFT = "DRAFT"
    REGISTERING = "REGISTERING"
    REGISTERED = "REGISTERED"
    HELD = "HELD"


class ImageEvent(StrEnum):
    """What can happen to a picture."""

    CLAIM = "claim"
    CONFIRM = "confirm"
    LOSE = "lose"
    RELEASE = "release"
    ABANDON = "abandon"
    HOLD = "hold"
    RESUME = "resume"
    ERASE = "erase"


class BatchEvent(StrEnum):
    """What can happen to a batch."""

    INITIATE = "initiate"
    INITIATED = "initiated"
    TURN_AWAY = "turn-away"
    """Certainly not begun on the platform: the request never left, or was refused at the door."""
    SUBMIT = "submit"
    SUBMITTED = "submitted"
    RELEASE = "release"
    RETRACT = "retract"
    RETRACTED = "retracted"
    HOLD = "hold"
    RESUME = "resume"


class RegistrationEvent(StrEnum):
    """What can happen to a registration."""

    CLAIM = "claim"
    CONFIRM = "confirm"
    RELEASE = "release"
    HOLD = "hold"
    RESUME = "resume"


State = ImageState | BatchState | RegistrationState
Event = ImageEvent | BatchEvent | RegistrationEvent
S = TypeVar("S", ImageState, BatchState, RegistrationState)

_I, _IE = ImageState, ImageEvent
_B, _BE = BatchState, BatchEvent
_R, _RE = RegistrationState, RegistrationEvent

TRANSITIONS: Final[Mapping[tuple[State, Event], State]] = MappingProxyType(
    {
        (_I.SEALED, _IE.CLAIM): _I.UPLOADING,
        (_I.UPLOADING, _IE.CONFIRM): _I.STORED,
        (_I.UPLOADING, _IE.LOSE): _I.UNSETTLED,
        (_I.UPLOADING, _IE.RELEASE): _I.SEALED,
        (_I.UPLOADING, _IE.ABANDON): _I.SEALED,
        (_I.UNSETTLED, _IE.CONFIRM): _I.STORED,
        (_I.UNSETTLED, _IE.RELEASE): _I.SEALED,
        (_I.UNSETTLED, _IE.ABANDON): _I.SEALED,
        (_I.STORED, _IE.ABANDON): _I.SEALED,
        (_I.SEALED, _IE.ERASE): _I.ERASED,
        (_I.STORED, _IE.ERASE): _I.ERASED,
        (_I.HELD, _IE.ERASE): _I.ERASED,
        (_B.OPEN, _BE.INITIATE): _B.INITIATING,
        (_B.INITIATING, _BE.INITIATED): _B.OPEN,
        (_B.INITIATING, _BE.RELEASE): _B.OPEN,
        (_B.INITIATING, _BE.TURN_AWAY): _B.OPEN,
        (_B.OPEN, _BE.SUBMIT): _B.SUBMITTING,
        (_B.SUBMITTING, _BE.SUBMITTED): _B.SUBMITTED,
        (_B.SUBMITTING, _BE.RELEASE): _B.OPEN,
        # inline: the platform computes by itself, so the last STORED submits the batch
        (_B.OPEN, _BE.SUBMITTED): _B.SUBMITTED,
        (_B.OPEN, _BE.RETRACT): _B.RETRACTING,
        (_B.SUBMITTED, _BE.RETRACT): _B.RETRACTING,
        (_B.HELD, _BE.RETRACT): _B.RETRACTING,
        (_B.RETRACTING, _BE.RETRACTED): _B.RETRACTED,
        (_R.DRAFT, _RE.CLAIM): _R.REGISTERING,
        (_R.REGISTERING, _RE.CONFIRM): _R.REGISTERED,
        (_R.REGISTERING, _RE.RELEASE): _R.DRAFT,
    }
)

CANNOT_BE_HELD: Final = frozenset({_I.HELD, _I.ERASED, _B.HELD, _B.RETRACTED, _R.HELD})


class TransitionError(ValueError):
    """A move that the table does not have: a bug of ours, never shown as the user's fault."""


class HeldBackError(TransitionError):
    """A person holds a batch, or takes it back, while it is on its way: no bug of ours."""


def advance(state: S, event: Event, *, held_from: S | None = None) -> S:
    """Say where ``event`` leads from ``state``; RESUME needs the state that was held."""
    if event.value == "hold" and state not in CANNOT_BE_HELD:
        return type(state)("HELD")
    if event.value == "resume" and state.value == "HELD" and held_from is not None:
        return held_from
    target = TRANSITIONS.get((state, event))
    if not isinstance(target, type(state)):
        raise TransitionError(f"{type(state).__name__} {state} has no way by {event}")
    return target


class Proof(StrEnum):
    """How it is proven that the platform holds a picture's bytes, strongest first."""

    STORE_HASH = "store-hash"
    LENGTH_ONLY = "length-only"
    SERVER_ID_ONLY = "server-id-only"


class Route(StrEnum):
    """The two ways to the platform: signed addresses (v3, faces) and inline base64 (v1)."""

    SIGNED = "signed"
    INLINE = "inline"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something waits or is held, in stable words and in words for a person."""

    kind: str
    """The error's class name, e.g. ``UnreachableError``."""
    blame: Blame
    title: str
    message: str


HELD_BY_HAND: Final = "HeldByHand"
"""The kind of what a person held back; every other kind is an error's."""


def held_by_hand(reason: str) -> Trouble:
    """Say that a person held something back, and why in that person's words."""
    words = f"Somebody at this station held it back. The reason: {reason}"
    return Trouble(HELD_BY_HAND, Blame.ITEM, "Held back by hand", words)


@dataclass(frozen=True, slots=True)
class Waiting:
    """When a step may be tried again and how often it has been tried."""

    attempt: int = 0
    retry_at: datetime | None = None
    trouble: Trouble | None = None


LONGEST_WAIT: Final = timedelta(days=1)
"""Nothing waits longer for its next try: not even a server's wish is kept for longer."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Growing delays: the n-th failure waits the n-th delay, the last one for ever, with jitter."""

    delays_s: tuple[float, ...] = (5.0, 25.0, 120.0, 600.0, 3600.0)
    jitter: float = 0.2
    """Share of the delay by which it may be longer, so that stations do not come back in step."""

    def delay_s(self, failures: int, *, chance: float) -> float:
        """Delay in seconds after ``failures`` ≥ 1 failures; ``chance`` in [0, 1) spreads it."""
        base = self.delays_s[min(max(failures, 1), len(self.delays_s)) - 1]
        return base * (1.0 + self.jitter * chance)
