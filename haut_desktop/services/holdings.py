"""What the platform holds of a batch of ours: its batches and pictures, known by our ids in them.

Our ids stand in the pictures' names and, by the signed way, in the batch's ``meta``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import RefusedError
from haut_desktop.domain.ids import ImageId, PlatformBatchId
from haut_desktop.domain.imaging import Batch, PlatformBatch, PlatformImage, image_id_in

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi

_NOT_FOUND: Final = 404


@dataclass(slots=True)
class Found:
    """A batch of the platform that is one of ours."""

    platform_id: PlatformBatchId
    pictures: Mapping[ImageId, PlatformImage] = field(default_factory=dict)

    def as_batch(self, batch: Batch) -> Batch:
        """Our batch as it would be with the platform's ids."""
        images = tuple(
            replace(image, platform_id=self.pictures[image.id].id)
            for image in batch.images
            if image.id in self.pictures
        )
        return replace(batch, platform_id=self.platform_id, images=images)


class Holdings:
    """Looks through the batches that the platform has of a subject."""

    def __init__(self, api: "HautApi") -> None:
        self._api = api

    async def find(self, batch: Batch, to: SubjectAddress) -> list[Found]:
        """Give every batch of the platform that is, or was begun as, ``batch``."""
        found = []
        for listed in await self._api.batches(to.tenant, to.dataset_id, to.subject_id):
            pictures = await self._pictures(batch, listed.id, to)
            if pictures or _meta_id(listed) == batch.id:
                found.append(Found(listed.id, pictures))
        return found

    async def find_all(
        self, batch: Batch, to: SubjectAddress, known: Iterable[PlatformBatchId]
    ) -> list[Found]:
        """As ``find``, and ask for each of the ``known`` ids that is not listed.

        What the platform does not know, or knows no more, is not there.
        """
        try:
            found = await self.find(batch, to)
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            found = []
        listed = {one.platform_id for one in found}
        for platform_id in dict.fromkeys(known):
            if platform_id not in listed and (one := await self._known(batch, platform_id, to)):
                found.append(one)
        return found

    async def _known(
        self, batch: Batch, platform_id: PlatformBatchId, to: SubjectAddress
    ) -> Found | None:
        try:
            return Found(platform_id, await self._pictures(batch, platform_id, to))
        except RefusedError as error:
            if error.status != _NOT_FOUND:
                raise
            return None

    async def _pictures(
        self, batch: Batch, platform_id: PlatformBatchId, to: SubjectAddress
    ) -> Mapping[ImageId, PlatformImage]:
        ours = {image.id for image in batch.images}
        pictures = await self._api.batch_images(
            to.tenant, to.dataset_id, to.subject_id, platform_id
        )
        by_id = {image_id_in(picture.name): picture for picture in pictures}
        return {key: picture for key, picture in by_id.items() if key is not None and key in ours}


def _meta_id(listed: PlatformBatch) -> str | None:
    return dict(listed.meta).get("batch_id")
