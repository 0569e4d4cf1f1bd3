"""Every reason that the outbox can give is held against what the platform has."""

from dataclasses import replace
from typing import Any

import pytest

from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    RegistrationState,
    Trouble,
    Waiting,
)
from haut_desktop.domain.errors import Blame
from haut_desktop.domain.ids import PlatformBatchId
from haut_desktop.domain.outbox import VisitDelivery
from tests.fakes.builders import (
    make_batch,
    make_picture,
    make_slots,
    make_study,
    make_subject,
    make_visit,
)
from tests.faults.matrix.judging import untrue_reasons
from tests.faults.matrix.lanes import Truth
from tests.faults.matrix.reasons import REASONS

STUDY = make_study()
SUBJECT = make_subject(STUDY)
VISIT = make_visit(STUDY, SUBJECT)
SLOT = make_slots(VISIT)[0]
PICTURE = make_picture(SLOT)[1]
BATCH = replace(
    make_batch(VISIT, STUDY.datasets[0], ((SLOT, PICTURE),)), platform_id=PlatformBatchId("there")
)
OURS = {"id": "1", "meta": {"subject_id": SUBJECT.id}}
STRANGERS = {"id": "2", "meta": {"subject_id": "somebody else's"}}


def because(kind: str) -> Waiting:
    """A reason of one kind."""
    return Waiting(trouble=Trouble(kind, Blame.ITEM, "Held", "For a reason."))


def of_batch(kind: str, state: BatchState = BatchState.HELD) -> VisitDelivery:
    """An outbox in which a batch waits."""
    return VisitDelivery(VISIT, "B-007", (replace(BATCH, state=state, waiting=because(kind)),))


def of_image(kind: str, state: ImageState = ImageState.HELD) -> VisitDelivery:
    """An outbox in which a picture waits."""
    image = replace(BATCH.images[0], state=state, waiting=because(kind))
    return VisitDelivery(VISIT, "B-007", (replace(BATCH, images=(image,)),))


def of_subject(kind: str, state: RegistrationState = RegistrationState.HELD) -> VisitDelivery:
    """An outbox in which a registration waits."""
    registration = replace(SUBJECT.registrations[0], state=state, waiting=because(kind))
    return VisitDelivery(VISIT, "B-007", (), (registration,))


def there(*, computes: int = 0, stored: bool = False, sha256: str = "") -> dict[str, Any]:
    """The batch as the platform holds it."""
    image = {
        "name": BATCH.images[0].name,
        "stored": stored,
        "sha256": sha256 or PICTURE.digest.sha256,
        "times_computed": computes,
    }
    return {"id": "there", "computes": computes, "images": [image]}


UNTRUE = (
    (of_image("RefusedError"), Truth([], [there(stored=True)])),
    (of_image("RefusedError", ImageState.SEALED), Truth([], [there(stored=True)])),
    (of_image("BodyRefusedError"), Truth([], [there(stored=True)])),
    (of_image("ContentMismatchError"), Truth([], [there(stored=True)])),
    (of_batch("RefusedError"), Truth([], [there(computes=1)])),
    (of_batch("RefusedError", BatchState.SUBMITTING), Truth([], [there(computes=1)])),
    (of_batch("AddressExpiredError"), Truth([], [there()])),
    (of_batch("AddressExpiredError"), Truth([], [there(), there(computes=1)])),
    (of_batch("ComputationUnknownError"), Truth([], [there()])),
    (of_subject("RefusedError"), Truth([OURS], [])),
    (of_subject("RefusedError", RegistrationState.REGISTERING), Truth([OURS], [])),
    (of_subject("NotListedError"), Truth([], [])),
    (of_subject("CodeTakenError"), Truth([OURS], [])),
    (of_subject("CodeTwiceError"), Truth([OURS], [])),
)
TRUE = (
    (of_image("RefusedError"), Truth([], [there()])),
    (of_image("RefusedError", ImageState.STORED), Truth([], [there(stored=True)])),
    (of_image("BodyRefusedError"), Truth([], [there()])),
    (of_image("ContentMismatchError"), Truth([], [there(stored=True, sha256="other")])),
    (
        of_image("ContentMismatchError"),
        Truth([], [there(stored=True)], struck=frozenset({"wrong_hash"})),
    ),
    (of_batch("RefusedError"), Truth([], [there()])),
    (of_batch("RefusedError", BatchState.SUBMITTED), Truth([], [there(computes=1)])),
    (of_batch("AddressExpiredError"), Truth([], [there(), there()])),
    (of_batch("ComputationUnknownError"), Truth([], [there()], has_lost_a_computation=True)),
    (of_batch("OutcomeUnknownError"), Truth([], [there(computes=1)])),
    (of_subject("RefusedError"), Truth([], [])),
    (of_subject("NotListedError"), Truth([OURS], [])),
    (of_subject("CodeTakenError"), Truth([STRANGERS], [])),
    (of_subject("CodeTwiceError"), Truth([OURS, STRANGERS], [])),
)


@pytest.mark.parametrize(("outbox", "truth"), UNTRUE)
def test_a_reason_that_is_not_so_is_seen(outbox: VisitDelivery, truth: Truth) -> None:
    (said,) = untrue_reasons(outbox, truth)
    assert said.startswith("wrong failed: ")


@pytest.mark.parametrize(("outbox", "truth"), TRUE)
def test_a_reason_that_is_so_is_none(outbox: VisitDelivery, truth: Truth) -> None:
    assert not list(untrue_reasons(outbox, truth))


def test_every_reason_for_a_person_is_judged() -> None:
    waiting = [r.waiting for outbox, _ in UNTRUE for r in outbox.registrations]
    waiting += [b.waiting for outbox, _ in UNTRUE for b in outbox.batches]
    waiting += [i.waiting for outbox, _ in UNTRUE for b in outbox.batches for i in b.images]
    assert set(REASONS) <= {one.trouble.kind for one in waiting if one.trouble}
