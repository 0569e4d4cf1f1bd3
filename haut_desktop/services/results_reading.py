"""One look at a batch on the platform: v3 and v1 results, as the dataset's applications demand."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.analysis import (
    AlgorithmResult,
    Application,
    BatchResults,
    Purpose,
)
from haut_desktop.domain.delivery import Route
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import ItemError, PermissionRefusedError, RefusedError
from haut_desktop.domain.ids import PlatformBatchId, PlatformImageId
from haut_desktop.domain.imaging import REGULAR, Batch, PlatformImage, Side

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi

GUESS_V3_APPLICATIONS: Final = ("face_skin_metrics_3",)
"""Beginnings of the names of applications whose results are read per batch by v3; no document says
how to tell (contract §7.4 shows ``face_skin_metrics_3`` as the key of a v3 answer)."""

_PREDICTION: Final = "prediction"
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Reading:
    """What the platform said about a batch at one moment."""

    answer: BatchResults
    """Everything in one: results with their sides, the platform's flag of v3, pictures."""
    arrived: frozenset[str]
    expected: frozenset[str]
    """What the applications' lists promise, in the same words as ``arrived``."""
    images: tuple[PlatformImage, ...]
    """The batch's pictures as v1 lists them; empty where nothing needs the list (``_listed``)."""
    is_v3_complete: bool | None
    """The flag of v3; None where v3 was not asked."""
    promises_v1: bool

    @property
    def platform_says(self) -> bool | None:
        """The platform's own word for the whole batch, which it has where only v3 computes."""
        if self.is_v3_complete is False:
            return False
        return None if self.promises_v1 else self.is_v3_complete

    @property
    def has_some_of_all(self) -> bool:
        """Whether there is a result for every picture, as far as pictures are listed."""
        spoken = {result.platform_image_id for result in self.answer.results}
        return bool(spoken) and {image.id for image in self.images} <= spoken


def is_read_by_v3(application: str) -> bool:
    """Whether an application's results come per batch; others come picture by picture."""
    return application.startswith(GUESS_V3_APPLICATIONS)


class ResultsReader:
    """Asks the platform about one batch; keeps nothing."""

    def __init__(self, api: "HautApi") -> None:
        self._api = api

    async def read(
        self,
        batch: Batch,
        to: SubjectAddress,
        applications: Iterable[str],
        catalog: Iterable[Application],
    ) -> Reading:
        """Read every result there is; ``applications`` are the dataset's, none means not known."""
        names = tuple(applications)
        by_v3 = [name for name in names if is_read_by_v3(name)]
        asks_v3 = bool(by_v3) or (not names and batch.route is Route.SIGNED)
        asks_v1 = len(by_v3) < len(names) or not names
        assert batch.platform_id is not None, "a batch without a platform id has no results"
        answers: list[BatchResults] = []
        flag = None
        if asks_v3:
            newer = await self._batch_answer(to, batch.platform_id, is_alone=not asks_v1)
            answers += [] if newer is None else [newer]
            # without a word the older address decides, unless an application is still to speak here
            flag = bool(newer and newer.is_complete_by_platform) if newer or by_v3 else None
        images = await self._listed(batch, to, batch.platform_id, asks_v1=asks_v1)
        if asks_v1:
            answers += [
                await self._image_answer(to, batch.platform_id, image.id, _view_of(batch, image))
                for image in images
            ]
        answer = _joined(answers)
        listed = {a.tech_name: a for a in catalog if a.tech_name in names}
        v1_apps = [listed[n] for n in names if not is_read_by_v3(n) and n in listed]
        return Reading(
            answer=replace(answer, is_complete_by_platform=flag),
            arrived=frozenset(_words(answer)),
            expected=frozenset(_promised(v1_apps, images, answer)),
            images=images,
            is_v3_complete=flag,
            promises_v1=asks_v1 and bool(names),
        )

    async def _batch_answer(
        self, to: SubjectAddress, batch_id: PlatformBatchId, *, is_alone: bool
    ) -> BatchResults | None:
        """What v3 says; None where it does not know the batch and v1 is to be asked, too."""
        try:
            return await self._api.batch_results(to.tenant, batch_id)
        except RefusedError as error:
            if is_alone or error.status != _NOT_FOUND:
                raise
            return None

    async def _listed(
        self, batch: Batch, to: SubjectAddress, batch_id: PlatformBatchId, *, asks_v1: bool
    ) -> tuple[PlatformImage, ...]:
        """The batch's pictures: to ask for each, and to tell what may be of an erased one.

        Where v3 alone computes only the latter needs them, and a refusal keeps no value away.
        """
        if not asks_v1 and (batch.route is not Route.INLINE or not batch.images):
            return ()
        try:
            return await self._api.batch_images(to.tenant, to.dataset_id, to.subject_id, batch_id)
        except (ItemError, PermissionRefusedError):
            if asks_v1:
                raise
            return ()

    async def _image_answer(
        self,
        to: SubjectAddress,
        batch_id: PlatformBatchId,
        image: PlatformImageId,
        view: tuple[Side, str],
    ) -> BatchResults:
        """One picture's results and made pictures, with its view, which v1 rows do not carry."""
        side, light = view
        where = (to.tenant, to.dataset_id, to.subject_id, batch_id, image)
        answer = await self._api.image_results(*where)
        made = await self._api.aux_pictures(*where) if answer.results else ()
        return BatchResults(
            results=tuple(_on_view(result, image, side, light) for result in answer.results),
            pictures=tuple(
                replace(picture, side=side, light=light, platform_image_id=image)
                for picture in (*answer.pictures, *made)
            ),
            raw=answer.raw,
        )


