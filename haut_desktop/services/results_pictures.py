"""Pictures and masks that the platform made, fetched before their addresses expire and kept."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from haut_desktop.domain.errors import ItemError, NetworkError, ServerError, VaultError
from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import REGULAR, Batch, Image, Side
from haut_desktop.services.results_wanted import Wanted, shelf_in, shelves_of
from haut_desktop.services.writing import to_its_end

if TYPE_CHECKING:
    from haut_desktop.api.object_store import ObjectStore
    from haut_desktop.store.cache import PictureCache
    from haut_desktop.store.vault import Vault

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ResultPicture:
    """A picture of a batch that can be shown without the platform; ``key`` opens it."""

    side: Side
    space: str
    key: str
    is_predicted: bool = False
    name: str = ""
    light: str = REGULAR
    """In which the picture was taken that it is or was made of."""


def rendition_key(image: Image) -> str:
    """Name the picture that was delivered, which lies in this station's vault."""
    return f"vault/{image.rendition.vault_name}/{image.rendition.digest.sha256}"


class _Entry(msgspec.Struct, frozen=True):
    """One line of a batch's list of kept pictures."""

    key: str
    side: str
    space: str
    name: str
    is_predicted: bool
    is_mask: bool
    light: str = ""
    """Empty where the platform does not say, and of what was kept before lights were told apart."""


