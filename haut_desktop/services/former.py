"""Before a placed picture goes that may have been delivered: the platform is asked for it.

Whoever placed it knows whose it is, and nobody knows whether it was sent before the record was
lost. It is looked for among all pictures of its subject by its bytes; the ids that its note speaks
of only raise a doubt. Nothing like it there: it goes. There, whole and by itself: the platform's
batch is taken over, with proof, and its results decide whether it was computed. Anything between is
held for a person. While the platform can't be asked the batch waits and says why.
"""

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.delivery import (
    BatchEvent,
    BatchState,
    ImageState,
    Route,
    Waiting,
)
from haut_desktop.domain.destination import SubjectAddress
from haut_desktop.domain.errors import (
    AddressExpiredError,
    HautError,
    ItemError,
    RefusedError,
    StationError,
)
from haut_desktop.domain.former import (
    FormerSubject,
    MayBeThereError,
    NotAskedYetError,
    may_be_with_another,
)
from haut_desktop.domain.ids import BatchId, ImageId, PlatformBatchId, PlatformSubjectId
from haut_desktop.domain.imaging import Batch, PlatformImage, image_id_in, shows_view
from haut_desktop.services.asking import Asking, QuietTime, concerns_asking
from haut_desktop.services.changes import Change, Topic
from haut_desktop.services.holdings import Found
from haut_desktop.services.taking_over import TakingOver
from haut_desktop.services.troubles import trouble_of

if TYPE_CHECKING:
    from haut_desktop.store.former import FormerStore

_Names = Mapping[ImageId, frozenset[ImageId]]

_NOT_FOUND: Final = 404
_NOTHING: Final = ""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Theirs:
    """A batch that the platform lists."""

    id: PlatformBatchId
    is_signed: bool
    """It lists its pictures before they arrive."""
    to: SubjectAddress


@dataclass(slots=True)
class _Seen:
    """What the platform's listing says of a batch's marked pictures."""

    found: list[Found] = field(default_factory=list)
    is_unclear: bool = False
    """A listed picture may be one of them, and nothing tells whether it is."""

    @property
    def is_nothing(self) -> bool:
        """Whether none of them is there."""
        return not self.found and not self.is_unclear


