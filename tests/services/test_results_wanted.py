"""What an answer offers is fetched of the pictures that the record knows, and of no erased one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from haut_desktop.domain.analysis import AlgorithmResult, BatchResults, Mask, RemotePicture
from haut_desktop.domain.audit import Act
from haut_desktop.domain.delivery import BatchState, ImageState, Route
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import PermissionRefusedError
from haut_desktop.domain.ids import (
    CompanyId,
    PlatformBatchId,
    PlatformDatasetId,
    PlatformImageId,
    PlatformSubjectId,
)
from haut_desktop.domain.imaging import Batch, ImageType, PlatformImage, Side
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.results_masks import layers_of, places_away
from haut_desktop.services.results_pictures import ResultPictures
from haut_desktop.services.results_reading import ResultsReader
from haut_desktop.services.results_wanted import ORIGINAL, wanted
from haut_desktop.store.rebuild import recover_station
from tests.fakes.builders import make_batch, make_picture, make_slots, make_study, make_visit
from tests.services.rooms import open_room
from tests.services.test_erasure import make_desk
from tests.services.test_results_pictures import Objects, files, make_pictures

SIDES = (Side.FRONT, Side.LEFT)
ACT = Act(reason="the subject asked for it")
_TO: Final = SubjectAddress(
    Tenant("https://saas.haut.ai", CompanyId("company-1")),
    PlatformDatasetId("data set"),
    PlatformSubjectId("subject"),
    ImageType.VISIA,
)


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


@dataclass(frozen=True)
class _Platform:
    """Lists pictures; of each it made one that its answer names, and more of which it does not."""

    listed: tuple[PlatformImage, ...]

    async def batch_images(self, *_: object) -> tuple[PlatformImage, ...]:
        return self.listed

    async def image_results(self, *where: object) -> BatchResults:
        return BatchResults((_said(f"value of {where[-1]}"),))

    async def aux_pictures(self, *where: object) -> tuple[RemotePicture, ...]:
        return (RemotePicture(Side.FRONT, "restored", f"made of {where[-1]}"),)

    async def batch_results(self, *_: object) -> BatchResults:
        masks = tuple(
            Mask("lines_mask", side, "aligned", raster_url=f"{side} mask") for side in SIDES
        )
        made = tuple(RemotePicture(side, "aligned", f"{side} face") for side in SIDES)
        return BatchResults((_said("lines", masks),), made)


class _Barred(_Platform):
    """Lists nothing for this account."""

    async def batch_images(self, *_: object) -> tuple[PlatformImage, ...]:
        raise PermissionRefusedError


_NAMED: Final = ("visia_metrics",)
_OF_SIDES: Final = ("face_skin_metrics_3.0", *_NAMED)
"""An application whose answer is of the batch, and one whose answers are of each picture."""


async def _addresses(batch: Batch, there: _Platform, applications: tuple[str, ...]) -> list[str]:
    """Everything that is fetched at a look."""
    reading = await ResultsReader(there).read(batch, _TO, applications, ())  # type: ignore[arg-type]
    return [one.url for one in wanted(batch, reading.answer, reading.images)]


def _in_two_lights() -> tuple[Batch, _Platform]:
    """A batch of a front in two lights and a left, and the platform that has it."""
    study = make_study(image_type=ImageType.VISIA)
    visit = make_visit(study, None)
    front, uv, left = make_slots(visit, (Side.FRONT, *SIDES), image_type=ImageType.VISIA)
    slots = (front, replace(uv, light="uv"), left)
    pictures = tuple((slot, make_picture(slot)[1]) for slot in slots)
    batch = make_batch(visit, study.datasets[0], pictures, state=BatchState.SUBMITTED)
    ids = tuple(PlatformImageId(word) for word in ("front", "uv", "left"))
    images = tuple(
        replace(image, state=ImageState.STORED, platform_id=platform_id)
        for image, platform_id in zip(batch.images, ids, strict=True)
    )
    listed = tuple(
        PlatformImage(i.platform_id, None, i.name, i.side, i.light, f"original {i.platform_id}")
        for i in images
        if i.platform_id
    )
    batch = replace(batch, images=images, platform_id=PlatformBatchId("there"))
    return batch, _Platform(listed)


def _erased(batch: Batch, number: int) -> Batch:
    images = list(batch.images)
    images[number] = replace(images[number], state=ImageState.ERASED)
    return replace(batch, images=tuple(images))


def _rebuilt_without(batch: Batch, number: int) -> Batch:
    return replace(batch, images=batch.images[:number] + batch.images[number + 1 :])


LOST = pytest.mark.parametrize("lose", [_erased, _rebuilt_without])


@LOST
@pytest.mark.parametrize(("number", "stays"), [(0, "uv"), (1, "front")])
async def test_of_a_side_in_two_lights_only_what_was_made_of_the_erased_picture_stays_away(
    lose: Callable[[Batch, int], Batch], number: int, stays: str
) -> None:
    batch, there = _in_two_lights()
    offered = await _addresses(lose(batch, number), there, _NAMED)
    assert offered == [f"made of {stays}", "made of left"]


@LOST
async def test_what_may_be_of_either_picture_of_a_side_is_not_fetched_after_one_was_erased(
    lose: Callable[[Batch, int], Batch],
) -> None:
    batch, there = _in_two_lights()
    offered = await _addresses(lose(batch, 0), there, _OF_SIDES)
    assert offered == ["left face", "made of uv", "made of left", "left mask"]


@LOST
async def test_where_only_the_batch_is_asked_what_stands_is_fetched_and_nothing_of_the_erased(
    lose: Callable[[Batch, int], Batch],
) -> None:
    batch, there = _in_two_lights()
    assert await _addresses(lose(batch, 1), there, _OF_SIDES[:1]) == ["left face", "left mask"]


@LOST
async def test_a_list_that_may_not_be_read_keeps_no_values_away(
    lose: Callable[[Batch, int], Batch],
) -> None:
    batch, there = _in_two_lights()
    barred = _Barred(there.listed)
    reading = await ResultsReader(barred).read(lose(batch, 1), _TO, _OF_SIDES[:1], ())  # type: ignore[arg-type]
    assert [result.algorithm for result in reading.answer.results] == ["lines"]


async def test_what_was_made_of_an_erased_picture_stays_away_whatever_side_it_is_listed_as() -> (
    None
):
    batch, there = _in_two_lights()
    front, uv, left = there.listed
    odd = _Platform((replace(left, side=Side.FRONT), front, uv))
    offered = await _addresses(_erased(batch, 2), odd, _OF_SIDES)
    assert offered == ["made of front", "made of uv"]


async def test_masks_that_are_not_fetched_because_of_an_erased_picture_are_not_called_away() -> (
    None
):
    batch, there = _in_two_lights()
    said = (await there.batch_results()).results
    everywhere = {(side, "regular", "aligned") for side in SIDES}
    assert places_away(batch, said, frozenset()) == everywhere
    left = {(Side.LEFT, "regular", "aligned")}
    assert places_away(_erased(batch, 0), said, frozenset()) == left


async def test_what_was_made_of_a_side_in_two_lights_is_kept_of_each(tmp_path: Path) -> None:
    batch, there = _in_two_lights()
    pictures = make_pictures(tmp_path, Objects())
    await _kept(batch, there, pictures)
    kept = {
        (one.side, one.light): await pictures.open(one.key)
        for one in await pictures.pictures(batch)
        if one.space == "restored"
    }
    assert kept == {
        (Side.FRONT, "regular"): b"made of front",
        (Side.FRONT, "uv"): b"made of uv",
        (Side.LEFT, "regular"): b"made of left",
    }
    await pictures.erase(batch.id, Side.FRONT)
    assert {one.side for one in await pictures.pictures(batch)} == {Side.LEFT}


async def test_results_tell_the_light_of_the_record_whatever_the_platform_lists() -> None:
    batch, there = _in_two_lights()
    odd = _Platform(tuple(replace(one, light="regular") for one in there.listed))
    reading = await ResultsReader(odd).read(batch, _TO, _NAMED, ())  # type: ignore[arg-type]
    lights = [result.light for result in reading.answer.results]
    assert lights == ["regular", "uv", "regular"]


async def test_of_a_batch_from_elsewhere_no_light_is_told() -> None:
    batch, there = _in_two_lights()
    elsewhere = replace(batch, images=())
    reading = await ResultsReader(there).read(elsewhere, _TO, _NAMED, ())  # type: ignore[arg-type]
    assert {result.light for result in reading.answer.results} == {"regular"}
    assert {one.light for one in reading.answer.pictures} == {"regular"}


@pytest.mark.parametrize(
    ("lights", "light"),
    [(("uv", "uv"), "uv"), (("uv", "regular"), "regular"), (("uv", "cross_polarised"), "uv")],
)
async def test_what_tells_no_light_is_shown_in_one_in_which_the_side_was_taken(
    lights: tuple[str, str], light: str, tmp_path: Path
) -> None:
    batch, there = _in_two_lights()
    fronts = (replace(i, light=one) for i, one in zip(batch.images, lights, strict=False))
    batch = replace(batch, images=(*fronts, batch.images[2]))
    pictures = make_pictures(tmp_path, Objects())
    answer = await there.batch_results()
    await pictures.keep(batch.id, wanted(batch, answer, ()))
    made = [one for one in await pictures.pictures(batch) if one.side is Side.FRONT]
    assert [one.light for one in made] == [light]
    masks = await pictures.masks(batch.id)
    laid = layers_of(batch, answer.results, masks, ())
    assert [(one.mask.side, one.light) for one in laid] == [
        (Side.FRONT, light),
        (Side.LEFT, "regular"),
    ]


async def test_a_picture_that_is_listed_twice_counts_as_the_one_that_stands() -> None:
    batch, there = _in_two_lights()
    twice = _Platform((*there.listed, replace(there.listed[0], id=PlatformImageId("again"))))
    offered = await _addresses(batch, twice, _OF_SIDES)
    assert offered == [
        "front face",
        "left face",
        "made of front",
        "made of uv",
        "made of left",
        "front mask",
        "left mask",
    ]


def _said(algorithm: str, masks: tuple[Mask, ...] = ()) -> AlgorithmResult:
    return AlgorithmResult(algorithm, "1.0", 7, "", "app", Side.FRONT, is_ok=True, masks=masks)


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


def _of_skin(*sides: Side, listed_as: Side = Side.FRONT) -> tuple[Batch, _Platform]:
    """A batch of a type that lacks sides, and the platform that files them all under another."""
    study = make_study(image_type=ImageType.SKIN)
    visit = make_visit(study, None)
    slots = make_slots(visit, sides, image_type=ImageType.SKIN)
    pictures = tuple((slot, make_picture(slot)[1]) for slot in slots)
    batch = make_batch(visit, study.datasets[0], pictures)
    assert batch.route is Route.INLINE
    images = tuple(
        replace(image, state=ImageState.STORED, platform_id=PlatformImageId(f"{number}"))
        for number, image in enumerate(batch.images)
    )
    listed = tuple(
        PlatformImage(
            i.platform_id, None, i.name, listed_as, "regular", f"original {i.platform_id}"
        )
        for i in images
        if i.platform_id
    )
    batch = replace(batch, images=images, platform_id=PlatformBatchId("there"))
    return batch, _Platform(listed)


async def _kept(batch: Batch, there: _Platform, pictures: ResultPictures) -> None:
    reading = await ResultsReader(there).read(batch, _TO, _OF_SIDES, ())  # type: ignore[arg-type]
    await pictures.keep(batch.id, wanted(batch, reading.answer, reading.images))


async def test_what_the_platform_files_under_another_side_is_kept_under_the_records(
    tmp_path: Path,
) -> None:
    batch, there = _of_skin(Side.OTHER)
    offered = await _addresses(batch, there, _NAMED)
    assert offered == ["made of 0"], "our own original is in the vault"
    pictures = make_pictures(tmp_path, Objects())
    await _kept(batch, there, pictures)
    made = [one for one in await pictures.pictures(batch) if one.space == "restored"]
    assert [one.side for one in made] == [Side.OTHER]
    assert await _addresses(_erased(batch, 0), there, _NAMED) == []


async def test_results_of_what_the_platform_files_elsewhere_are_of_the_records_side() -> None:
    batch, there = _of_skin(Side.OTHER)
    reading = await ResultsReader(there).read(batch, _TO, _NAMED, ())  # type: ignore[arg-type]
    assert [result.side for result in reading.answer.results] == [Side.OTHER]


@pytest.mark.parametrize("sides", [(Side.OTHER,), (Side.FRONT, Side.OTHER)])
async def test_nothing_of_an_erased_picture_stays_wherever_the_platform_filed_it(
    sides: tuple[Side, ...], tmp_path: Path
) -> None:
    batch, there = _of_skin(*sides)
    pictures = make_pictures(tmp_path, Objects())
    await _kept(batch, there, pictures)
    await pictures.erase(batch.id, Side.OTHER)
    left = [await pictures.open(one.key) for one in await pictures.pictures(batch)]
    assert left == [b"made of 0"] * (len(sides) - 1)
    after = _erased(batch, len(sides) - 1)
    assert len(files(tmp_path)) == len(left) + 1, "and the list"
    await _kept(after, there, pictures)
    again = [await pictures.open(one.key) for one in await pictures.pictures(batch)]
    assert (again, await pictures.masks(batch.id)) == (left, frozenset())


@pytest.mark.parametrize("name", ["renamed there.jpg", ""], ids=["foreign name", "not listed"])
async def test_of_two_pictures_that_are_filed_alike_nothing_unnamed_comes_once_one_was_erased(
    name: str,
) -> None:
    batch, there = _of_skin(Side.OTHER, Side.OTHER)
    first, second = there.listed
    odd = _Platform((first, replace(second, name=name)) if name else (first,))
    after = _erased(batch, 1)
    assert await _addresses(after, odd, _OF_SIDES) == ["made of 0"]
    said = (await there.batch_results()).results
    assert places_away(after, said, frozenset()) == frozenset()


async def test_what_was_erased_before_it_left_keeps_nothing_of_the_others_away() -> None:
    batch, there = _of_skin(Side.FRONT, Side.OTHER)
    never_left = replace(batch.images[1], state=ImageState.ERASED, platform_id=None)
    after = replace(batch, images=(batch.images[0], never_left))
    offered = await _addresses(after, _Platform(there.listed[:1]), _OF_SIDES)
    assert offered == ["front face", "made of 0", "front mask"]


async def test_what_is_predicted_of_the_captured_picture_is_fetched() -> None:
    batch, _ = _in_two_lights()
    predicted = RemotePicture(Side.FRONT, ORIGINAL, "older", is_predicted=True, name="older")
    captured = RemotePicture(Side.FRONT, ORIGINAL, "captured")
    offered = wanted(batch, BatchResults((), (predicted, captured)), ())
    assert [one.url for one in offered] == ["older"]
