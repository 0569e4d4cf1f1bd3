"""A study of a test's own on a practice platform, and what the platform holds and bills of it."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from haut_desktop.domain.delivery import Route
from tests.fakes.practice import SELFIE, SKIN, PracticePlatform

KINDS: Final = {
    Route.SIGNED: (SELFIE, "face_skin_metrics_3.0"),
    Route.INLINE: (SKIN, "skin_metrics"),
}
"""Image type and application by which pictures take a route."""


@dataclass(frozen=True)
class PlatformStudy:
    """One dataset, asked over the platform's own pages."""

    platform: PracticePlatform
    name: str
    dataset_id: str

    def subjects(self) -> list[Any]:
        """The dataset's subjects."""
        return self._mine("subjects")

    def batches(self) -> list[Any]:
        """The dataset's batches, computed or not."""
        return self._mine("batches")

    def images(self) -> list[Any]:
        """Every picture of every batch."""
        return [image for batch in self.batches() for image in batch["images"]]

    def computed(self) -> list[Any]:
        """Pictures that somebody pays for."""
        return [image for image in self.images() if image["times_computed"] > 0]

    def check_each_once(self, pictures: Iterable[Path]) -> None:
        """Fail unless exactly these pictures were computed, each once, with their own bytes."""
        expected = Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in pictures)
        computed = self.computed()
        assert Counter(image["sha256"] for image in computed) == expected
        assert [image["times_computed"] for image in computed] == [1] * len(computed)
        assert all(batch["computes"] <= 1 for batch in self.batches())

    def _mine(self, what: str) -> list[Any]:
        return [row for row in self.platform.state()[what] if row["dataset_id"] == self.dataset_id]


def make_study(platform: PracticePlatform, name: str, route: Route) -> PlatformStudy:
    """Make a dataset whose pictures take ``route``."""
    image_type, application = KINDS[route]
    return PlatformStudy(platform, name, platform.make_dataset(name, image_type, application))
