"""What the platform made is kept by side, and a side leaves the disk whole."""

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Side
from haut_desktop.services.results_pictures import ResultPictures
from haut_desktop.services.results_wanted import Wanted, picture_key, shelf_of
from haut_desktop.store import cache as cache_module
from haut_desktop.store.cache import PictureCache
from haut_desktop.store.files import remove, write_atomically
from haut_desktop.store.sealing import recipient_of
from tests.fakes.builders import make_batch, make_study, make_visit
from tests.store.test_vault import IDENTITY

BATCH = BatchId("batch-1")
_STUDY = make_study()
FILED = replace(make_batch(make_visit(_STUDY, None), _STUDY.datasets[0], ()), id=BATCH)

ENDED_BEFORE_LISTING = """
import asyncio, os, sys
from pathlib import Path
from tests.services.test_results_pictures import BATCH, make_pictures, make_wanted

class Objects:
    async def get(self, url):
        if url == "left":
            os._exit(9)  # as a kill does: nothing is tidied
        return url.encode()

pictures = make_pictures(Path(sys.argv[1]), Objects())
asyncio.run(pictures.keep(BATCH, make_wanted()))
"""


class Objects:
    """Gives every address its own words."""

    async def get(self, url: str) -> bytes:
        """Give a picture."""
        return url.encode()


def make_pictures(folder: Path, objects: object) -> ResultPictures:
    cache = PictureCache(folder, recipient_of(IDENTITY), IDENTITY)
    return ResultPictures(objects=objects, cache=cache, vault=None)  # type: ignore[arg-type]


@pytest.fixture
def pictures(tmp_path: Path) -> ResultPictures:
    """Pictures of a platform that gives every one that is asked for."""
    return make_pictures(tmp_path, Objects())


def make_wanted() -> list[Wanted]:
    return [
        Wanted(picture_key(BATCH, side, "aligned"), side.value, side, "aligned")
        for side in (Side.FRONT, Side.LEFT)
    ]


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_what_was_kept_and_not_listed_when_the_program_was_killed_is_erased(
    tmp_path: Path,
) -> None:
    words = [sys.executable, "-c", ENDED_BEFORE_LISTING, str(tmp_path)]
    ended = await asyncio.to_thread(subprocess.run, words, timeout=60, check=False)
    assert ended.returncode == 9
    assert len(files(tmp_path)) == 1
    pictures = make_pictures(tmp_path, Objects())
    assert await pictures.pictures(FILED) == ()
    await pictures.erase(BATCH, Side.FRONT)
    assert files(tmp_path) == []


async def test_what_was_kept_and_not_listed_goes_and_what_is_listed_stays(
    pictures: ResultPictures, tmp_path: Path
) -> None:
    front, left = make_wanted()
    await pictures.keep(BATCH, [front, left])
    before = files(tmp_path)
    cache = PictureCache(tmp_path, recipient_of(IDENTITY), IDENTITY)
    unlisted = picture_key(BATCH, Side.FRONT, "restored")
    cache.put(unlisted, b"of an erased one", shelf=shelf_of(BATCH, Side.FRONT))
    await make_pictures(tmp_path, Objects()).forget_unlisted(BATCH, Side.FRONT)
    assert sorted(files(tmp_path)) == sorted(before)
    await pictures.forget_unlisted(BATCH, Side.RIGHT)
    assert sorted(files(tmp_path)) == sorted(before)


class _Asked:
    """A platform while whose picture comes somebody asks for what is unlisted to go."""

    def __init__(self) -> None:
        self.pictures: ResultPictures | None = None

    async def get(self, url: str) -> bytes:
        """Give a picture."""
        if url == "left" and self.pictures is not None:
            await self.pictures.forget_unlisted(BATCH, Side.FRONT)
        return url.encode()


async def test_what_is_being_fetched_is_not_taken_for_left_behind(tmp_path: Path) -> None:
    asked = _Asked()
    asked.pictures = make_pictures(tmp_path, asked)
    await asked.pictures.keep(BATCH, make_wanted())
    assert [await asked.pictures.open(one.key) for one in make_wanted()] == [b"front", b"left"]


