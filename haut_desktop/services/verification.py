"""Verification: every sealed picture is read again, every confirmed one is asked for.

Those of the spool, which were sealed without the keys and are in no record yet, are read as well.
What differs is said; nothing is changed, neither here nor on the platform.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.clock import Clock
from haut_desktop.domain.delivery import BatchState
from haut_desktop.domain.errors import (
    HautError,
    NetworkError,
    OtherAccountError,
    VaultError,
    VaultMissingError,
)
from haut_desktop.domain.ids import ImageId
from haut_desktop.domain.imaging import Batch, view_words
from haut_desktop.domain.overviews import Whereabouts
from haut_desktop.domain.tenant import Tenant
from haut_desktop.domain.verification import Difference, Holder, Unanswered, VerificationReport
from haut_desktop.services.still_there import StillThere, concerns_all

if TYPE_CHECKING:
    from haut_desktop.api.client import HautApi
    from haut_desktop.api.object_store import ObjectStore
    from haut_desktop.domain.outbox import VisitDelivery
    from haut_desktop.domain.overviews import SealedPicture
    from haut_desktop.store.audit_log import AuditLog
    from haut_desktop.store.destinations import DestinationStore
    from haut_desktop.store.outbox import OutboxStore
    from haut_desktop.store.pictures import PictureStore
    from haut_desktop.store.spool import Spool
    from haut_desktop.store.vault import Vault

_PAGE: Final = 200
_READERS: Final = 2
"""Pictures that are read at once: unsealing runs beside the reading of the next one."""
_MOST_IN_A_ROW: Final = 5
"""So many batches in a row of which nothing could be asked mean the platform, not the batches."""
_UNANSWERED: Final = "Pictures that the platform gave no answer for: {pictures}."
_OTHERS: Final = "Batches that belong to another company or server: {batches}."


class Verification:
    """Compares the record with the vault and with the platform."""

    def __init__(
        self,
        *,
        pictures: "PictureStore",
        outbox: "OutboxStore",
        destinations: "DestinationStore",
        audit: "AuditLog",
        vault: "Vault",
        clock: Clock,
        api: "HautApi | None",
        objects: "ObjectStore | None" = None,
        no_api: str = "",
        spool: "tuple[Spool, str] | None" = None,
    ) -> None:
        self._pictures = pictures
        self._outbox = outbox
        self._destinations = destinations
        self._audit = audit
        self._vault = vault
        self._clock = clock
        self._api = api
        self._objects = objects
        """Without it the platform's lists are believed."""
        self._no_api = no_api
        """Why there is no ``api``."""
        self._spool = spool
        """The spool and the identity that opens it."""

    async def verify(
        self, on_progress: Callable[[int, int], None] = lambda _done, _all: None
    ) -> VerificationReport:
        """Look at everything; an unreachable platform is said, and is no difference."""
        sealed = await self._pictures.sealed()
        differences = [*await self._trail(), *await self._strangers(sealed)]
        pictures, bytes_read, found = await self._read_all(sealed, on_progress)
        differences += found
        spooled, spooled_bytes, found = await asyncio.to_thread(self._read_spool)
        differences += found
        walk = await self._walk({one.entity_id for one in differences})
        return VerificationReport(
            self._clock(),
            pictures=pictures,
            spooled_pictures=spooled,
            bytes_read=bytes_read + spooled_bytes,
            asked_pictures=walk.asked.total(),
            only_listed_pictures=walk.only_listed,
            not_asked=walk.not_asked,
            unanswered=tuple(walk.unanswered),
            holders=walk.holders(),
            differences=(
                *(replace(one, tenant=walk.owners.get(one.entity_id)) for one in differences),
                *walk.differences,
            ),
        )

    # ---- here --------------------------------------------------------------------------------

    async def _trail(self) -> list[Difference]:
        number = await self._audit.verify()
        if number is None:
            return []
        words = f"Line {number} of the audit trail does not follow from the line before it."
        return [Difference("trail-broken", "audit", str(number), words)]

    async def _strangers(self, sealed: Iterable["SealedPicture"]) -> list[Difference]:
        known = {picture.vault_name for picture in sealed} | await self._pictures.leaving()
        names = await asyncio.to_thread(self._vault.names)
        words = "The vault holds a picture that the record does not know."
        return [
            Difference("picture-unknown", "vault", name, words)
            for name in names
            if name not in known
        ]

    async def _read_all(
        self, sealed: tuple["SealedPicture", ...], on_progress: Callable[[int, int], None]
    ) -> tuple[int, int, list[Difference]]:
        """Give how many pictures were read, their bytes, and what differs."""
        lanes, done = asyncio.Semaphore(_READERS), 0
        sizes: list[int] = []
        found: list[Difference] = []

        async def look(picture: "SealedPicture") -> None:
            nonlocal done
            async with lanes:
                size_bytes, differences = await asyncio.to_thread(self._look, picture)
            done += 1
            if size_bytes is not None:
                sizes.append(size_bytes)
            found.extend(differences)
            on_progress(done, len(sealed))

        for start in range(0, len(sealed), _PAGE):
            await asyncio.gather(*map(look, sealed[start : start + _PAGE]))
        return len(sizes), sum(sizes), found

    def _read_spool(self) -> tuple[int, int, list[Difference]]:
        """Read what was sealed without the keys (blocking); as ``_read_all``."""
        if self._spool is None:
            return 0, 0, []
        spool, identity = self._spool
        sizes: list[int] = []
        found: list[Difference] = []
        for name in spool.names():
            try:
                _note, data = spool.open(name, identity)
            except VaultError as error:
                if name in spool.names():  # or else it has gone into the vault meanwhile
                    found.append(Difference("spooled-damaged", "spool", name, error.message))
            else:
                sizes.append(len(data))
        return len(sizes), sum(sizes), found

    def _look(self, picture: "SealedPicture") -> tuple[int | None, list[Difference]]:
        """Read one picture and the note beside it (blocking); None bytes for one not to be read."""
        found: list[Difference] = []
        size_bytes: int | None = None
        try:
            size_bytes = len(self._vault.open(picture.vault_name, picture.sha256))
        except VaultMissingError as error:
            found.append(_differs("picture-missing", picture, error.message))
        except VaultError as error:
            found.append(_differs("picture-damaged", picture, error.message))
        if picture.is_held:
            return size_bytes, found
        try:
            sidecar = self._vault.sidecar(picture.vault_name)
        except VaultMissingError:
            words = "The note beside the picture is missing."
            return size_bytes, [*found, _differs("sidecar-missing", picture, words)]
        except VaultError as error:
            return size_bytes, [*found, _differs("sidecar-damaged", picture, error.message)]
        if (sidecar.original_id, sidecar.digest.sha256, sidecar.subject_id) != (
            picture.original_id,
            picture.original_sha256,
            picture.subject_id,
        ):
            words = "The note beside the picture says something else than the record."
            found.append(_differs("sidecar-differs", picture, words))
        return size_bytes, found

    # ---- there -------------------------------------------------------------------------------

    async def _walk(self, differing: Container[str]) -> "_Walk":
        """Go through everything that goes to a platform; ask for what is confirmed there.

        Notes whose those of the pictures are that are ``differing`` here.
        """
        tenants = await self._destinations.tenants()
        walk = _Walk(self._api, self._no_api)
        offset = 0
        while deliveries := await self._outbox.deliveries(_PAGE, offset):
            offset += len(deliveries)
            for delivery, batch in ((d, b) for d in deliveries for b in d.batches):
                tenant = tenants[batch.dataset_id]
                walk.owners |= {
                    original: tenant
                    for image in batch.images
                    if (original := image.rendition.original_id) in differing
                }
                if _is_there(batch):
                    await self._count(delivery, batch, tenant, walk)
        if walk.others:
            walk.not_asked = walk.not_asked or _OTHERS.format(batches=walk.others)
        if walk.unanswered:
            walk.not_asked = walk.not_asked or _UNANSWERED.format(pictures=len(walk.unanswered))
        return walk

    async def _count(
        self, delivery: "VisitDelivery", batch: Batch, tenant: Tenant, walk: "_Walk"
    ) -> None:
        confirmed = len(batch.confirmed)
        walk.confirmed[tenant] += confirmed
        if walk.api is None:
            return
        try:
            to = (await self._destinations.of_batch(batch.id)).address
            seen = await StillThere(walk.api, self._objects, goes_on=True)(batch, to)
        except OtherAccountError:
            walk.others += 1
        except NetworkError as error:  # what goes by itself later is another matter
            walk.give_up(f"{error.title}.")
        except HautError as error:
            if concerns_all(error):
                walk.give_up(_words(error))
            else:
                missed = tuple((image.id, error) for image in batch.confirmed)
                walk.miss(missed, tenant, _places(delivery, batch))
                walk.note_row(error)
        else:
            places = _places(delivery, batch)
            walk.differences += [
                replace(one, tenant=tenant, place=places[one.entity_id]) for one in seen.differences
            ]
            walk.miss(seen.unanswered, tenant, places)
            asked = confirmed - len(seen.unanswered)
            walk.note_row(None if asked else seen.unanswered[0][1])
            walk.asked[tenant] += asked
            walk.only_listed += seen.only_listed


