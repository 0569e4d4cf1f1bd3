"""What the platform made is kept by side, and a side leaves the disk whole."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from haut_desktop.domain.ids import BatchId
from haut_desktop.domain.imaging import Side
from haut_desktop.services.results_pictures import ResultPictures
from haut_desktop.services.results_wanted import Wanted, picture_key
from haut_desktop.store.cache import PictureCache
from haut_desktop.store.sealing import recipient_of
from tests.store.test_vault import IDENTITY

BATCH = BatchId("batch-1")

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
    assert await pictures.pictures(BATCH) == ()
    await pictures.erase(BATCH, Side.FRONT)
    assert files(tmp_path) == []


async def test_what_is_to_be_fetched_anew_is_erased_all_the_same(tmp_path: Path) -> None:
    pictures = make_pictures(tmp_path, Objects())
    assert await pictures.keep(BATCH, make_wanted()) == 0
    await pictures.forget(BATCH)
    await pictures.erase(BATCH, Side.FRONT)
    front, left = make_wanted()
    assert await pictures.open(front.key) is None
    assert await pictures.open(left.key) == b"left"


@pytest.mark.parametrize("is_erased", (False, True))
async def test_what_an_earlier_version_kept_off_the_shelves_is_found_and_erased(
    tmp_path: Path, is_erased: bool
) -> None:
    pictures = make_pictures(tmp_path, Objects())
    await pictures.keep(BATCH, make_wanted())
    front, _ = make_wanted()
    for path in files(tmp_path):
        path.replace(tmp_path / path.name)
    if is_erased:
        await pictures.erase(BATCH, Side.FRONT)
    assert await pictures.open(front.key) == (None if is_erased else b"front")