async def test_only_what_is_gone_is_fetched_anew(pictures: ResultPictures, tmp_path: Path) -> None:
    front, left = make_wanted()
    await pictures.keep(BATCH, [front])
    (gone,) = (path for path in files(tmp_path) if path.parent != tmp_path)
    await pictures.keep(BATCH, [left])
    remove(gone)
    await pictures.forget_gone(BATCH)
    assert [picture.key for picture in await pictures.pictures(FILED)] == [left.key]
    assert await pictures.keep(BATCH, make_wanted()) == 0
    assert await pictures.open(front.key) == b"front"


@pytest.mark.parametrize("is_erased", (False, True))
async def test_what_an_earlier_version_kept_off_the_shelves_is_found_and_erased(
    pictures: ResultPictures, tmp_path: Path, is_erased: bool
) -> None:
    await pictures.keep(BATCH, make_wanted())
    front, _ = make_wanted()
    for path in files(tmp_path):
        path.replace(tmp_path / path.name)
    if is_erased:
        await pictures.erase(BATCH, Side.FRONT)
    assert await pictures.open(front.key) == (None if is_erased else b"front")


async def test_a_picture_that_comes_while_its_side_is_erased_leaves_the_disk_as_well(
    pictures: ResultPictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    front, _ = make_wanted()
    await pictures.keep(BATCH, [front])
    [kept] = [path for path in files(tmp_path) if path.parent != tmp_path]
    late = iter([kept.with_name("late-1.age"), kept.with_name("late-2.age")])

    def remove_while_another_comes(path: Path) -> None:
        remove(path)
        if (other := next(late, None)) is not None:
            other.write_bytes(b"sealed")

    monkeypatch.setattr(cache_module, "remove", remove_while_another_comes)
    await pictures.erase(BATCH, Side.FRONT)
    assert not kept.parent.exists()


async def test_a_shelf_that_never_gets_empty_is_told_of(
    pictures: ResultPictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    front, _ = make_wanted()
    await pictures.keep(BATCH, [front])
    # as while a virus scanner holds the file
    monkeypatch.setattr(cache_module, "remove", Path.exists)
    with pytest.raises(OSError, match="not empty"):
        await pictures.erase(BATCH, Side.FRONT)


async def test_a_picture_whose_shelf_goes_while_it_is_put_there_is_not_fetched(
    pictures: ResultPictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    front, left = make_wanted()
    late = iter([tmp_path])

    def write_after_an_erasure(path: Path, data: bytes, *, is_flushed: bool) -> None:
        if next(late, None) is not None:
            path.parent.rmdir()
        write_atomically(path, data, is_flushed=is_flushed)

    monkeypatch.setattr(cache_module, "write_atomically", write_after_an_erasure)
    assert await pictures.keep(BATCH, [front, left]) == 1
    assert [picture.key for picture in await pictures.pictures(FILED)] == [left.key]
    assert await pictures.keep(BATCH, [front, left]) == 0


async def test_what_was_kept_before_lights_were_told_apart_is_found(tmp_path: Path) -> None:
    front, _ = make_wanted()
    cache = PictureCache(tmp_path, recipient_of(IDENTITY), IDENTITY)
    line = {"key": front.key, "side": "front", "space": "aligned", "name": "front"}
    entries = [line | {"is_predicted": False, "is_mask": False}]
    cache.put(f"{BATCH}/list", msgspec.json.encode(entries))
    kept = await make_pictures(tmp_path, Objects()).pictures(FILED)
    assert [(one.key, one.light) for one in kept] == [(front.key, "regular")]
    assert front.key == picture_key(BATCH, Side.FRONT, "aligned", light="regular")
    uv = picture_key(BATCH, Side.FRONT, "aligned", light="uv")
    assert uv != front.key
    assert uv.startswith(f"{shelf_of(BATCH, Side.FRONT)}/")
