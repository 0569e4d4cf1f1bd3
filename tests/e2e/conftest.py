"""What every end-to-end test starts from: a platform, a portrait, drawn sides."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from haut_desktop.practice.pictures import Person, SkinTone, draw_face, encode_jpeg
from tests.fakes.practice import PracticePlatform, practice_platform, shared_practice

__all__ = ["practice_platform", "shared_practice"]


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real face, public domain, as a camera would hand it over."""
    path = tmp_path_factory.mktemp("portrait") / "front.jpg"
    Image.fromarray(np.asarray(data.astronaut())).save(path, quality=95)
    return path


@pytest.fixture(scope="session")
def visit_pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """A drawn person's front, left and right view, as files."""
    folder = tmp_path_factory.mktemp("visit")
    person = Person(seed=7, skin_tone=list(SkinTone)[3])
    taken_at = datetime(2026, 3, 1, 9, 12, 44, tzinfo=UTC)
    paths = []
    for side in ("front", "left", "right"):
        path = folder / f"{side}.jpg"
        path.write_bytes(encode_jpeg(draw_face(person, side=side, size=900), taken_at=taken_at))
        paths.append(path)
    return tuple(paths)


@pytest.fixture
def faces(practice_platform: PracticePlatform, request: pytest.FixtureRequest) -> str:
    """Name of a fresh study for faces with version 3 metrics."""
    name = f"Faces {request.node.name}"
    practice_platform.make_dataset(name, 1, "face_skin_metrics_3.0")
    return name
