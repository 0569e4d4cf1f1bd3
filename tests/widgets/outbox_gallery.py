"""``python -m tests.widgets.outbox_gallery --out DIR``: the outbox with every kind of trouble.

A picture of the page with all of them, light and dark, and one for each trouble with its words.
"""

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QTreeView

from haut_desktop.app import make_application, make_loop
from haut_desktop.domain.delivery import (
    BatchState,
    ImageState,
    RegistrationState,
    Waiting,
    held_by_hand,
)
from haut_desktop.domain.errors import (
    AddressExpiredError,
    BodyRefusedError,
    ContentMismatchError,
    HautError,
    NotThePlatformError,
    OutcomeUnknownError,
    PermissionRefusedError,
    RefusedError,
    ServerTroubleError,
    SignedOutError,
    TooManyRequestsError,
    UnexpectedAnswerError,
    UnreachableError,
    VaultError,
    VaultMissingError,
)
from haut_desktop.domain.former import MayBeThereError, RebuiltError
from haut_desktop.domain.ids import PlatformBatchId, PlatformImageId
from haut_desktop.domain.outbox import OutboxSummary, VisitDelivery
from haut_desktop.domain.retraction import Computed, Remnant, Retraction
from haut_desktop.services.changes import Changes
from haut_desktop.services.computing import ComputationUnknownError, NotShownYetError
from haut_desktop.services.registration import CodeTakenError, CodeTwiceError, NotListedError
from haut_desktop.services.settling import NotToldError
from haut_desktop.services.tasks import TaskScope
from haut_desktop.store.rebuild_rows import PictureMissingError
from haut_desktop.viewmodels.outbox import PageState
from haut_desktop.widgets.outbox_page import OutboxPage
from haut_desktop.widgets.theme import Appearance, Scheme
from tests.fakes.clock import START
from tests.viewmodels.deliveries import FakeOutbox, make_delivery, trouble_with
from tests.viewmodels.outbox_desks import FakeSession, outbox_model
from tests.waiting import eventually

SIZE: Final = (1278, 646)
"""What the page has of a window of 1366 × 768 pixels."""

LAYING_OUT: Final = 4
"""Turns of the loop until Qt has given wrapped words their height."""

WAITING: Final[Mapping[str, HautError]] = {
    "W-101": UnreachableError(),
    "W-102": OutcomeUnknownError(),
    "W-103": NotThePlatformError(),
    "W-104": SignedOutError(),
    "W-105": PermissionRefusedError(),
    "W-106": ServerTroubleError(503),
    "W-107": TooManyRequestsError(60.0),
    "W-108": UnexpectedAnswerError("batches", "results"),
    "W-109": RebuiltError(),
    "W-110": NotToldError(RefusedError(400, "invalid", "Try later.")),
    "W-111": NotShownYetError(),
}
HELD: Final[Mapping[str, HautError]] = {
    "H-201": RefusedError(400, "invalid", "Side is not known."),
    "H-202": AddressExpiredError(),
    "H-203": BodyRefusedError(),
    "H-204": ContentMismatchError(),
    "H-205": VaultError("The sealed picture can't be opened."),
    "H-206": ComputationUnknownError(),
    "H-207": MayBeThereError(),
    "H-208": VaultMissingError(),
    "H-209": PictureMissingError(),
}
REGISTRATIONS: Final[Mapping[str, HautError]] = {
    "R-301": CodeTakenError(),
    "R-302": CodeTwiceError(),
    "R-303": NotListedError(),
}


def troubled() -> tuple[VisitDelivery, ...]:
    """A visit for each kind of trouble, and one for each state without."""
    later = START + timedelta(minutes=2)
    sealed, stored = ImageState.SEALED, ImageState.STORED
    waiting = [
        make_delivery(sealed, sealed, waiting=Waiting(2, later, trouble_with(error)), code=code)
        for code, error in WAITING.items()
    ]
    held = [
        make_delivery(
            stored,
            stored,
            batch=BatchState.HELD,
            waiting=Waiting(trouble=trouble_with(error)),
            code=code,
            held_from=(
                BatchState.SUBMITTING
                if isinstance(error, ComputationUnknownError)
                else BatchState.OPEN
            ),
        )
        for code, error in HELD.items()
    ]
    subjects = [
        make_delivery(
            sealed,
            registration=RegistrationState.HELD,
            waiting=Waiting(trouble=trouble_with(error)),
            code=code,
        )
        for code, error in REGISTRATIONS.items()
    ]
    calm = [
        make_delivery(sealed, sealed, not_before=later, code="A-001"),
        make_delivery(stored, ImageState.UPLOADING, code="A-002"),
        make_delivery(stored, ImageState.UNSETTLED, code="A-003"),
        make_delivery(stored, stored, batch=BatchState.SUBMITTED, code="A-004"),
        make_delivery(stored, stored, batch=BatchState.SUBMITTED, is_computed=True, code="A-005"),
    ]
    return (*held, _by_hand(), *subjects, *waiting, *_taken_back(), *_late(), *calm)