@dataclass(slots=True)
class _Walk:
    """What is found on the way through all batches."""

    api: "HautApi | None"
    """None once the platform is not asked any more, for the reason of ``not_asked``."""
    not_asked: str
    differences: list[Difference] = field(default_factory=list)
    """What the platform said; who holds it is known."""
    confirmed: Counter[Tenant] = field(default_factory=Counter)
    asked: Counter[Tenant] = field(default_factory=Counter)
    owners: dict[str, Tenant] = field(default_factory=dict)
    """To whom a picture goes that differs here, by the original's id."""
    only_listed: int = 0
    others: int = 0
    """Batches of others than who is signed in."""

    unanswered: list[Unanswered] = field(default_factory=list)
    in_a_row: int = 0
    """Batches in a row of which nothing could be asked."""

    def give_up(self, why: str) -> None:
        """Ask for nothing more."""
        self.api, self.not_asked = None, why

    def miss(
        self,
        pictures: Iterable[tuple[ImageId, HautError]],
        tenant: Tenant,
        places: Mapping[str, Whereabouts],
    ) -> None:
        """Name pictures that could not be asked for; the others go on."""
        self.unanswered += [
            Unanswered(key, _words(error), tenant, places[key]) for key, error in pictures
        ]

    def note_row(self, error: HautError | None) -> None:
        """Count a batch of which nothing could be asked; None ends the row."""
        self.in_a_row = self.in_a_row + 1 if error is not None else 0
        if error is not None and self.in_a_row >= _MOST_IN_A_ROW:
            self.give_up(_words(error))

    def holders(self) -> tuple[Holder, ...]:
        """Count who holds what."""
        return tuple(
            Holder(tenant, number, self.asked[tenant])
            for tenant, number in self.confirmed.most_common()
        )


def _words(error: HautError) -> str:
    return f"{error.title}. {error.message}"


def _is_there(batch: Batch) -> bool:
    """Whether the record says that the platform holds something of the batch."""
    if batch.platform_id is None or batch.state is BatchState.RETRACTED:
        return False
    return bool(batch.confirmed)


def _differs(kind: str, picture: "SealedPicture", words: str) -> Difference:
    return Difference(kind, "original", picture.original_id, words, place=picture.place)


def _places(delivery: "VisitDelivery", batch: Batch) -> dict[str, Whereabouts]:
    """Say where a batch and its pictures are found, by their ids."""
    visit = delivery.visit
    whole = Whereabouts(delivery.subject_code, visit.name, visit.local_date)
    views: dict[str, Whereabouts] = {
        image.id: replace(whole, view=view_words(image.side, image.light)) for image in batch.images
    }
    return {batch.id: whole, **views}