class ResultPictures:
    """The pictures of the results; reads the vault for our own, the sealed cache for the rest.

    Each batch has a list of what is kept for it, sealed in the cache beside the pictures. Erasing
    does not depend on it: a side leaves with its whole shelf, also what a crash kept off the list.
    """

    def __init__(self, *, objects: "ObjectStore", cache: "PictureCache", vault: "Vault") -> None:
        self._objects = objects
        self._cache = cache
        self._vault = vault
        self._lists: dict[BatchId, dict[str, _Entry]] = {}
        # whoever reads a list and then writes it must not see another's change in between
        self._listing = asyncio.Lock()
        self._erased = Counter[str]()
        """How often a shelf was cleared since the start."""
        self._keeping = Counter[BatchId]()

    async def keep(self, batch_id: BatchId, wanted: Iterable[Wanted]) -> int:
        """Fetch what is not kept yet; say how many could not be fetched.

        A store that cannot be reached is left alone until the next look.
        """
        self._keeping[batch_id] += 1
        try:
            return await self._keep(batch_id, wanted)
        finally:
            self._keeping[batch_id] -= 1

    def is_keeping(self, batch_id: BatchId) -> bool:
        """Whether something of the batch is being fetched at this moment."""
        return self._keeping[batch_id] > 0

    async def _keep(self, batch_id: BatchId, wanted: Iterable[Wanted]) -> int:
        erased, entries = self._erased.copy(), await self._entries(batch_id)
        todo = [item for item in wanted if item.key not in entries]
        fetched: dict[str, _Entry] = {}
        try:
            for item in todo:
                if await self._fetch(item):
                    fetched[item.key] = _entry_of(item)
        except NetworkError as error:
            _log.info("pictures of batch %s wait: %s", batch_id, error.kind)
        finally:
            if fetched:
                await self._add(batch_id, fetched.values(), erased)
        return len(todo) - len(fetched)

    async def pictures(self, batch: Batch) -> tuple[ResultPicture, ...]:
        """What is kept of a batch, without the masks."""
        return tuple(
            _picture_of(e, batch) for e in (await self._entries(batch.id)).values() if not e.is_mask
        )

    async def masks(self, batch_id: BatchId) -> frozenset[str]:
        """Keys of the raster masks that are kept of a batch."""
        entries = await self._entries(batch_id)
        return frozenset(e.key for e in entries.values() if e.is_mask)

    async def forget_gone(self, batch_id: BatchId) -> None:
        """Take for kept only what is there, so that ``keep`` fetches again what is not.

        What is there stays: the platform may have no copy of it any more.
        """
        async with self._listing:
            entries = (await self._entries(batch_id)).values()
            there = await asyncio.to_thread(lambda: [e for e in entries if self._is_there(e)])
            await self._save(batch_id, {entry.key: entry for entry in there})

    async def erase(self, batch_id: BatchId, side: Side) -> None:
        """Let everything that may be of one side of a batch leave the disk."""
        shelves = shelves_of(batch_id, side)
        self._erased.update(shelves)  # what is being fetched leaves the disk, too
        async with self._listing:
            for shelf in shelves:
                await to_its_end(self._cache.clear_shelf, shelf)
            entries = dict(await self._entries(batch_id))
            mine = [entry for entry in entries.values() if shelf_in(entry.key) in shelves]
            for entry in mine:
                await self._forget(entry)  # before there were shelves, it lay off them
                del entries[entry.key]
            if mine:
                await self._save(batch_id, entries)

    async def forget_unlisted(self, batch_id: BatchId, side: Side) -> None:
        """Let what a crash kept off the list leave the disk: it may be of an erased picture.

        What is listed was fetched since, and is of the pictures that stand; what is being fetched
        is left to the next start.
        """
        shelves = shelves_of(batch_id, side)
        async with self._listing:
            keys = tuple(await self._entries(batch_id))
            if self.is_keeping(batch_id):
                return
            for shelf in shelves:
                listed = [key for key in keys if shelf_in(key) == shelf]
                await to_its_end(partial(self._cache.keep_only, listed, shelf=shelf))

    async def open(self, key: str) -> bytes | None:
        """Unseal a kept picture; None when this station does not have it (any more)."""
        try:
            if key.startswith("vault/"):
                _, vault_name, sha256 = key.split("/")
                return await asyncio.to_thread(self._vault.open, vault_name, sha256)
            return await asyncio.to_thread(self._cache.get, key, shelf=shelf_in(key))
        except VaultError as error:
            _log.info("picture not opened: %s", error.kind)
            return None

    async def _add(
        self,
        batch_id: BatchId,
        fetched: Iterable[_Entry],
        erased: Mapping[str, int],
    ) -> None:
        """List what was fetched; what was erased since then leaves the disk again."""
        async with self._listing:
            entries = dict(await self._entries(batch_id))
            for entry in fetched:
                shelf = shelf_in(entry.key)
                if self._erased[shelf] == erased.get(shelf, 0):
                    entries[entry.key] = entry
                else:
                    await self._forget(entry)
            await self._save(batch_id, entries)

    async def _fetch(self, item: Wanted) -> bool:
        try:
            data = await self._objects.get(item.url)
        except (ItemError, ServerError) as error:
            # an expired address is no trouble: the next answer brings a fresh one
            _log.info("%s not fetched: %s", item.key, error.kind)
            return False
        try:
            await to_its_end(self._cache.put, item.key, data, shelf=shelf_in(item.key))
        except OSError as error:
            # its side was erased just now, or the disk has trouble: the next look tries again
            _log.info("%s not kept: %s", item.key, type(error).__name__)
            return False
        return True

    async def _forget(self, entry: _Entry) -> None:
        await to_its_end(self._cache.forget, entry.key, shelf=shelf_in(entry.key))

    def _is_there(self, entry: _Entry) -> bool:
        return self._cache.get(entry.key, shelf=shelf_in(entry.key)) is not None

    async def _entries(self, batch_id: BatchId) -> dict[str, _Entry]:
        known = self._lists.get(batch_id)
        if known is None:
            data = await asyncio.to_thread(self._cache.get, _list_key(batch_id))
            entries = msgspec.json.decode(data, type=list[_Entry]) if data else []
            known = {entry.key: entry for entry in entries}
            self._lists[batch_id] = known
        return known

    async def _save(self, batch_id: BatchId, entries: dict[str, _Entry]) -> None:
        data = msgspec.json.encode(list(entries.values()))
        await to_its_end(self._cache.put, _list_key(batch_id), data)
        self._lists[batch_id] = entries


def _list_key(batch_id: BatchId) -> str:
    return f"{batch_id}/list"


def _picture_of(entry: _Entry, batch: Batch) -> ResultPicture:
    side = Side(entry.side)
    light = entry.light or batch.light_of(side)
    return ResultPicture(side, entry.space, entry.key, entry.is_predicted, entry.name, light)


def _entry_of(item: Wanted) -> _Entry:
    fields = asdict(item)
    del fields["url"]
    return _Entry(**{**fields, "side": item.side.value})
