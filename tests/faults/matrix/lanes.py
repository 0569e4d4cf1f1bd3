"""A lane: one practice platform of its own, on which one cell after another is played."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from haut_desktop.practice.quirks import Quirk
from tests.e2e.studies import KINDS, PlatformStudy
from tests.fakes.practice import PracticePlatform, running_practice
from tests.faults.matrix.cells import Cell
from tests.faults.matrix.steps import COMPUTE

_SIDE: Final = 64
"""Pixels; the platform's algorithms say in no time that there is no face on it."""
_UNHEARD: Final = frozenset({Quirk.COMPUTE_ANSWERS_200})
"""With which a computation is accepted in words that prove nothing."""


@dataclass
class Lane:
    """A platform and the pictures that are sent to it."""

    platform: PracticePlatform
    folder: Path
    pictures: tuple[Path, ...]
    _count: int = field(default=0)
    _quirk: Quirk | None = None

    async def prepare(self, cell: Cell) -> PlatformStudy:
        """Make a dataset of the cell's own; nothing goes wrong yet."""
        self._count += 1
        return await asyncio.to_thread(self._prepare, cell, f"Cell {self._count}")

    def _prepare(self, cell: Cell, name: str) -> PlatformStudy:
        self.platform.clear_faults()
        self._quirk = cell.quirk
        self.platform.set_quirks(*([cell.quirk] if cell.quirk else []))
        image_type, application = KINDS[cell.route]
        dataset = self.platform.make_dataset(name, image_type, application)
        return PlatformStudy(self.platform, name, dataset)

    async def begin(self, cell: Cell) -> None:
        """Let everything go wrong that the cell wants."""
        await asyncio.to_thread(self._begin, cell)

    def _begin(self, cell: Cell) -> None:
        for fields in cell.fault_fields():
            kind = str(fields.pop("kind"))
            self.platform.add_fault(kind, **fields)

    async def unmet(self) -> int:
        """How many of the faults never struck."""
        faults = await asyncio.to_thread(self.platform.faults)
        return sum(not fault["struck"] for fault in faults)

    async def be_normal(self) -> None:
        """Let go of every quirk; the faults stay."""
        await asyncio.to_thread(self.platform.set_quirks)

    async def relent(self) -> None:
        """Let everything go right again."""
        await asyncio.to_thread(self.platform.clear_faults)
        await asyncio.to_thread(self.platform.set_quirks)

    async def truth(self, there: PlatformStudy) -> "Truth":
        """What the platform holds and bills of the cell's dataset."""
        state = await asyncio.to_thread(self.platform.state, dataset=there.dataset_id)
        struck = [
            fault for fault in await asyncio.to_thread(self.platform.faults) if fault["struck"]
        ]
        return Truth(
            state["subjects"],
            state["batches"],
            frozenset(fault["kind"] for fault in struck),
            has_lost_a_computation=self._quirk in _UNHEARD
            or any(fault["path"] == COMPUTE.path for fault in struck),
        )

    async def violations(self) -> int:
        """How often the platform's token was shown to the object store, so far."""
        return len(await asyncio.to_thread(self.platform.violations))


@dataclass(frozen=True)
class Truth:
    """A dataset as the platform holds it."""

    subjects: list[Any]
    batches: list[Any]
    struck: frozenset[str] = frozenset()
    """The kinds of the faults that struck so far."""
    has_lost_a_computation: bool = False
    """Whether anything befell the request for a computation, or answers to it tell nothing."""

    def images(self) -> list[Any]:
        """Every picture of every batch."""
        return [image for batch in self.batches for image in batch["images"]]

    def image(self, platform_id: str | None) -> Any:
        """One picture, or None."""
        return next((image for image in self.images() if image["id"] == platform_id), None)

    def batch(self, platform_id: str | None) -> Any:
        """One batch, or None."""
        return next((batch for batch in self.batches if batch["id"] == platform_id), None)


@contextmanager
def open_lane() -> Iterator[Lane]:
    """Start a lane's platform; everything of it is gone at the end."""
    with tempfile.TemporaryDirectory(prefix="matrix-") as name:
        folder = Path(name)
        arguments = ("--logins-per-minute", "1000000")
        with running_practice(folder / "platform", *arguments) as platform:
            yield Lane(platform, folder, _make_pictures(folder))


def _make_pictures(folder: Path) -> tuple[Path, ...]:
    """Two different pictures, each of a side of its own."""
    chance = np.random.default_rng(7)
    paths = []
    for side in ("front", "left"):
        path = folder / f"{side}.png"
        Image.fromarray(chance.integers(0, 255, (_SIDE, _SIDE, 3), np.uint8)).save(path)
        paths.append(path)
    return tuple(paths)
