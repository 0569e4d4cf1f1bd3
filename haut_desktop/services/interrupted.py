"""Interrupted intake: what the program's sudden end left in the vault comes into the record.

A picture is sealed before it is written down. Who was killed in between had not shown it as taken
in, but its note says whose it is: the next start writes it down, so that nothing lies in the vault
that the record does not know.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from haut_desktop.domain.audit import Act
from haut_desktop.domain.errors import HautError, StoreError
from haut_desktop.domain.visits import VisitSheet, VisitStatus
from haut_desktop.services.changes import Change, Changes, Topic
from haut_desktop.services.pauses import Pause, pause
from haut_desktop.services.sidecars import Sidecars
from haut_desktop.services.writing import to_its_end

if TYPE_CHECKING:
    from haut_desktop.store.picture_record import PictureRecord
    from haut_desktop.store.pictures import PictureStore
    from haut_desktop.store.rebuilt import RebuiltStore
    from haut_desktop.store.takes import TakeStore
    from haut_desktop.store.vault import Vault
    from haut_desktop.store.visits import VisitStore

_log = logging.getLogger(__name__)

WRITTEN_DOWN: Final = "sealed when the program ended"
"""Why a picture came into the record at a start."""
REST_S: Final = 0.03
"""Between two parts of the vault, so that a year's pictures hold up nobody at a start."""
AT_ONCE: Final = 5
"""Parts that are looked through at once: a thousand pictures and a few hold up nobody."""
FIRST_PAGES_S: Final = 5.0
"""What is left of a full vault waits so long after the window was shown, for its first pages."""
NO_WINDOW_S: Final = 60.0
"""So long it waits for a window at the most: it is looked through in any case."""
WAITS: Final = (
    "The program ended while this picture was being taken in, and its visit is finished. Say "
    "whose it is."
)


class InterruptedIntake:
    """Ends at a start what an earlier process had begun."""

    def __init__(
        self,
        *,
        visits: "VisitStore",
        pictures: "PictureStore",
        takes: "TakeStore",
        vault: "Vault",
        rebuilt: "RebuiltStore",
        sidecars: Sidecars,
        changing: asyncio.Lock,
        changes: Changes,
        since: datetime,
        pause: Pause = pause,
    ) -> None:
        self._visits = visits
        self._pictures = pictures
        self._takes = takes
        self._vault = vault
        self._rebuilt = rebuilt
        self._sidecars = sidecars
        self._changing = changing
        self._changes = changes
        self._since = since
        """When this process began: what is half written since then is being written."""
        self._pause = pause
        self._window = asyncio.Event()

    def window_shown(self) -> None:
        """The window that was announced can be used."""
        self._window.set()

    async def settle(self, *, has_window: bool = False) -> None:
        """Write down what is sealed and unknown, clear away what is half written; once.

        Where a window is to come, a full vault is looked through after its first pages.
        """
        unknown = await self._unknown(has_window=has_window)
        if not unknown:
            return
        # while nobody changes a visit, no picture is on its way from the vault to the record
        async with self._changing:
            for name in sorted(await self._still_unknown(unknown)):
                try:
                    await self._settle(name)
                except HautError as error:
                    # it stays where it is, and a verification names it
                    _log.warning("sealed picture %s stays unknown: %s", name, error.kind)

    async def _unknown(self, *, has_window: bool) -> tuple[str, ...]:
        """Look through the vault, a part at a time and with rests: who works goes first."""
        found: list[str] = []
        parts = self._vault.parts(self._since)
        looked = 0
        # first the names: a picture that comes into the record meanwhile is no stranger
        while (names := await to_its_end(_next, parts)) is not None:
            if has_window and looked == AT_ONCE:
                await self._pause(self._window, NO_WINDOW_S)
                await self._pause(asyncio.Event(), FIRST_PAGES_S)
            found += await self._pictures.without_original(names)
            looked += 1
            await self._pause(asyncio.Event(), REST_S)
        return await self._pictures.strangers(found)

    async def _still_unknown(self, names: Sequence[str]) -> list[str]:
        """Those that did not come into the record, and are not gone, since they were found."""
        strangers = await self._pictures.strangers(names)
        return [name for name in strangers if await asyncio.to_thread(self._vault.holds, name)]

    async def _settle(self, name: str) -> None:
        sidecar = await asyncio.to_thread(self._vault.sidecar, name)
        record, sha256 = sidecar.record, sidecar.digest.sha256
        if record is None:
            return
        await asyncio.to_thread(self._vault.open, name, sha256)
        subject_id = record.frame.visit.subject_id
        places = await self._pictures.places_of(sha256)
        if any(place.refuses(subject_id) for place in places):
            await self._clear_twin(name, sha256)
            return
        sheet = await self._open_sheet(record)
        if sheet is None:
            claim = {"subject_code": sidecar.subject_code, "visit": sidecar.visit_name}
            await self._rebuilt.hold(record.original, record.rendition, WAITS, claim)
        else:
            await self._write_down(record, sheet)
        _log.info("sealed picture %s came into the record", name)

    async def _clear_twin(self, name: str, sha256: str) -> None:
        """The same bytes were dropped again: once that copy is proven, this one goes."""
        for picture in await self._pictures.sealed():
            if picture.original_sha256 == picture.sha256 == sha256:
                await asyncio.to_thread(self._vault.open, picture.vault_name, sha256)
                await to_its_end(self._vault.erase, name)
                return

    async def _open_sheet(self, record: "PictureRecord") -> VisitSheet | None:
        """The picture's visit; None for one that is finished or not in the record."""
        try:
            sheet = await self._visits.sheet(record.frame.visit.id)
        except StoreError:
            return None
        return sheet if sheet.visit.status is VisitStatus.OPEN else None

    async def _write_down(self, record: "PictureRecord", sheet: VisitSheet) -> None:
        operator = record.frame.operator
        act = Act(operator.id if operator else None, WRITTEN_DOWN)
        # a place beyond the plan may have been made again for another picture since then
        slots = [shelf.slot for shelf in sheet.shelves if shelf.slot.kind == record.slot.kind]
        slot = slots[0] if slots else record.slot
        number = await self._takes.next_number(slot.id)
        # what was taken since then was chosen later
        counts = number == record.take.number
        take = replace(record.take, slot_id=slot.id, number=number, counts=counts)
        await self._pictures.add(
            record.original,
            record.rendition,
            take,
            (),
            act,
            new_slot=None if slots else slot,
        )
        await self._sidecars.follow(sheet.visit.id)
        self._changes.send(Change(Topic.VISITS, frozenset({sheet.visit.id})))


def _next(parts: Iterator[list[str]]) -> list[str] | None:
    return next(parts, None)
