"""What every end-to-end test starts from: a platform, a portrait, drawn sides, small pictures."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from haut_desktop.domain.delivery import Route
from haut_desktop.practice.pictures import Person, SkinTone, draw_face, encode_jpeg
from haut_desktop.practice.pictures.portrait import Side
from haut_desktop.store.secrets import MemorySecrets
from tests import photographs
from tests.e2e.stations import OwnStation
from tests.e2e.studies import PlatformStudy, make_study
from tests.fakes.practice import (
    PracticePlatform,
    practice_platform,
    running_practice,
    shared_practice,
)

__all__ = ["practice_platform", "shared_practice"]

Pictures = tuple[Path, ...]

SIDES: tuple[Side, ...] = ("front", "left", "right")


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real face, public domain, as a camera would hand it over."""
    path = tmp_path_factory.mktemp("portrait") / "front.jpg"
    Image.fromarray(photographs.portrait()).save(path, quality=95)
    return path


@pytest.fixture(scope="session")
def visit_pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """A drawn person's front, left and right view, as files."""
    return _draw_sides(tmp_path_factory.mktemp("visit"), seed=7, size=900)


@pytest.fixture(scope="session")
def small_pictures(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    """The same of another person, so small that computing them takes no time to speak of."""
    return _draw_sides(tmp_path_factory.mktemp("small"), seed=8, size=320)


@pytest.fixture(scope="session")
def big_picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More bytes than the sockets of both sides take in before anybody reads them."""
    path = tmp_path_factory.mktemp("big") / "front.jpg"
    noise = np.random.default_rng(3).integers(0, 255, (3000, 3000, 3), np.uint8)
    Image.fromarray(noise).save(path, quality=96)
    return path


@pytest.fixture
def faces(practice_platform: PracticePlatform, request: pytest.FixtureRequest) -> str:
    """Name of a fresh study for faces with version 3 metrics."""
    name = f"Faces {request.node.name}"
    practice_platform.make_dataset(name, 1, "face_skin_metrics_3.0")
    return name


@pytest.fixture(scope="session")
def busy_practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticePlatform]:
    """A platform that lets many tests sign in; use ``platform``."""
    folder = tmp_path_factory.mktemp("busy")
    with running_practice(folder, "--logins-per-minute", "100000") as started:
        yield started


@pytest.fixture
def platform(busy_practice: PracticePlatform) -> Iterator[PracticePlatform]:
    """The platform of the delivery tests, without faults before and after; its records stay."""
    busy_practice.relent()
    yield busy_practice
    busy_practice.relent()
    assert not busy_practice.violations()


MakeStudy = Callable[[Route], PlatformStudy]


@pytest.fixture
def study_by(platform: PracticePlatform, request: pytest.FixtureRequest) -> MakeStudy:
    """Makes a fresh study whose pictures take the route that is asked for."""
    return lambda route: make_study(platform, f"{route} {request.node.name}"[:90], route)


@pytest.fixture
def there(study_by: MakeStudy) -> PlatformStudy:
    """A fresh study whose pictures take the signed route, as most do."""
    return study_by(Route.SIGNED)


@pytest.fixture
def here(tmp_path: Path) -> OwnStation:
    """The station of this test, which its first opening makes."""
    return OwnStation(tmp_path / "station", MemorySecrets())


def _draw_sides(folder: Path, *, seed: int, size: int) -> Pictures:
    person = Person(seed=seed, skin_tone=list(SkinTone)[3])
    taken_at = datetime(2026, 3, 1, 9, 12, 44, tzinfo=UTC)
    paths = []
    for side in SIDES:
        path = folder / f"{side}.jpg"
        path.write_bytes(encode_jpeg(draw_face(person, side=side, size=size), taken_at=taken_at))
        paths.append(path)
    return tuple(paths)
