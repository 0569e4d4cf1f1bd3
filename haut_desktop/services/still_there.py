"""Whether the platform still has what it confirmed: its list, and the bytes behind the list."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.delivery import ImageState
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import (
    AccountError,
    AddressExpiredError,
    HautError,
    NetworkError,
    RefusedError,
    StationError,
    TooManyRequestsError,
)
from haut_desktop.domain.ids import ImageId
from haut_desktop.domain.imaging import Batch, Image, PlatformImage, image_id_in
from haut_desktop.domain.verification import Difference

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.api.object_store import ObjectStore

_AT_ONCE: Final = 3
"""Pictures of one batch whose bytes are looked at together."""
_NOT_FOUND: Final = frozenset({404, 410})
"""Answers that say that it is not there; any other refusal says that it may not be looked at."""
_GONE: Final = "bytes-not-on-platform"
_OTHER: Final = "other-bytes-on-platform"
_OTHER_BYTES: Final = "What the platform gives out for the picture is not what was sent."
_ERASED: Final = " It was erased on this station."
_NO_BYTES: Final = "The platform lists the picture and does not give it out. {reason}"


@dataclass(frozen=True, slots=True)
class Seen:
    """What the platform said of one batch."""

    differences: tuple[Difference, ...] = ()
    only_listed: int = 0
    """Pictures that are listed and whose bytes could not be looked at: no address, or an old one.
    """
    not_kept: int = 0
    """Pictures that are not there by the data set's own rule: nothing differs, nothing was seen."""
    unanswered: tuple[tuple[ImageId, HautError], ...] = ()
    """Pictures that met trouble of their own, and what that was."""


_CONCERNS_ALL: Final = (NetworkError, AccountError, StationError, TooManyRequestsError)


def concerns_all(error: HautError) -> bool:
    """Whether whatever else is asked for would meet the same."""
    return isinstance(error, _CONCERNS_ALL)


class StillThere:
    """Asks the platform for the confirmed pictures of a batch.

    With ``goes_on`` a picture that meets trouble of its own is left out and named; without it that
    trouble is raised.
    """

    def __init__(
        self, api: "HautApi", objects: "ObjectStore | None", *, goes_on: bool = False
    ) -> None:
        self._api = api
        self._objects = objects
        self._goes_on = goes_on

    async def __call__(self, batch: Batch, to: SubjectAddress) -> Seen:
        """Say what is missing there or other than it was sent.

        Raises what asking meets, but not that the batch or a picture is gone.
        """
        assert batch.platform_id is not None
        try:
            listed = await self._api.batch_images(
                to.tenant, to.dataset_id, to.subject_id, batch.platform_id
            )
        except RefusedError as error:
            if error.status not in _NOT_FOUND:
                raise
            words = f"The platform does not have the batch. {error.message}"
            return Seen((Difference("batch-not-on-platform", "batch", batch.id, words),))
        if not listed:
            keeps = await self._keeps_images(to)
            missing = tuple(map(_not_listed, batch.confirmed))
            return Seen(missing) if keeps else Seen(not_kept=len(missing))
        there = {image_id_in(picture.name): picture for picture in listed}
        looked = await self._look_at_each(batch.confirmed, there)
        found = [difference for one in looked for difference in one.differences]
        not_kept = 0
        if any(one.kind == _GONE for one in found) and not await self._keeps_images(to):
            others = [one for one in found if one.kind != _GONE]
            not_kept, found = len(found) - len(others), others
        unanswered = tuple(one for each in looked for one in each.unanswered)
        return Seen(tuple(found), sum(one.only_listed for one in looked), not_kept, unanswered)

    async def _look_at_each(
        self, stored: Iterable[Image], there: Mapping[ImageId | None, PlatformImage]
    ) -> list[Seen]:
        lanes = asyncio.Semaphore(_AT_ONCE)

        async def look(image: Image) -> Seen:
            async with lanes:
                try:
                    return await self._look(image, there.get(image.id))
                except HautError as error:
                    if not self._goes_on or concerns_all(error):
                        raise
                    return Seen(unanswered=((image.id, error),))

        # all are waited for, also when one of them meets trouble
        looked = await asyncio.gather(*map(look, stored), return_exceptions=True)
        for one in looked:
            if isinstance(one, BaseException):
                raise one
        return [one for one in looked if isinstance(one, Seen)]

    async def _look(self, image: Image, listed: PlatformImage | None) -> Seen:
        if listed is None:
            return Seen((_not_listed(image),))
        if image.platform_id is not None and listed.id != image.platform_id:
            words = f"The platform lists the picture as {listed.id}, the record has "
            words += f"{image.platform_id}."
            return Seen((_differs("other-id-on-platform", image, words),))
        if self._objects is None or not listed.original_url:
            return Seen(only_listed=1)
        try:
            is_same = await self._objects.holds(listed.original_url, image.rendition.digest)
        except AddressExpiredError:
            return Seen(only_listed=1)
        except RefusedError as error:
            if error.status not in _NOT_FOUND:
                raise
            words = _NO_BYTES.format(reason=error.message)
            return Seen((_differs(_GONE, image, words),))
        return Seen(() if is_same else (_differs(_OTHER, image, _OTHER_BYTES),))

    async def _keeps_images(self, to: SubjectAddress) -> bool:
        """Whether the data set's pictures stay: one that lists none may have deleted them."""
        return (await self._api.dataset(to.tenant, to.dataset_id)).keeps_images


def _not_listed(image: Image) -> Difference:
    words = "The platform does not list the picture in its batch."
    return _differs("not-on-platform", image, words)


def _differs(kind: str, image: Image, words: str) -> Difference:
    if image.state is ImageState.ERASED:
        words += _ERASED
    return Difference(kind, "image", image.id, words)
