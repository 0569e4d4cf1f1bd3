"""What arrived and what was computed: nothing is denied before both addresses were asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from haut_desktop.domain.analysis import AlgorithmResult, BatchResults
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import RefusedError
from haut_desktop.domain.ids import (
    CompanyId,
    ImageId,
    PlatformBatchId,
    PlatformDatasetId,
    PlatformImageId,
    PlatformSubjectId,
)
from haut_desktop.domain.imaging import Batch, ImageType, PlatformImage, Side
from haut_desktop.domain.tenant import Tenant
from haut_desktop.services.results_reading import ResultsReader
from haut_desktop.services.settling import NotToldError, ResultsProbe, listed_by_our_ids
from tests.fakes.builders import make_batch, make_picture, make_slots, make_study, make_visit

_TO = SubjectAddress(
    Tenant("https://saas.haut.ai", CompanyId("company-1")),
    PlatformDatasetId("data set"),
    PlatformSubjectId("subject"),
    ImageType.SELFIE,
)
_BATCH, _PICTURE = PlatformBatchId("there"), PlatformImageId("picture")
_NOT_FOUND = RefusedError(404, "not_found", "Not found.")
_SAID = BatchResults(
    (AlgorithmResult("redness", "1", None, "Redness", "face", Side.FRONT, is_ok=False),)
)


@dataclass
class Addresses:
    """The platform's two addresses for results and its list of pictures."""

    newer: BatchResults | RefusedError = field(default_factory=BatchResults)
    older: BatchResults | RefusedError = field(default_factory=BatchResults)
    listed: tuple[PlatformImage, ...] | RefusedError = ()

    async def batch_results(self, *_: object) -> BatchResults:
        return _given(self.newer)

    async def image_results(self, *_: object) -> BatchResults:
        return _given(self.older)

    async def batch_images(self, *_: object) -> tuple[PlatformImage, ...]:
        if isinstance(self.listed, RefusedError):
            raise self.listed
        return self.listed

    async def aux_pictures(self, *_: object) -> tuple[object, ...]:
        return ()


def _given(answer: BatchResults | RefusedError) -> BatchResults:
    if isinstance(answer, RefusedError):
        raise answer
    return answer


def _batch(image_id: PlatformImageId | None = _PICTURE) -> Batch:
    study = make_study()
    visit = make_visit(study, None)
    (slot,) = make_slots(visit, (Side.FRONT,))
    _original, rendition, _take = make_picture(slot)
    batch = make_batch(visit, study.datasets[0], ((slot, rendition),))
    images = tuple(replace(image, platform_id=image_id) for image in batch.images)
    return replace(batch, platform_id=_BATCH, images=images)


def _picture() -> PlatformImage:
    return PlatformImage(_PICTURE, _BATCH, "front.jpg", Side.FRONT)


def _probe(there: Addresses) -> ResultsProbe:
    return ResultsProbe(there)  # type: ignore[arg-type]


async def test_what_the_newer_address_does_not_know_the_older_one_is_asked_for() -> None:
    there = Addresses(newer=_NOT_FOUND, older=_SAID)
    assert await _probe(there)(_batch(), _TO)


async def test_pictures_whose_ids_were_never_told_are_asked_for_as_they_are_listed() -> None:
    there = Addresses(newer=_NOT_FOUND, older=_SAID, listed=(_picture(),))
    assert await _probe(there)(_batch(None), _TO)


async def test_nothing_was_computed_of_what_no_address_knows() -> None:
    there = Addresses(newer=_NOT_FOUND, older=_NOT_FOUND, listed=_NOT_FOUND)
    assert not await _probe(there)(_batch(), _TO)
    assert not await _probe(there)(_batch(None), _TO)


async def test_a_refusal_of_either_address_is_no_answer() -> None:
    refused = RefusedError(400, "invalid", "")
    for there in (Addresses(newer=refused, older=_SAID), Addresses(_NOT_FOUND, refused)):
        with pytest.raises(RefusedError):
            await _probe(there)(_batch(), _TO)


async def test_the_older_results_are_read_though_the_newer_address_does_not_know_the_batch() -> (
    None
):
    there = Addresses(newer=_NOT_FOUND, older=_SAID, listed=(_picture(),))
    reader = ResultsReader(there)  # type: ignore[arg-type]
    unknown = await reader.read(_batch(), _TO, (), ())
    both = await reader.read(_batch(), _TO, ("face_skin_metrics_2.0", "face_skin_metrics_3.0"), ())
    assert [one.answer.results[0].algorithm for one in (unknown, both)] == ["redness"] * 2
    # what the newer address is to say is still to come where an application of it is attached
    assert (unknown.platform_says, both.platform_says) == (None, False)


async def test_a_batch_of_the_newer_address_alone_is_not_believed_to_be_under_way() -> None:
    reader = ResultsReader(Addresses(newer=_NOT_FOUND))  # type: ignore[arg-type]
    with pytest.raises(RefusedError):
        await reader.read(_batch(), _TO, ("face_skin_metrics_3.0",), ())


@pytest.mark.parametrize("is_empty", (True, False))
async def test_a_batch_that_is_missing_lists_nothing_only_where_that_proves_something(
    is_empty: bool,
) -> None:
    async def ask() -> Mapping[ImageId | None, PlatformImage]:
        there = Addresses(listed=_NOT_FOUND)
        return await listed_by_our_ids(there, _BATCH, _TO, or_none_if_missing=is_empty)  # type: ignore[arg-type]

    if is_empty:
        assert await ask() == {}
        return
    with pytest.raises(RefusedError):
        await ask()


async def test_a_refused_question_proves_nothing_of_what_is_listed() -> None:
    there = Addresses(listed=RefusedError(400, "invalid", ""))
    with pytest.raises(NotToldError):
        await listed_by_our_ids(there, _BATCH, _TO, or_none_if_missing=True)  # type: ignore[arg-type]
