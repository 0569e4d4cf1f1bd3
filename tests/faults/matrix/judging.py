"""Whether what the station gives as its reason is so: a word of failure for what did not fail.

Pictures, batches and registrations are judged alike, by what the platform holds at that moment.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState, Waiting
from haut_desktop.domain.imaging import Batch, Image
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.domain.subjects import Registration
from tests.faults.matrix.lanes import Truth

SETTLED: Final = frozenset(
    {
        ImageState.STORED,
        ImageState.ERASED,
        BatchState.SUBMITTED,
        BatchState.RETRACTED,
        RegistrationState.REGISTERED,
    }
)
"""States of which the outbox shows no trouble any more."""
CERTAIN_REFUSALS: Final = frozenset({"RefusedError", "BodyRefusedError"})
"""Words that say: it is certainly not there."""
_FIRST_AND_RENEWED: Final = 2


def untrue_reasons(visit: VisitDelivery, truth: Truth) -> Iterator[str]:
    """Every reason in the outbox that what the platform holds proves wrong."""
    for registration in visit.registrations:
        yield from _say("the subject", registration, _of_registration(registration, truth))
    for batch in visit.batches:
        yield from _say("the batch", batch, _of_batch(batch, truth))
        for image in batch.images:
            yield from _say(image.side, image, _of_image(image, truth))


_Judges = dict[str, Callable[[], str]]
"""A kind of error → what the platform shows instead; empty where the reason is so."""


def _say(what: str, thing: Registration | Batch | Image, judges: _Judges) -> Iterator[str]:
    kind = _kind_of(thing.waiting)
    if thing.state in SETTLED or kind not in judges:
        return
    if instead := judges[kind]():
        yield f"wrong failed: {what} waits for {kind}, and {instead}"


def _kind_of(waiting: Waiting) -> str:
    return waiting.trouble.kind if waiting.trouble else ""


# ---- pictures --------------------------------------------------------------------------------


def _of_image(image: Image, truth: Truth) -> _Judges:
    found = [there for there in truth.images() if there["name"] == image.name and there["stored"]]

    def is_refused() -> str:
        return "the platform has it" if found else ""

    def is_changed() -> str:
        same = {there["sha256"] for there in found} == {image.rendition.digest.sha256}
        was_told = "wrong_hash" in truth.struck
        return "the platform has the same bytes and never said otherwise" * (same and not was_told)

    return {**dict.fromkeys(CERTAIN_REFUSALS, is_refused), "ContentMismatchError": is_changed}


# ---- batches ---------------------------------------------------------------------------------


def _of_batch(batch: Batch, truth: Truth) -> _Judges:
    found = truth.batch(batch.platform_id)
    computed = found is not None and any(image["times_computed"] for image in found["images"])

    def is_refused() -> str:
        return "the platform computed it" if computed or _computes(found) else ""

    def has_expired() -> str:
        if any(_computes(there) for there in truth.batches):
            return "the platform computed it"
        begun = len(truth.batches)
        return f"the platform gave out addresses {begun} times" * (begun < _FIRST_AND_RENEWED)

    def is_unknown() -> str:
        return "" if truth.has_lost_a_computation else "no answer to a computation was lost"

    return {
        **dict.fromkeys(CERTAIN_REFUSALS, is_refused),
        "AddressExpiredError": has_expired,
        "ComputationUnknownError": is_unknown,
    }


def _computes(found: Any) -> int:
    return int(found["computes"]) if found is not None else 0


# ---- registrations ---------------------------------------------------------------------------


def _of_registration(registration: Registration, truth: Truth) -> _Judges:
    ours = [s for s in truth.subjects if registration.subject_id in str(s["meta"])]
    strangers = len(truth.subjects) - len(ours)

    def is_refused() -> str:
        return "the platform has it" if ours else ""

    def is_unlisted() -> str:
        return "" if ours else "the platform never made it"

    def is_taken() -> str:
        return "" if strangers else "nobody else made one"

    def is_twice() -> str:
        return "" if len(truth.subjects) > 1 else "the platform has one"

    return {
        **dict.fromkeys(CERTAIN_REFUSALS, is_refused),
        "NotListedError": is_unlisted,
        "CodeTakenError": is_taken,
        "CodeTwiceError": is_twice,
    }
