"""The facts beside the outbox: names and values of one visit, batch or picture; pure functions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from haut_desktop.domain.delivery import ImageState
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Batch, Image
from haut_desktop.domain.outbox import VisitDelivery
from haut_desktop.domain.retraction import Computed, Remnant, Retraction
from haut_desktop.domain.words import proof_words
from haut_desktop.viewmodels.capture_words import visit_day
from haut_desktop.viewmodels.outbox_words import Circumstances
from haut_desktop.viewmodels.recheck_words import recheck_words
from haut_desktop.viewmodels.words import clock_time, count, day, size

Facts = tuple[tuple[str, str], ...]

_COMPUTED: Final = {
    Computed.YES: "It was computed.",
    Computed.NO: "It was not computed.",
    Computed.UNKNOWN: "Nobody can say whether it was computed.",
}
_HAVE_IT_REMOVED: Final = (
    "This station deletes nothing there. Give these numbers to the study's administrator, who can "
    "remove the batch in the web portal."
)
_LOOK_THERE: Final = (
    "Look at the subject in the web portal. What is there by mistake, the study's administrator "
    "can remove."
)


def visit_facts(delivery: VisitDelivery, around: Circumstances) -> Facts:
    """What holds for the whole visit."""
    visit = delivery.visit
    pictures = sum(len(batch.images) for batch in delivery.batches)
    facts = [("Visit date", visit_day(visit)), ("Pictures", str(pictures))]
    if visit.finished_at is not None:
        facts.append(("Finished", _moment(visit.finished_at, around)))
    return tuple(facts)


def batch_facts(delivery: VisitDelivery, batch: Batch, around: Circumstances) -> Facts:
    """How far a batch has come, what it replaces, and what became of it when it was taken back."""
    arrived = sum(_has_arrived(image) for image in batch.images)
    facts = [("Arrived", f"{arrived} of {len(batch.images)}")]
    if batch.waiting.attempt:
        facts.append(("Tries so far", str(batch.waiting.attempt)))
    if batch.waiting.retry_at is not None and batch.waiting.retry_at > around.now:
        facts.append(("Next try", _moment(batch.waiting.retry_at, around)))
    if batch.abandoned:
        facts.append(("Started anew", f"{batch.abandoned}×, the addresses had expired"))
    if batch.submitted_at is not None:
        facts.append(("Analysis asked for", _moment(batch.submitted_at, around)))
    if (recheck := delivery.rechecks.get(batch.id)) is not None:
        words = recheck_words(recheck, is_computed=batch.id in delivery.computed)
        facts.append(("Checked on the platform", f"{_moment(recheck.at, around)}: {words}"))
    facts += _succession(delivery.batches, batch)
    if batch.again:
        facts.append(("Computed once more because", batch.again))
    if batch.retraction is not None:
        facts += _retraction_facts(batch.retraction, around)
    elif batch.platform_id is not None:
        facts.append(("Number on the platform", batch.platform_id))
    return tuple(facts)


def image_facts(image: Image, around: Circumstances) -> Facts:
    """One picture's size, proof and hash."""
    facts = [("Size", size(image.rendition.digest.size_bytes))]
    if image.waiting.attempt:
        facts.append(("Tries so far", str(image.waiting.attempt)))
    if image.proof is not None:
        facts.append(("Arrived", _moment(image.proof.at, around)))
        facts.append(("Proof", proof_words(image.proof.kind)))
    if image.state is ImageState.ERASED:
        facts.append(("On this station", "Erased; only this record is left."))
    facts.append(("SHA-256", f"{image.rendition.digest.sha256[:16]}…"))
    return tuple(facts)


def batch_name(batches: Sequence[Batch], batch_id: BatchId) -> str:
    """A batch's name among its visit's: ``batch 2``."""
    ids = [batch.id for batch in batches]
    return f"batch {ids.index(batch_id) + 1}" if batch_id in ids else "an earlier batch"


def _has_arrived(image: Image) -> bool:
    return image.state is ImageState.STORED or (
        image.state is ImageState.ERASED and image.proof is not None
    )


def _succession(batches: Sequence[Batch], batch: Batch) -> list[tuple[str, str]]:
    facts = []
    if batch.supersedes is not None:
        facts.append(("Replaces", _with_fate(batches, batch.supersedes)))
    later = [one for one in batches if one.supersedes == batch.id]
    facts += [("Replaced by", _with_fate(batches, one.id)) for one in later]
    return facts


def _with_fate(batches: Sequence[Batch], batch_id: BatchId) -> str:
    name = batch_name(batches, batch_id).capitalize()
    found = next((batch for batch in batches if batch.id == batch_id), None)
    if found is None or found.retraction is None:
        return name
    return f"{name} (taken back)"


def _retraction_facts(retraction: Retraction, around: Circumstances) -> list[tuple[str, str]]:
    facts = [
        ("Taken back because", retraction.reason),
        ("Asked for", _moment(retraction.asked_at, around)),
    ]
    if retraction.ended_at is None:
        facts.append(("Left on the platform", "Being asked for; nothing more is sent."))
    elif not retraction.left:
        facts.append(("Left on the platform", "Nothing."))
    else:
        for remnant in retraction.left:
            facts += _remnant_facts(remnant)
        is_doubt = all(remnant.is_doubt for remnant in retraction.left)
        facts.append(("What to do", _LOOK_THERE if is_doubt else _HAVE_IT_REMOVED))
    return facts


def _remnant_facts(remnant: Remnant) -> list[tuple[str, str]]:
    if remnant.is_doubt:
        words = remnant.in_words()
        return [("Left on the platform", f"{words[0].upper()}{words[1:]}.")]
    pictures = count(len(remnant.pictures), "picture") if remnant.pictures else "No picture"
    words = f"{pictures}. {_COMPUTED[remnant.computed]}"
    facts = [("Left on the platform", words), ("Batch there", str(remnant.platform_id))]
    if remnant.pictures:
        facts.append(("Pictures there", "\n".join(remnant.pictures)))
    return facts


def _moment(moment: datetime, around: Circumstances) -> str:
    return f"{day(moment, around.zone)}, {clock_time(moment, around.zone)}"
