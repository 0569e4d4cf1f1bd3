"""From an empty visit to pictures that are proven to be on the platform."""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt

from haut_desktop.domain.delivery import BatchState, ImageState
from haut_desktop.domain.imaging import Batch, Side
from haut_desktop.tour.context import Step, Tour
from haut_desktop.tour.eyes import TourError
from haut_desktop.viewmodels.capture_words import SlotLine
from haut_desktop.widgets.rail import Place
from haut_desktop.widgets.slot_card import SlotCard

_DELIVERY_S: Final = 180.0
_NEWEST: Final = 20
_DELIVERIES: Final = "Deliveries by visit, batch and picture"


async def start_visit(tour: Tour) -> None:
    """Start the visit that the plan names first."""
    await tour.hands.click("start-visit")
    tour.visit_id = await tour.eyes.until(lambda: tour.shell.desk.visit_id, "an open visit")
    await tour.eyes.see("slot-front")


async def drop_pictures(tour: Tour) -> None:
    """Drop the front view on its slot, and the others together, which find theirs by name."""
    pictures = dict(tour.pictures)
    if front := pictures.pop(Side.FRONT, None):
        await tour.hands.drop("slot-front", [front])
        await tour.eyes.until(lambda: _is_taken(tour, Side.FRONT), "the front view in its slot")
    if pictures:
        await tour.hands.drop("choose-files", pictures.values())
    for side in tour.pictures:
        await tour.eyes.until(_taker(tour, side), f"the {side} view in its slot")
    await tour.eyes.until(lambda: tour.eyes.find("Taking in pictures") is None, "the last picture")


def _taker(tour: Tour, side: Side) -> Callable[[], bool]:
    return lambda: _is_taken(tour, side)


def _is_taken(tour: Tour, side: Side) -> bool:
    if (rejected := tour.eyes.find("rejected")) is not None:
        raise TourError(f"a picture was refused: {rejected.accessibleName()}")
    line = _slot(tour, side)
    return line is not None and line.counting is not None


def _slot(tour: Tour, side: Side) -> SlotLine | None:
    card = tour.eyes.find(f"slot-{side}")
    return card.line if isinstance(card, SlotCard) else None


async def check_once_more(tour: Tour) -> None:
    """Ask to finish: everything is shown once more."""
    await tour.hands.click("finish-visit")
    await tour.eyes.see("finish-sheet")


async def finish(tour: Tour) -> None:
    """Finish the visit; a required view that is missing gets a reason."""
    if tour.eyes.find("missing-reason") is not None:
        await tour.hands.type_into("missing-reason", "The tour was given no such picture")
    if tour.eyes.find("other-day") is not None:  # pictures that the tour was given
        await tour.hands.click("other-day")
    await tour.hands.click("confirm-finish")
    await tour.eyes.see("reopen-visit")


async def send(tour: Tour) -> None:
    """See the visit rest in the outbox, and end its rest at once."""
    await tour.go(Place.OUTBOX)
    await tour.eyes.see(_DELIVERIES)
    await tour.show()
    await tour.go(Place.CAPTURE)
    await tour.hands.click("send-now")
    await tour.go(Place.OUTBOX)


async def deliver(tour: Tour) -> None:
    """Wait until every picture is proven to be there and the platform computes."""
    work = tour.shell.work

    async def batches() -> tuple[Batch, ...]:
        found = await work.outbox.overview(_NEWEST)
        mine = tuple(b for d in found if d.visit.id == tour.visit_id for b in d.batches)
        held = next((b for b in mine if b.state is BatchState.HELD), None)
        if held is not None:
            raise TourError(f"the delivery is held: {held.waiting.trouble}")
        return mine if all(b.state is BatchState.SUBMITTED for b in mine) else ()

    sent = await tour.eyes.until_changed(
        work.changes, batches, "every picture on the platform", deadline_s=_DELIVERY_S
    )
    for image in (image for batch in sent for image in batch.images):
        if image.state is not ImageState.STORED or image.proof is None:
            raise TourError(f"picture {image.id} is not proven to be on the platform")
    await _open_pictures(tour)


async def _open_pictures(tour: Tour) -> None:
    """Open the visit and its batch with the arrow key, down to the first picture's proof."""
    await tour.eyes.see(_DELIVERIES)
    for key in (Qt.Key.Key_Home, *[Qt.Key.Key_Right] * 4):
        await tour.hands.press(_DELIVERIES, key)


STEPS: Final = (
    Step("start-visit", "A visit lays out the pictures that the study asks for", start_visit),
    Step("drop-pictures", "Pictures are dropped, checked and sealed", drop_pictures),
    Step("finish-sheet", "Everything is shown once more", check_once_more),
    Step("finish", "The visit is finished and rests", finish),
    Step("send", "The visit rests in the outbox until it is sent at once", send),
    Step("deliver", "Every picture is proven to be on the platform", deliver),
)
