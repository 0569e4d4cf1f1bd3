"""What the station says against what the platform holds: every difference is a broken promise."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from haut_desktop.domain.delivery import BatchState, ImageState, RegistrationState, Waiting
from haut_desktop.domain.errors import Blame
from haut_desktop.domain.imaging import Batch, Image
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.domain.subjects import Registration
from tests.faults.matrix.judging import untrue_reasons
from tests.faults.matrix.lanes import Truth
from tests.faults.matrix.reasons import REASONS


def differences(visit: VisitDelivery, truth: Truth) -> Iterator[str]:
    """What must never be, at whatever moment one looks."""
    for batch in visit.batches:
        yield from _wrong_sent(batch, truth)
        yield from _wrong_words(batch.waiting)
        for image in batch.images:
            yield from _wrong_words(image.waiting)
    for registration in visit.registrations:
        yield from _wrong_words(registration.waiting)
        is_there = truth.subjects and registration.platform_id in {s["id"] for s in truth.subjects}
        if registration.state is RegistrationState.REGISTERED and not is_there:
            yield "wrong sent: registered, and the platform does not know the subject"
    yield from untrue_reasons(visit, truth)
    yield from _twice(truth)


def _wrong_sent(batch: Batch, truth: Truth) -> Iterator[str]:
    """Stored and submitted are words for what is there."""
    for image in batch.images:
        if image.state is ImageState.STORED:
            found = truth.image(image.platform_id)
            if found is None or found["sha256"] != image.rendition.digest.sha256:
                yield f"wrong sent: {image.side} is stored, and the platform has it not"
    if batch.state is BatchState.SUBMITTED:
        found = truth.batch(batch.platform_id)
        computed = [image["times_computed"] for image in found["images"]] if found else []
        if not computed or 0 in computed:
            yield f"wrong sent: submitted, and computed {computed}"


def _wrong_words(waiting: Waiting) -> Iterator[str]:
    """*Failed* is a word for what was refused."""
    trouble = waiting.trouble
    if trouble is None or trouble.blame is Blame.ITEM:
        return
    if "fail" in f"{trouble.title} {trouble.message}".lower():
        yield f"wrong failed: “{trouble.title}” for {trouble.kind}"


def _twice(truth: Truth) -> Iterator[str]:
    """Two computed batches of a picture, one computed twice, or one asked for twice."""
    times = Counter[str]()
    for image in truth.images():
        if image["sha256"]:
            times[image["sha256"]] += image["times_computed"]
    if any(count > 1 for count in times.values()):
        yield f"computed twice: {sorted(times.values())}"
    asked = [batch["computes"] for batch in truth.batches]
    if any(count > 1 for count in asked):
        yield f"asked twice: {asked}"
    if len(truth.subjects) > 1:
        yield f"registered twice: {len(truth.subjects)} entries"


def held_reasons(visit: VisitDelivery) -> Iterator[str]:
    """The kind of error that holds each promise."""
    images = [image for batch in visit.batches for image in batch.images]
    things: list[Registration | Batch | Image] = [*visit.registrations, *visit.batches, *images]
    for thing in things:
        if thing.state.value == "HELD":
            trouble = thing.waiting.trouble
            kind = trouble.kind if trouble else "no reason"
            yield REASONS.get(kind, f"held for {kind}, which is no reason of the design's")


def final_differences(
    visit: VisitDelivery, truth: Truth, pictures: Sequence[Path], hashes: Counter[str]
) -> Iterator[str]:
    """What must be at the end: every picture there, whole, computed once, of one subject."""
    images = [image for batch in visit.batches for image in batch.images]
    if len(images) != len(pictures):
        yield f"lost: {len(images)} of {len(pictures)} pictures in the outbox"
    computed = Counter(i["sha256"] for i in truth.images() if i["times_computed"] > 0)
    if computed != hashes:
        yield f"lost: {sum((hashes - computed).values())} pictures were never computed"
    if len(truth.subjects) != 1:
        yield f"registered {len(truth.subjects)} times"