def _by_hand() -> VisitDelivery:
    """What a person held back, in that person's words."""
    waiting = Waiting(trouble=held_by_hand("the consent form is not signed yet"))
    return make_delivery(ImageState.SEALED, batch=BatchState.HELD, waiting=waiting, code="H-200")


def _taken_back() -> tuple[VisitDelivery, ...]:
    """What is being taken back, and what was, with what the platform keeps of it."""
    stored, asked = ImageState.STORED, Retraction("taken at the wrong visit", START)
    left = Remnant(PlatformBatchId("7f3a"), (PlatformImageId("1"),) * 2, Computed.YES)
    ended = replace(asked, ended_at=START, left=(left,))
    made = (
        make_delivery(stored, ImageState.UNSETTLED, batch=BatchState.RETRACTING, code="T-401"),
        make_delivery(stored, stored, batch=BatchState.RETRACTED, code="T-402"),
    )
    return tuple(
        replace(one, batches=(replace(one.batches[0], retraction=retraction),))
        for one, retraction in zip(made, (asked, ended), strict=True)
    )


def _late() -> tuple[VisitDelivery, ...]:
    """What arrived long ago and is not computed, or has no results."""
    long_ago = START - timedelta(hours=2)
    stored = ImageState.STORED
    open_one = make_delivery(stored, stored, code="L-001")
    proven = tuple(
        replace(image, proof=replace(image.proof, at=long_ago) if image.proof else None)
        for image in open_one.batches[0].images
    )
    submitted = make_delivery(stored, stored, batch=BatchState.SUBMITTED, code="L-002")
    return (
        replace(open_one, batches=(replace(open_one.batches[0], images=proven),)),
        replace(submitted, batches=(replace(submitted.batches[0], submitted_at=long_ago),)),
    )


@asynccontextmanager
async def gallery(
    deliveries: tuple[VisitDelivery, ...], unplaced: int = 0
) -> AsyncIterator[OutboxPage]:
    """Show the page with the deliveries while the block lasts."""

    async def nothing(_visit_id: object) -> None:
        """Nobody clicks."""

    tasks = TaskScope("gallery", lambda _error: None)
    model = outbox_model(
        FakeOutbox(deliveries, total=OutboxSummary(unplaced=unplaced)),
        session=FakeSession(),
        reopen=nothing,
        send_now=nothing,
        changes=Changes(),
        tasks=tasks,
    )
    page = OutboxPage(model)
    page.resize(*SIZE)
    page.show()
    try:
        await eventually(lambda: model.state is PageState.READY)
        # scroll bars are right once Qt has laid out what came
        (tree,) = page.findChildren(QTreeView)
        await eventually(lambda: not tree.horizontalScrollBar().isVisible())
        yield page
    finally:
        model.close()
        page.close()
        page.deleteLater()
        await tasks.aclose()


async def draw(out: Path) -> None:
    """Write the pictures."""
    appearance = Appearance(make_application())
    deliveries = troubled()
    for scheme in (Scheme.LIGHT, Scheme.DARK):
        appearance.choose(scheme)
        async with gallery(deliveries[-3:], unplaced=3) as page:
            page.grab().save(str(out / f"unplaced-{scheme.value}.png"))
        async with gallery(deliveries) as page:
            page.grab().save(str(out / f"outbox-{scheme.value}.png"))
            for delivery in deliveries:
                page.choose(delivery.visit.id)
                for _ in range(LAYING_OUT):
                    await asyncio.sleep(0)
                page.grab().save(str(out / f"{delivery.subject_code}-{scheme.value}.png"))


def main() -> None:
    """Read the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    application = make_application()
    with asyncio.Runner(loop_factory=lambda: make_loop(application)) as runner:
        runner.run(draw(out))


if __name__ == "__main__":
    main()