def side_of(batch: Batch, listed: PlatformImage) -> Side:
    """The side that the record says; the platform's for a picture that the record does not have."""
    own = batch.image_of(listed)
    return listed.side if own is None else own.side


def light_of(batch: Batch, listed: PlatformImage) -> str:
    """The light that the record says; the platform's for a picture that the record does not have.

    Of a batch from elsewhere the record keeps no lights: all of it counts as of the usual one.
    """
    own = batch.image_of(listed)
    if own is not None:
        return own.light
    return listed.light if batch.images else REGULAR


def _view_of(batch: Batch, listed: PlatformImage) -> tuple[Side, str]:
    return side_of(batch, listed), light_of(batch, listed)


def _on_view(
    result: AlgorithmResult, image: PlatformImageId, side: Side, light: str
) -> AlgorithmResult:
    masks = tuple(replace(mask, side=side) for mask in result.masks)
    return replace(result, side=side, light=light, platform_image_id=image, masks=masks)


def _joined(answers: Iterable[BatchResults]) -> BatchResults:
    all_answers = tuple(answers)
    return BatchResults(
        results=tuple(r for answer in all_answers for r in answer.results),
        pictures=tuple(p for answer in all_answers for p in answer.pictures),
        raw=b"\n".join(answer.raw for answer in all_answers),
    )


def _words(answer: BatchResults) -> Iterator[str]:
    """One word for each result; of v1, one for each picture; and one for a prediction."""
    for result in answer.results:
        yield f"{result.platform_image_id or ''}/{result.algorithm}"
    if any(picture.is_predicted for picture in answer.pictures):
        yield _PREDICTION


def _promised(
    applications: Iterable[Application], images: tuple[PlatformImage, ...], answer: BatchResults
) -> Iterator[str]:
    """Every algorithm for every picture; a prediction only where any algorithm succeeded."""
    for application in applications:
        is_simulation = application.purpose is Purpose.SIMULATION
        if is_simulation and any(result.is_ok for result in answer.results):
            yield _PREDICTION
        for algorithm in application.algorithms:
            for image in images:
                yield f"{image.id}/{algorithm.tech_name}"