class FormerDelivery:
    """Asks for each batch with a marked picture once, then lets delivery have it."""

    def __init__(self, asking: Asking, former: "FormerStore") -> None:
        self._asking = asking
        self._outbox = asking.outbox
        self._former = former
        self._taking = TakingOver(asking.outbox, asking.clock)
        self._quiet_time = QuietTime(asking.clock, asking.quiet_s)
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Ask whenever there is something to ask for, until cancelled."""
        unsubscribe = self._asking.changes.subscribe(self._on_change)
        self._quiet_time.begin()
        try:
            while True:
                self._woken.clear()
                try:
                    await self.look()
                except StationError as error:
                    _log.warning("the record can't say what is to be asked for: %s", error.kind)
                await self._asking.rest(self._woken)
        finally:
            unsubscribe()

    def wake(self) -> None:
        """Ask at once for what may be asked for."""
        self._woken.set()

    def _on_change(self, change: Change) -> None:
        if change.topic is Topic.VISITS or concerns_asking(change):
            self.wake()

    async def look(self) -> None:
        """Say of every marked batch why it waits, and ask for those that can be asked for."""
        for batch_id in await self._former.unexplained():
            await self._explain(batch_id, NotAskedYetError())
        if (tenant := self._asking.tenant) is None:
            return
        for batch_id in await self._former.pending(self._quiet_time.over_by(), tenant):
            await self._asking.attempt(batch_id, self.settle)

    async def settle(self, batch_id: BatchId) -> None:
        """Ask the platform for one batch and put the record right; raises what stopped it."""
        batch = await self._asking.begin(batch_id)
        outcome = "delivered"
        if batch.state is BatchState.OPEN:
            to = (await self._asking.destinations.of_batch(batch_id)).address
            names = await self._former.names(batch_id)
            seen = await self._look_for(names, batch, to)
            doubt = await self._doubt_elsewhere(names, batch, to) if seen.is_nothing else None
            if doubt is None and not await self._conclude(batch, to, seen):
                doubt = MayBeThereError()
            if doubt is not None:
                _log.warning("batch %s is held: %s", batch_id, doubt.kind)
                waiting = Waiting(trouble=trouble_of(doubt))
                await self._outbox.move_batch(batch_id, BatchEvent.HOLD, waiting=waiting)
                self._asking.tell(batch)
                return
            outcome = "there already" if seen.found else "not there"
        await self._former.settle(batch_id, outcome)
        await self._asking.forget_waiting(batch_id)
        self._asking.tell(batch)

    async def _explain(self, batch_id: BatchId, error: HautError) -> None:
        await self._outbox.set_waiting_batch(batch_id, Waiting(trouble=trouble_of(error)))
        self._asking.changes.send(Change(Topic.OUTBOX, frozenset({batch_id})))

    # ---- looking -------------------------------------------------------------------------

    async def _look_for(self, names: _Names, batch: Batch, to: SubjectAddress) -> _Seen:
        seen = _Seen()
        for listed in await self._asking.api.batches(to.tenant, to.dataset_id, to.subject_id):
            self._asking.go_on()
            pictures = await self._asking.api.batch_images(
                to.tenant, to.dataset_id, to.subject_id, listed.id
            )
            is_signed = "batch_id" in dict(listed.meta)
            mine: dict[ImageId, PlatformImage] = {}
            theirs = _Theirs(listed.id, is_signed, to)
            for picture in pictures:
                ours = await self._which(picture, theirs, names, batch, seen)
                if ours is not None:
                    mine[ours] = picture
            if mine:
                seen.found.append(Found(listed.id, mine))
        return seen

    async def _doubt_elsewhere(
        self, names: _Names, batch: Batch, to: SubjectAddress
    ) -> MayBeThereError | None:
        """Look where a picture may have gone by its former note, before it was placed with ``to``.

        What lies with another subject is never taken over: only a person can say whose it is.
        """
        for subject in await self._former.subjects(batch.id):
            for entry in await self._entries(subject, batch, to):
                try:
                    seen = await self._look_for(names, batch, replace(to, subject_id=entry))
                except RefusedError as error:
                    if error.status != _NOT_FOUND:
                        raise
                    continue  # the entry is no more, and nothing under it
                if not seen.is_nothing:
                    return may_be_with_another(subject.code)
        return None

    async def _entries(
        self, subject: FormerSubject, batch: Batch, to: SubjectAddress
    ) -> list[PlatformSubjectId]:
        """Other entries than ``to`` that may be the subject's: the note's and those of its code."""
        noted = subject.entries.get(batch.dataset_id)
        found = [noted] if noted is not None else []
        if subject.code:
            self._asking.go_on()
            listed = await self._asking.api.find_subjects(to.tenant, to.dataset_id, subject.code)
            found += [one.id for one in listed]
        return [entry for entry in dict.fromkeys(found) if entry != to.subject_id]

    async def _which(
        self, picture: PlatformImage, theirs: "_Theirs", names: _Names, batch: Batch, seen: _Seen
    ) -> ImageId | None:
        """Which marked picture a listed one is, by its bytes; None for none that can be told.

        An id in its name says only that it may be one: anybody could have written the note that
        the id is from.
        """
        there = image_id_in(picture.name)
        named = next((ours for ours, former in names.items() if there in former), None)
        if named is None and there is not None and await self._outbox.knows_any([there]):
            return None  # the record knows that one, and it is another
        if not picture.original_url:  # deleted there, or never told
            seen.is_unclear = True
            return None
        sha256 = await self._sha256(picture, theirs)
        if sha256 == _NOTHING and theirs.is_signed:
            there_as = Found(theirs.id).as_batch(batch)
            if not await self._asking.has_results(there_as, theirs.to):
                return None  # it never arrived; what was computed was there, and is deleted
        if sha256 in (_NOTHING, None):
            seen.is_unclear = True
            return None
        digests = {image.rendition.digest.sha256: image.id for image in batch.images}
        ours = digests.get(sha256)
        if ours in names:
            return ours
        seen.is_unclear |= named is not None  # our name on other bytes
        return None

    async def _sha256(self, picture: PlatformImage, theirs: "_Theirs") -> str | None:
        """The hash of a listed picture; ``_NOTHING`` where none lies, None for who knows."""
        try:
            try:
                data = await self._asking.fetch(picture.original_url)
            except AddressExpiredError:  # many pictures were fetched since it was listed
                address = await self._address_now(picture, theirs)
                if not address:
                    return None
                data = await self._asking.fetch(address)
        except RefusedError as error:
            return _NOTHING if error.status == _NOT_FOUND else None
        except ItemError:
            return None
        return await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())

    async def _address_now(self, picture: PlatformImage, theirs: "_Theirs") -> str:
        to = theirs.to
        listed = await self._asking.api.batch_images(
            to.tenant, to.dataset_id, to.subject_id, theirs.id
        )
        return next((one.original_url for one in listed if one.id == picture.id), "")

    # ---- concluding ----------------------------------------------------------------------

    async def _conclude(self, batch: Batch, to: SubjectAddress, seen: _Seen) -> bool:
        """Take over what is there; False when only a person can say what becomes of the batch."""
        if seen.is_unclear or len(seen.found) > 1:
            return False
        if not seen.found:
            return True
        (one,) = seen.found
        if not await self._fits(batch, one):
            return False
        await self._taking.take_over(batch, one, "found")
        if batch.route is Route.SIGNED:
            is_computed = await self._asking.has_results(one.as_batch(batch), to)
            # whether it was to be computed is not known: its results decide, or a person
            await self._outbox.move_batch(batch.id, BatchEvent.SUBMIT)
            if is_computed:
                await self._outbox.move_batch(batch.id, BatchEvent.SUBMITTED)
        return True

    async def _fits(self, batch: Batch, found: Found) -> bool:
        """Whether the platform's batch can be ours: nobody else's, the same views, nothing left.

        By the inline way what is missing in it can still be sent into it.
        """
        if await self._former.owner(batch.dataset_id, found.platform_id) not in (None, batch.id):
            return False
        if batch.platform_id not in (None, found.platform_id):
            return False
        kept = [image for image in batch.images if image.state is not ImageState.ERASED]
        there = [(image, found.pictures[image.id]) for image in kept if image.id in found.pictures]
        if not all(shows_view(listed, image) for image, listed in there):
            return False
        return batch.route is Route.INLINE or len(there) == len(kept)
