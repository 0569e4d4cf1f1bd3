"""What an answer offers is fetched of the pictures that the record knows, and of no erased one."""

from pathlib import Path

from haut_desktop.domain.analysis import AlgorithmResult, BatchResults, Mask, RemotePicture
from haut_desktop.domain.audit import Act
from haut_desktop.domain.ids import PlatformImageId
from haut_desktop.domain.imaging import PlatformImage, Side
from haut_desktop.services.results_wanted import ORIGINAL, wanted
from haut_desktop.store.rebuild import recover_station
from tests.fakes.builders import make_batch, make_study, make_visit
from tests.services.rooms import open_room
from tests.services.test_erasure import make_desk

SIDES = (Side.FRONT, Side.LEFT)
ACT = Act(reason="the subject asked for it")


async def test_nothing_of_an_erased_side_is_fetched_after_a_rebuild(tmp_path: Path) -> None:
    async with open_room(tmp_path) as room:
        await room.take_face()
        await room.capture.finish(room.visit)
        await room.submit()
        desk = make_desk(room)
        await desk.erasures.erase(await desk.front(), ACT)
        await room.station.aclose()
        station, _ = await recover_station(room.station.folder, room.secrets, room.clock)
        (after,) = (await station.outbox.deliveries(10))[0].batches
        await station.aclose()
    offered = [(one.side, one.space, one.is_mask) for one in wanted(after, *_said_of(SIDES))]
    assert offered == [(Side.LEFT, "aligned", False), (Side.LEFT, "aligned", True)]


def test_everything_of_a_batch_from_elsewhere_is_fetched() -> None:
    study = make_study()
    elsewhere = make_batch(make_visit(study, None), study.datasets[0], ())
    offered = [(one.side, one.space, one.is_mask) for one in wanted(elsewhere, *_said_of(SIDES))]
    kinds = (("aligned", False), (ORIGINAL, False), ("aligned", True))
    assert offered == [(side, space, is_mask) for space, is_mask in kinds for side in SIDES]


def _said_of(sides: tuple[Side, ...]) -> tuple[BatchResults, list[PlatformImage]]:
    """What the platform says and lists of ``sides``: a made picture, a mask and the original."""
    masks = tuple(Mask("redness_mask", side, "aligned", raster_url="there") for side in sides)
    said = AlgorithmResult(
        "redness", "1.0", 7, "Redness", "app", Side.FRONT, is_ok=True, masks=masks
    )
    made = tuple(RemotePicture(side, "aligned", "there") for side in sides)
    listed = [
        PlatformImage(PlatformImageId(side), None, f"{side}.jpg", side, original_url="there")
        for side in sides
    ]
    return BatchResults((said,), made), listed
