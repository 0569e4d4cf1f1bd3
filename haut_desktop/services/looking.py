"""Looking at pictures before they are taken in: read, hashed, decoded, made small, in threads."""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from haut_desktop.services import intake, pictures
from haut_desktop.services.disk_space import DiskSpace
from haut_desktop.services.intake import ReadPicture, Source
from haut_desktop.services.previews import PREVIEW_EDGE_PX

if TYPE_CHECKING:
    from haut_desktop.services.pictures import PictureFacts
    from haut_desktop.services.quality import View

AHEAD: Final = max(2, min(4, os.cpu_count() or 1))
"""So many pictures are looked at while one is being sealed; more would only fill the memory."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A picture that can be read to its end, still in memory."""

    read: ReadPicture
    facts: "PictureFacts"
    view: "View"
    thumbnail: bytes
    """Upright, for the screen."""


class Looker:
    """Looks at pictures, some ahead of the one that is being sealed."""

    def __init__(self, space: DiskSpace) -> None:
        self._space = space

    def begin(self, source: Source) -> asyncio.Future[Looked]:
        """Look at one picture in a thread; raises PictureError or DiskFullError when awaited."""
        looking = asyncio.get_running_loop().run_in_executor(None, self._look, source)
        looking.add_done_callback(_take_notice)
        return looking

    async def ahead(
        self, sources: Iterable[Source]
    ) -> AsyncGenerator[tuple[Source, asyncio.Future[Looked]]]:
        """Give the pictures in their order, with ``AHEAD`` of them being looked at meanwhile."""
        waiting: deque[tuple[Source, asyncio.Future[Looked]]] = deque()
        try:
            for source in sources:
                waiting.append((source, self.begin(source)))
                if len(waiting) > AHEAD:
                    yield waiting.popleft()
            while waiting:
                yield waiting.popleft()
        finally:
            for _source, looking in waiting:
                looking.cancel()

    def _look(self, source: Source) -> Looked:
        from haut_desktop.services import quality

        self._space.check()
        read = intake.read(source)
        facts, pixels = pictures.inspect(read.data, PREVIEW_EDGE_PX)
        small = pictures.shrink(pixels, PREVIEW_EDGE_PX)
        view = quality.view_of(small, facts.upright_size)
        return Looked(read, facts, view, pictures.encode_small(small))


def _take_notice(looking: asyncio.Future[Looked]) -> None:
    """Hear of an error that nobody waits for any more, after a drop was stopped."""
    with contextlib.suppress(asyncio.CancelledError):
        looking.exception()
